// A plan blocks no reader, and a REFRESH that is running does not block a plan.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const indexed = (manifest: string) =>
  manifest.replace(
    /^( {6}orders: \{ query: .*) \}$/m,
    '$1, comment: "as of the last refresh", indexes: { orders_id_idx: { unique: true, columns: [id] }, orders_half_idx: { columns: [{ expression: total / 2 }], where: total > 1 } } }',
  )
const query = 'SELECT id, total FROM proxy.orders WHERE public.gate()'
const views = { orders: query, totals: 'SELECT sum(total) AS total FROM local.orders' }
const shop = indexed(shopManifest(views))
const relations = ['local.orders', 'local.totals', 'proxy.orders', 'proxy.customers']

/** Readers of all live relations in a loop; and a look, again and again, at who waits behind the plan's backend. */
async function watch(fixture: Fixture, readable: readonly string[]) {
  let isOver = false
  let reads = 0
  const blocked: unknown[] = []
  const readers = readable.map(async (relation) => {
    const client = await fixture.client()
    while (!isOver) {
      await client.query(`SELECT count(*) FROM ${relation}`)
      reads += 1
    }
  })
  const observer = await fixture.client()
  const looking = (async () => {
    while (!isOver) {
      const { rows } =
        await observer.query(`SELECT a.pid, a.query FROM pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) AS blocker
        JOIN pg_stat_activity b ON b.pid = blocker
        WHERE a.datname = current_database() AND b.application_name = 'fdwsync plan'`)
      blocked.push(...rows)
    }
  })()
  onTestFinished(() => {
    isOver = true
  })
  return {
    blocked,
    /** Until every reader had its turn again. */
    async moreReads() {
      const before = reads
      await until('more reads', () => reads > before + 2 * readable.length)
    },
    async end() {
      isOver = true
      await Promise.all([...readers, looking])
    },
  }
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  /** A REFRESH that hangs at the gate and holds its locks. */
  async function refreshing(fixture: Fixture, concurrently: string) {
    const gate = await closeGate(fixture)
    const client = await fixture.client()
    await client.query("SET application_name = 'fdwsync the refresh'")
    const done = client.query(`REFRESH MATERIALIZED VIEW ${concurrently} local.orders`)
    await waiting(fixture, 'the refresh')
    return async () => {
      await gate.open()
      await done
    }
  }

  const plans: readonly { readonly what: string; readonly manifest: string; readonly changes: readonly string[] }[] = [
    { what: 'changes nothing', manifest: shop, changes: [] },
    {
      what: 'replaces a view and adds a column to its foreign table',
      manifest: indexed(
        shopManifest({ ...views, totals: 'SELECT sum(more) AS total FROM proxy.orders' }).replace(
          'note: text',
          'note: text, more: numeric',
        ),
      ),
      changes: ['alter foreign table proxy.orders', 'replace materialized view local.totals'],
    },
  ]

  test.each(plans)('a plan that $what blocks no reader', async ({ manifest, changes }) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const watching = await watch(fixture, relations)
    const plan = await planFor(await fixture.manifest(manifest), fixture.url)
    await watching.moreReads()
    await watching.end()
    expect(changesOf(plan)).toEqual(changes)
    expect(plan.undetermined).toEqual([])
    expect(watching.blocked).toEqual([])
  })

  test('readers of a view that is replaced get no error, and nothing in between', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    let isOver = false
    const readers = [1, 2, 3].map(async () => {
      const client = await fixture.client()
      const seen = new Set<string>()
      while (!isOver) {
        const { rows } = await client.query('SELECT count(*)::int AS count, max(total)::text AS most FROM local.orders')
        seen.add(JSON.stringify(rows))
      }
      return [...seen]
    })
    const doubled = indexed(shopManifest({ orders: query.replace('id, total', 'id, total * 2 AS total') }))
    const { report } = await applyTo(await fixture.manifest(doubled), fixture.url, { allow: ['drops-data'] })
    isOver = true
    expect(missedOf(report)).toEqual([])
    const whole = ['[{"count":50,"most":"75.00"}]', '[{"count":50,"most":"150.00"}]']
    for (const seen of await Promise.all(readers)) expect(whole).toEqual(expect.arrayContaining(seen))
  })

  test.each(['', 'CONCURRENTLY'])('a plan without changes has none while a view is refreshed (%s)', async (how) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const finish = await refreshing(fixture, how)
    // Those who read the view itself wait for a plain REFRESH, whatever else happens.
    const watching = await watch(fixture, how === '' ? ['proxy.orders', 'proxy.customers', 'local.totals'] : relations)
    const plan = await planFor(await fixture.manifest(shop), fixture.url)
    await watching.moreReads()
    expect([changesOf(plan), plan.undetermined, plan.refusals]).toEqual([[], [], []])
    await finish()
    await watching.end()
    expect(watching.blocked).toEqual([])
  })

  test.each([
    ['its comment was altered', "COMMENT ON MATERIALIZED VIEW local.orders IS 'by hand'"],
    ['it was never loaded', 'REFRESH MATERIALIZED VIEW local.orders WITH NO DATA'],
  ])('a view that is being refreshed is not taken for unchanged if %s', async (_, change) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql(change)
    const finish = await refreshing(fixture, '')
    const plan = await planFor(await fixture.manifest(shop), fixture.url)
    await finish()
    expect(plan.undetermined.map(({ title }) => title)).toContain('materialized view local.orders')
  })

  test('what is unknown while a view is refreshed is undetermined; the rest is planned', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const finish = await refreshing(fixture, '')
    const watching = await watch(fixture, ['proxy.orders', 'proxy.customers', 'local.totals'])
    const changed = shop
      .replace('SELECT id, total FROM', 'SELECT id, total + 1 AS total FROM')
      .replace('name: text', 'name: text, more: text')
    const plan = await planFor(await fixture.manifest(changed), fixture.url)
    await watching.moreReads()
    await finish()
    await watching.end()
    expect(changesOf(plan)).toContain('alter foreign table proxy.customers')
    expect(plan.undetermined).toContainEqual(
      expect.objectContaining({
        title: 'materialized view local.orders',
        reason: expect.stringContaining('being refreshed'),
      }),
    )
    expect(watching.blocked).toEqual([])
    // Once that is over the same plan is whole.
    const whole = await planFor(await fixture.manifest(changed), fixture.url)
    expect(whole.undetermined).toEqual([])
  })

  test('a view that is to be renamed can be read during the plan, and refreshed', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const renamed = shop
      .replace(/^ {6}orders: \{ query/m, '      sales: { renamed_from: orders, query')
      .replaceAll('local.orders', 'local.sales')
    const watching = await watch(fixture, relations)
    const plan = await planFor(await fixture.manifest(renamed), fixture.url)
    await watching.moreReads()
    await watching.end()
    expect(watching.blocked).toEqual([])
    const indexes = ['adopt index local.orders_id_idx', 'adopt index local.orders_half_idx']
    const changes = ['alter materialized view local.sales', ...indexes, 'adopt materialized view local.totals']
    expect([changesOf(plan), plan.undetermined, plan.refusals]).toEqual([changes, [], []])
    const finish = await refreshing(fixture, '')
    const meanwhile = await planFor(await fixture.manifest(renamed), fixture.url)
    await finish()
    expect([changesOf(meanwhile), meanwhile.refusals]).toEqual([changes.slice(0, 1), []])
    const unread = ['materialized view local.totals', 'index local.orders_id_idx', 'index local.orders_half_idx']
    expect(meanwhile.undetermined.map(({ title }) => title)).toEqual(unread)
  })

  test('uncommitted definitions of another session do not fail a plan', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const other = await fixture.client()
    await other.query('BEGIN; ALTER FOREIGN TABLE proxy.orders ADD COLUMN theirs int; CREATE SCHEMA unrelated')
    const plan = await planFor(await fixture.manifest(shop), fixture.url)
    expect([changesOf(plan), plan.undetermined, plan.refusals]).toEqual([[], [], []])
    await other.query('ROLLBACK')
  })
})
