// Faults in the middle of a refresh, by each strategy: old data are served throughout, nothing is left behind, and the next run converges.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { start } from '../../support/command.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf } from '../../support/outcomes.ts'

type Strategy = 'plain' | 'concurrently' | 'swap'

// The gate is passed by the first row, when the cursor at the source is open.
const manifest = shopManifest({
  orders: 'SELECT id, 100 / total AS share FROM proxy.orders WHERE public.gate(id::int)',
}).replace(/gate\(id::int\)" \}/, 'gate(id::int)", indexes: { orders_id: { unique: true, columns: [id] } } }')

interface Fault {
  readonly strategies: readonly Strategy[]
  /** Happens while the refresh waits at the gate. */
  act(fixture: Fixture, pid: number): Promise<unknown>
  readonly outcome: 'applied' | 'failed'
  readonly reason?: RegExp
}

const all: readonly Strategy[] = ['plain', 'concurrently', 'swap']

const faults: Readonly<Record<string, Fault>> = {
  'its backend is killed': {
    strategies: all,
    act: (fixture, pid) => fixture.sql(`SELECT pg_terminate_backend(${pid})`),
    outcome: 'applied',
  },
  'the connection to the source is lost': {
    strategies: all,
    act: (fixture) =>
      runSql(
        fixture.source.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres_fdw' AND datname = current_database()",
      ),
    outcome: 'applied',
  },
  'it is cancelled by another session': {
    strategies: all,
    act: (fixture, pid) => fixture.sql(`SELECT pg_cancel_backend(${pid})`),
    outcome: 'failed',
    reason: /canceling statement due to user request/,
  },
  'another session adds an index': {
    strategies: ['swap'],
    act: (fixture) => fixture.sql('CREATE INDEX added ON local.orders (share)'),
    outcome: 'failed',
    reason: /was changed by another session while its successor was built/,
  },
  'another session drops it': {
    strategies: ['swap'],
    act: (fixture) => fixture.sql('DROP MATERIALIZED VIEW local.orders'),
    outcome: 'failed',
    reason: /was changed by another session while its successor was built/,
  },
  'another session refreshes it': {
    strategies: ['swap'],
    act: (fixture) =>
      fixture.sql('SET statement_timeout = 200; REFRESH MATERIALIZED VIEW local.orders').catch(() => {}),
    outcome: 'applied',
  },
}

/** Nothing of a refresh is left: no transaction, no scratch schema. Tests keep idle sessions for a while. */
async function nothingIsLeft(fixture: Fixture): Promise<void> {
  await until('the sessions to end', async () => {
    const rows = await fixture.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'fdwsync %' AND state <> 'idle'`,
    )
    return rows.length === 0
  })
  expect(await fixture.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'")).toEqual([])
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  const share = 'SELECT share::float FROM local.orders WHERE id = 50'

  const refreshed = async (fixture: Fixture, strategy: Strategy | 'auto') => {
    const options = { ...refreshDefaults, strategy }
    const { views } = await refresh(await fixture.manifest(manifest), [], connectTo(fixture.url), options)
    return views[0]?.outcome
  }
  const setTotal = (total: number) => runSql(source.url, `UPDATE orders SET total = ${total} WHERE id = 50`)

  /** The next run brings the copy up to date, and the plan is empty. */
  async function converges(fixture: Fixture): Promise<void> {
    await nothingIsLeft(fixture)
    if ((await fixture.sql("SELECT to_regclass('local.orders') AS view"))[0]?.view === null)
      await applyTo(await fixture.manifest(manifest), fixture.url)
    expect((await refreshed(fixture, 'auto'))?.status).toBe('applied')
    expect(await fixture.sql(share)).toEqual([{ share: 0.1 }])
    expect(changesOf(await planFor(await fixture.manifest(manifest), fixture.url))).toEqual([])
    await setTotal(75)
    await refreshed(fixture, 'concurrently')
  }

  test.each(Object.entries(faults))('%s', async (_, { strategies, act, outcome, reason }) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    for (const strategy of strategies) {
      await setTotal(1000)
      const gate = await closeGate(fixture)
      const refreshing = refreshed(fixture, strategy)
      await act(fixture, await waiting(fixture, 'load'))
      await gate.open()
      const expected = { status: outcome, ...(reason && { reason: expect.stringMatching(reason) }) }
      expect(await refreshing, strategy).toMatchObject(expected)
      await converges(fixture)
    }
  })

  test('a value that the query fails on', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    const before = await fixture.sql(share)
    for (const strategy of all) {
      await setTotal(0)
      expect(await refreshed(fixture, strategy)).toMatchObject({ status: 'failed', reason: 'division by zero' })
      expect(await fixture.sql(share)).toEqual(before)
      await setTotal(1000)
      await converges(fixture)
    }
  })

  test('kill -9 of the tool', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    for (const strategy of all) {
      await setTotal(1000)
      const gate = await closeGate(fixture)
      const { child } = start(fixture, ['refresh', '--strategy', strategy], manifest)
      await waiting(fixture, 'load')
      child.kill('SIGKILL')
      // The server notices that its client is gone, although the load still waits.
      await nothingIsLeft(fixture)
      expect(await fixture.sql(share)).toEqual([{ share: expect.closeTo(1.3333, 3) }])
      await gate.open()
      await converges(fixture)
    }
  })
})
