// Faults in the middle of a refresh, by each strategy: old data are served throughout, nothing is left behind, and the next run converges.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { start } from '../../support/command.ts'
import { applyTo, connectTo, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { proxyTo } from '../../support/proxy.ts'
import {
  converges,
  everywhere,
  manifest,
  nothingIsLeft,
  type Phase,
  phases,
  refreshed,
  type Strategy,
  setTotal,
  share,
} from './held-refresh.ts'

const swapping: typeof everywhere = [
  ['swap', 'the load'],
  ['swap', 'the swap'],
]

interface Fault {
  readonly where: readonly (readonly [Strategy, Phase])[]
  /** Happens while the refresh is held. */
  act(fixture: Fixture, pid: number): Promise<unknown>
  readonly outcome: 'applied' | 'failed'
  readonly reason?: RegExp
}

const all: readonly Strategy[] = ['plain', 'concurrently', 'swap']

const faults: Readonly<Record<string, Fault>> = {
  'its backend is killed': {
    where: everywhere,
    act: (fixture, pid) => fixture.sql(`SELECT pg_terminate_backend(${pid})`),
    outcome: 'applied',
  },
  'the connection to the source is lost': {
    where: everywhere,
    act: (fixture) =>
      runSql(
        fixture.source.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres_fdw' AND datname = current_database()",
      ),
    outcome: 'applied',
  },
  'it is cancelled by another session': {
    where: everywhere,
    act: (fixture, pid) => fixture.sql(`SELECT pg_cancel_backend(${pid})`),
    outcome: 'failed',
    reason: /canceling statement due to user request/,
  },
  'another session adds an index': {
    where: swapping,
    act: (fixture) => fixture.sql('CREATE INDEX ON local.orders (share)'),
    outcome: 'failed',
    reason: /was changed by another session while its successor was built/,
  },
  'another session drops it': {
    where: [['swap', 'the load']],
    act: (fixture) => fixture.sql('DROP MATERIALIZED VIEW local.orders'),
    outcome: 'failed',
    reason: /was changed by another session while its successor was built/,
  },
  'another session refreshes it': {
    where: [['swap', 'the load']],
    act: (fixture) =>
      fixture.sql('SET statement_timeout = 200; REFRESH MATERIALIZED VIEW local.orders').catch(() => {}),
    outcome: 'applied',
  },
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test.each(Object.entries(faults))('%s', async (_, { where, act, outcome, reason }) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    for (const [strategy, phase] of where) {
      await setTotal(fixture, 1000)
      const held = await phases[phase](fixture)
      const refreshing = refreshed(fixture, strategy)
      await act(fixture, await waiting(fixture, 'load'))
      await held.letGo()
      const expected = { status: outcome, ...(reason && { reason: expect.stringMatching(reason) }) }
      expect(await refreshing, `${strategy}, ${phase}`).toMatchObject(expected)
      await converges(fixture)
    }
  })

  test('a value that the query fails on, and temporary files over the limit', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    const before = await fixture.sql(share)
    const fails = async (strategy: Strategy, reason: unknown) => {
      expect(await refreshed(fixture, strategy)).toMatchObject({ status: 'failed', reason })
      expect(await fixture.sql(share)).toEqual(before)
    }
    // Where there is a limit, the gate sorts more than may be in a file.
    await fixture.sql(`CREATE OR REPLACE FUNCTION public.gate(number int DEFAULT 1) RETURNS boolean LANGUAGE plpgsql SET work_mem = '64kB' AS
      $$ BEGIN IF current_setting('temp_file_limit') <> '-1' THEN
           PERFORM FROM (SELECT FROM generate_series(1, 5000) AS g ORDER BY md5(g::text) OFFSET 0) AS sorted; END IF;
         RETURN true; END $$`)
    const setLimit = (limit: string) =>
      fixture.sql(`ALTER DATABASE ${fixture.target.name} SET temp_file_limit = '${limit}'`)
    for (const strategy of all) {
      await setTotal(fixture, 0)
      await fails(strategy, 'division by zero')
      await setTotal(fixture, 1000)
      await setLimit('64kB')
      await fails(strategy, expect.stringMatching(/^temporary file size exceeds "?temp_file_limit"?/))
      await setLimit('-1')
      await converges(fixture)
    }
  })

  // Together, since they mostly wait.
  test('the source falls silent', () =>
    Promise.all(
      everywhere.map(async ([strategy, phase]) => {
        const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
        const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
        const fixture = await fixtureFor(pair, source)
        const parsed = await fixture.manifest(manifest, env)
        await applyTo(parsed, fixture.url)
        const before = await fixture.sql(share)
        const held = await phases[phase](fixture)
        const options = { ...refreshDefaults, strategy, sourceTimeoutMilliseconds: 1500 }
        const refreshing = refresh(parsed, [], connectTo(fixture.url), options)
        await waiting(fixture, 'load')
        proxy.mode = 'silent'
        proxy.onSend = () => 'swallow'
        await held.letGo()
        const [view] = (await refreshing).views
        const reason = expect.stringContaining('no longer answers')
        expect(view?.outcome, `${strategy}, ${phase}`).toMatchObject({ status: 'failed', reason })
        proxy.mode = 'forward'
        proxy.onSend = () => undefined
        proxy.cut()
        // Without a word from the source postgres_fdw takes half a minute to give up what was cancelled.
        await nothingIsLeft(fixture)
        expect(await fixture.sql(share)).toEqual(before)
        const { views } = await refresh(parsed, [], connectTo(fixture.url), refreshDefaults)
        expect(views[0]?.outcome.status).toBe('applied')
      }),
    ))

  test('kill -9 of the tool', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    for (const [strategy, phase] of everywhere) {
      await setTotal(fixture, 1000)
      const held = await phases[phase](fixture)
      const { child } = start(fixture, ['refresh', '--strategy', strategy], manifest)
      await waiting(fixture, 'load')
      child.kill('SIGKILL')
      // The server notices that its client is gone, although the load still waits.
      await nothingIsLeft(fixture)
      expect(await fixture.sql(share)).toEqual([{ share: expect.closeTo(1.3333, 3) }])
      await held.letGo()
      await converges(fixture)
    }
  })
})
