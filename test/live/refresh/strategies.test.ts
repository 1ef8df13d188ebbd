// What readers see while a copy is refreshed by each strategy, and what becomes of copies over copies.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, eventLog } from '../../support/outcomes.ts'

const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  sums: 'SELECT sum(total) AS total FROM local.orders',
}).replace(
  /orders: \{ query(.*) \}/,
  'orders: { query$1, indexes: { orders_id_idx: { unique: true, columns: [id] } } }',
)

const views =
  'CREATE VIEW public.daily AS SELECT total FROM local.orders; CREATE VIEW public.high AS SELECT sum(total) AS total FROM daily'

/** Readers in a loop, each of one query. They end with the values that they have seen. */
async function readers(fixture: Fixture, queries: readonly string[]) {
  let isOver = false
  let rounds = 0
  const seen = queries.map(() => new Set<unknown>())
  const all = queries.map(async (query, at) => {
    const client = await fixture.client()
    while (!isOver) {
      const { rows } = await client.query<{ value: unknown }>(query)
      seen[at]?.add(rows[0]?.value)
      rounds += 1
    }
  })
  onTestFinished(() => {
    isOver = true
  })
  return {
    moreReads: async () => {
      const before = rounds
      await until('more reads', () => rounds > before + 5 * queries.length)
    },
    end: async () => {
      isOver = true
      await Promise.all(all)
      return seen.map((values) => [...values].sort())
    },
  }
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('readers see what was before or after, and no error; the ledger and the next plan see no change', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    await applyTo(parsed, fixture.url)
    await fixture.sql(views)
    await runSql(source.url, 'UPDATE orders SET total = 1000 WHERE id = 50')
    onTestFinished(() => runSql(source.url, 'UPDATE orders SET total = 75 WHERE id = 50').then(() => {}))
    // A successor cannot have it either.
    const failing = fixture.sql('CREATE UNIQUE INDEX CONCURRENTLY by_hand ON local.orders ((true))')
    await expect(failing).rejects.toThrow('could not create unique index')
    const reading = await readers(fixture, [
      'SELECT sum(total)::float AS value FROM local.orders',
      'SELECT sum(total)::float AS value FROM public.daily',
      'SELECT total::float AS value FROM public.high',
      'SELECT total::float AS value FROM local.sums',
    ])
    await reading.moreReads()
    for (const strategy of ['swap', 'concurrently', 'swap', 'auto'] as const) {
      const names = strategy === 'concurrently' ? ['orders'] : []
      const report = await refresh(parsed, names, connectTo(fixture.url), { ...refreshDefaults, strategy })
      expect(report.views.map(({ outcome }) => outcome.status)).not.toContain('failed')
      await reading.moreReads()
    }
    const both = [1912.5, 2837.5]
    expect(await reading.end()).toEqual([both, both, both, both])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect(await fixture.sql("SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'")).toEqual([
      { count: 0 },
    ])
    const recorded = await fixture.sql(`SELECT how, count(*)::int FROM fdwsync.refresh GROUP BY 1 ORDER BY 1`)
    expect(recorded).toContainEqual({ how: 'swap', count: expect.any(Number) })
  })

  test('a strategy that is not possible is a failure of that copy, with what would help', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql('CREATE FUNCTION public.f() RETURNS SETOF local.sums LANGUAGE sql AS $$ SELECT 1.0 $$')
    const { code, stdout } = await run(fixture, ['refresh', 'sums', '--strategy', 'swap', '--width', '300'], shop)
    expect(stdout).toMatch(
      /failed materialized view local.sums: it cannot be refreshed by strategy swap: function public\.f\(\) depends on it/,
    )
    expect(code).toBe(5)
    const { stdout: concurrently } = await run(
      fixture,
      ['refresh', 'sums', '--strategy', 'concurrently', '--width', '300'],
      shop,
    )
    expect(concurrently).toMatch(/it has no unique index.*\n.*declare a unique index/)
  })

  test('a refresh and an apply of the manifest wait for each other, and print for whom', async () => {
    const fixture = await fixtureFor(pair, source)
    const gated = shopManifest({ a: 'SELECT 1 AS one WHERE public.gate()' })
    await applyTo(await fixture.manifest(gated), fixture.url)
    const gate = await closeGate(fixture)
    // A plain REFRESH would lock the view, and the plan could not read it.
    const options = { ...refreshDefaults, strategy: 'swap' } as const
    const refreshing = refresh(await fixture.manifest(gated), [], connectTo(fixture.url), options)
    const log = eventLog()
    await until('a refresh', async () => {
      const rows = await fixture.sql(
        "SELECT FROM pg_stat_activity WHERE application_name = 'fdwsync load' AND wait_event_type = 'Lock'",
      )
      return rows.length > 0
    })
    const changed = shopManifest({ a: 'SELECT 2 AS one WHERE public.gate()' })
    const request = {
      parsed: await fixture.manifest(changed),
      connect: connectTo(fixture.url),
      populate: true,
      unattended: true as const,
    }
    const applying = planAndApply({ ...request, options: { ...applyDefaults, ...log } }, async () => true)
    await until('the apply to wait', () => log.events.some(({ type }) => type === 'waiting-for-lease'))
    expect(log.events).toContainEqual({ type: 'waiting-for-lease', holder: expect.stringMatching(/^a refresh by \w+/) })
    await gate.open()
    expect((await refreshing).views[0]?.outcome.status).toBe('applied')
    expect((await applying).report?.steps.map(({ outcome }) => outcome.status)).not.toContain('failed')
    expect(await fixture.sql('SELECT one FROM local.a')).toEqual([{ one: 2 }])
  })
})
