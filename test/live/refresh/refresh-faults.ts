// Faults in the middle of a refresh: old data are served throughout, nothing is left behind, and the next run converges. Its callers choose the
// refreshes.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { start } from '../../support/command.ts'
import { connectTo, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture } from '../../support/fixture.ts'
import { waiting } from '../../support/gates.ts'
import { proxyTo } from '../../support/proxy.ts'
import {
  type CopyName,
  converges,
  type HeldRefresh,
  hold,
  manifestWith,
  nameOf,
  nothingIsLeft,
  oldShare,
  refreshed,
  setTotal,
  shareIn,
  targetWith,
} from './held-refresh.ts'

interface Fault {
  readonly where: (held: HeldRefresh) => boolean
  /** Happens while the refresh is held. */
  act(fixture: Fixture, pid: number, copy: CopyName): Promise<unknown>
  readonly outcome: 'applied' | 'failed'
  readonly reason?: RegExp
}

const everywhere = () => true
const isSwap = ({ strategy }: HeldRefresh) => strategy === 'swap'
const isSwapInLoad = (held: HeldRefresh) => isSwap(held) && held.phase === 'the load'
const wasChanged = /was changed by another session while its successor was built/

/** What has to wait for the refresh, and does not. */
const impatient = (fixture: Fixture, statement: string) =>
  expect(fixture.sql(`SET lock_timeout = 200; ${statement}`)).rejects.toThrow('lock timeout')

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
    // Between two attempts to take its locks a swap runs nothing that could be cancelled.
    act: (fixture, pid) =>
      until('the load to run a statement', async () => {
        const isActive = `pid = ${pid} AND state = 'active' AND wait_event_type IS NOT NULL`
        return (await fixture.sql(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${isActive}`)).length > 0
      }),
    outcome: 'failed',
    reason: /canceling statement due to user request/,
  },
  'another session adds an index': {
    where: isSwap,
    act: (fixture, _pid, copy) => fixture.sql(`CREATE INDEX ON local.${copy} (share)`),
    outcome: 'failed',
    reason: wasChanged,
  },
  'another session drops it': {
    where: isSwapInLoad,
    act: (fixture, _pid, copy) =>
      fixture.sql(`DROP ${copy === 'orders' ? 'MATERIALIZED VIEW' : 'TABLE'} local.${copy}`),
    outcome: 'failed',
    reason: wasChanged,
  },
  'another session refreshes it': {
    where: (held) => held.copy === 'orders' && isSwapInLoad(held),
    act: (fixture) =>
      fixture.sql('SET statement_timeout = 200; REFRESH MATERIALIZED VIEW local.orders').catch(() => {}),
    outcome: 'applied',
  },
  'another session writes into it, adds a column and drops it': {
    where: ({ copy, strategy, phase }) => copy !== 'orders' && strategy !== 'swap' && phase !== 'the lock',
    act: async (fixture, _pid, copy) => {
      await impatient(fixture, `DELETE FROM local.${copy}`)
      await impatient(fixture, `ALTER TABLE local.${copy} ADD more text`)
      await impatient(fixture, `DROP TABLE local.${copy}`)
    },
    outcome: 'applied',
  },
  'another session writes into it while its successor is loaded': {
    where: (held) => held.copy !== 'orders' && isSwapInLoad(held),
    act: (fixture, _pid, copy) => fixture.sql(`UPDATE local.${copy} SET share = 7 WHERE id = 1`),
    outcome: 'applied',
  },
}

// Many refreshes, some of which are repeated after pauses.
const timeout = 600_000

/** @param all of views, or of tables */
export function testFaults(pair: ServerPair, all: readonly [HeldRefresh, ...HeldRefresh[]]): void {
  const someCopy = all[0].copy
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  const chosen = Object.entries(faults)
    .map(([name, fault]) => ({ name, ...fault, held: all.filter(fault.where) }))
    .filter(({ held }) => held.length > 0)

  test.each(chosen)('$name', { timeout }, async ({ held: refreshes, act, outcome, reason }) => {
    const fixture = await targetWith(someCopy, pair, source)
    for (const held of refreshes) {
      await setTotal(fixture, 1000)
      const { letGo } = await hold(fixture, held)
      const refreshing = refreshed(fixture, held)
      const pid = await waiting(fixture, 'load')
      // Readers wait for a plain REFRESH.
      if (held.strategy !== 'plain') expect(await fixture.sql(shareIn(held.copy))).toEqual(oldShare)
      await act(fixture, pid, held.copy)
      await letGo()
      const expected = { status: outcome, ...(reason && { reason: expect.stringMatching(reason) }) }
      expect(await refreshing, nameOf(held)).toMatchObject(expected)
      await converges(fixture, held.copy)
    }
  })

  test('a value that the query fails on, and temporary files over the limit', async () => {
    const fixture = await targetWith(someCopy, pair, source)
    const fails = async (held: HeldRefresh, reason: unknown) => {
      expect(await refreshed(fixture, held), nameOf(held)).toMatchObject({ status: 'failed', reason })
      expect(await fixture.sql(shareIn(held.copy))).toEqual(oldShare)
    }
    // Where there is a limit, the gate sorts more than may be in a file.
    await fixture.sql(`CREATE OR REPLACE FUNCTION public.gate(number int DEFAULT 1) RETURNS boolean LANGUAGE plpgsql SET work_mem = '64kB' AS
      $$ BEGIN IF current_setting('temp_file_limit') <> '-1' THEN
           PERFORM FROM (SELECT FROM generate_series(1, 5000) AS g ORDER BY md5(g::text) OFFSET 0) AS sorted; END IF;
         RETURN true; END $$`)
    const setLimit = (limit: string) =>
      fixture.sql(`ALTER DATABASE ${fixture.target.name} SET temp_file_limit = '${limit}'`)
    const strategies = all.filter((held, at) => all.findIndex(({ strategy }) => strategy === held.strategy) === at)
    for (const held of strategies) {
      await setTotal(fixture, 0)
      await fails(held, expect.stringMatching(/division by zero$/))
      await setTotal(fixture, 1000)
      await setLimit('64kB')
      await fails(held, expect.stringMatching(/^temporary file size exceeds "?temp_file_limit"?/))
      await setLimit('-1')
      await converges(fixture, held.copy)
    }
  })

  // Together, since they mostly wait.
  test('the source falls silent', () =>
    Promise.all(
      all.map(async (held) => {
        const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
        const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
        const fixture = await targetWith(held.copy, pair, source, env)
        const parsed = await fixture.manifest(manifestWith(held.copy), env)
        if (held.copy !== 'orders') await fixture.sql(`UPDATE local.${held.copy} SET share = 1 WHERE id = 50`)
        const before = await fixture.sql(shareIn(held.copy))
        const { letGo } = await hold(fixture, held)
        const options = { ...refreshDefaults, strategy: held.strategy, sourceTimeoutMilliseconds: 1500 }
        const refreshing = refresh(parsed, [held.copy], connectTo(fixture.url), options)
        await waiting(fixture, 'load')
        proxy.mode = 'silent'
        proxy.onSend = () => 'swallow'
        await letGo()
        const [view] = (await refreshing).views
        const reason = expect.stringContaining('no longer answers')
        expect(view?.outcome, nameOf(held)).toMatchObject({ status: 'failed', reason })
        proxy.mode = 'forward'
        proxy.onSend = () => undefined
        proxy.cut()
        // Without a word from the source postgres_fdw takes half a minute to give up what was cancelled.
        await nothingIsLeft(fixture)
        expect(await fixture.sql(shareIn(held.copy))).toEqual(before)
        const { views } = await refresh(parsed, [held.copy], connectTo(fixture.url), refreshDefaults)
        expect(views[0]?.outcome.status).toBe('applied')
      }),
    ))

  test('kill -9 of the tool', { timeout }, async () => {
    const fixture = await targetWith(someCopy, pair, source)
    for (const held of all) {
      await setTotal(fixture, 1000)
      const { letGo } = await hold(fixture, held)
      const { child } = start(fixture, ['refresh', held.copy, '--strategy', held.strategy], manifestWith(held.copy))
      await waiting(fixture, 'load')
      child.kill('SIGKILL')
      // The server notices that its client is gone, although the load still waits.
      await nothingIsLeft(fixture)
      expect(await fixture.sql(shareIn(held.copy))).toEqual(oldShare)
      await letGo()
      await converges(fixture, held.copy)
    }
  })
}
