// Refreshes: their order, concurrency, failures, and names on the command line.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { RefreshOptions } from '../../../src/loader/refresh-options.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { eventLog } from '../../support/outcomes.ts'

/** A diamond over one view, and one beside it. */
const shop = shopManifest({
  bottom: 'SELECT id, total FROM proxy.orders',
  highest: 'SELECT max(total) AS total FROM local.bottom',
  lowest: 'SELECT min(total) AS total FROM local.bottom',
  top: 'SELECT h.total - l.total AS spread FROM local.highest h, local.lowest l',
  buyers: 'SELECT id, name FROM proxy.customers',
}).replace(/buyers: \{ (.*) \}/, 'buyers: { $1, indexes: { buyers_id_idx: { unique: true, columns: [id] } } }')

async function refreshed(
  fixture: Fixture,
  manifest: string,
  names: readonly string[] = [],
  options: Partial<RefreshOptions> = {},
) {
  const report = await refresh(await fixture.manifest(manifest), names, connectTo(fixture.url), {
    ...refreshDefaults,
    ...options,
  })
  return report.views.map(({ title, how, outcome }) => [
    title.replace('materialized view local.', ''),
    how,
    outcome.status,
  ])
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('each view after those that it reads, concurrently where that is possible', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await runSql(source.url, 'UPDATE orders SET total = 1000 WHERE id = 50')
    const log = eventLog()
    expect((await refreshed(fixture, shop, [], log)).toSorted()).toEqual([
      ['bottom', 'plain', 'applied'],
      ['buyers', 'concurrently', 'applied'],
      ['highest', 'plain', 'applied'],
      ['lowest', 'plain', 'applied'],
      ['top', expect.stringMatching(/plain|swap/), 'applied'],
    ])
    expect(await fixture.sql('SELECT spread::text FROM local.top')).toEqual([{ spread: '998.50' }])
    const order = log.events.flatMap((event) =>
      event.type === 'step-started' || event.type === 'step-finished'
        ? `${event.type} ${event.title.split('.')[1]}`
        : [],
    )
    for (const [view, read] of [
      ['highest', 'bottom'],
      ['lowest', 'bottom'],
      ['top', 'highest'],
      ['top', 'lowest'],
    ])
      expect(order.indexOf(`step-finished ${read}`)).toBeLessThan(order.indexOf(`step-started ${view}`))
    await runSql(source.url, 'UPDATE orders SET total = 75 WHERE id = 50')
  })

  test('what it reads through unmanaged plain views comes first too', async () => {
    const fixture = await fixtureFor(pair, source)
    const bottom = 'SELECT max(total) AS total FROM proxy.orders'
    await applyTo(await fixture.manifest(shopManifest({ bottom })), fixture.url)
    await fixture.sql(
      'CREATE VIEW public.low AS SELECT total FROM local.bottom; CREATE VIEW public.high AS SELECT * FROM low',
    )
    const both = shopManifest({ above: 'SELECT total FROM public.high', bottom })
    await applyTo(await fixture.manifest(both), fixture.url)
    await fixture.sql('CREATE RULE up AS ON DELETE TO low DO INSTEAD SELECT total FROM local.above')
    await runSql(source.url, 'UPDATE orders SET total = 1000 WHERE id = 50')
    const [first] = await refreshed(fixture, both)
    expect(first).toEqual(['bottom', expect.stringMatching(/plain|swap/), 'applied'])
    expect(await fixture.sql('SELECT total::text FROM local.above')).toEqual([{ total: '1000.00' }])
    await runSql(source.url, 'UPDATE orders SET total = 75 WHERE id = 50')
  })

  test('a view that is not populated is loaded by a plain REFRESH, and a missing one fails alone', async () => {
    const fixture = await fixtureFor(pair, source)
    const request = {
      parsed: await fixture.manifest(shop),
      connect: connectTo(fixture.url),
      populate: false,
      options: applyDefaults,
    }
    const { planAndApply } = await import('../../../src/api/apply.ts')
    await planAndApply(request, async () => true)
    await fixture.sql('DROP MATERIALIZED VIEW local.top')
    expect((await refreshed(fixture, shop)).toSorted()).toEqual([
      ['bottom', 'plain', 'applied'],
      ['buyers', 'plain', 'applied'],
      ['highest', 'plain', 'applied'],
      ['lowest', 'plain', 'applied'],
      ['top', undefined, 'failed'],
    ])
  })

  test('one that fails stops only those that read it: exit 5, and the report lists them', async () => {
    const fixture = await fixtureFor(pair, source)
    const gated = shop.replace('SELECT max(total) AS total', 'SELECT max(total) / public.divisor() AS total')
    await fixture.sql("CREATE FUNCTION public.divisor() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    await applyTo(await fixture.manifest(gated), fixture.url)
    await fixture.sql("CREATE OR REPLACE FUNCTION public.divisor() RETURNS int LANGUAGE sql AS 'SELECT 0'")
    const before = await fixture.sql('SELECT * FROM local.top')
    const { code, stdout, stderr } = await run(fixture, ['refresh'], gated)
    expect(code).toBe(5)
    expect(stdout).toMatch(/failed materialized view local.highest: division by zero/)
    expect(stdout).toMatch(/skipped materialized view local.top/)
    expect(stdout).toMatch(/Refreshed 3 of 5 views\./)
    expect(stderr).not.toMatch(/bug/)
    expect(await fixture.sql('SELECT * FROM local.top')).toEqual(before)
  })

  test('an error of the source is reported as one of the source', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql("ALTER FOREIGN TABLE proxy.orders OPTIONS (ADD table_name 'gone')")
    const { stdout } = await run(fixture, ['refresh', 'bottom'], shop)
    expect(stdout).toMatch(
      /failed materialized view local.bottom: the source reports: relation\s+"public.gone" does not exist/,
    )
  })

  test.each([1, 2])('--jobs %i: that many at once', async (jobs) => {
    const fixture = await fixtureFor(pair, source)
    const gated = shopManifest(
      Object.fromEntries([1, 2, 3].map((n) => [`v${n}`, `SELECT ${n} AS id WHERE public.gate()`])),
    )
    await applyTo(await fixture.manifest(gated), fixture.url)
    const gate = await closeGate(fixture)
    const running = async () =>
      (
        await fixture.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fdwsync load'
        AND wait_event_type = 'Lock'`)
      ).length
    const log = eventLog()
    const done = refreshed(fixture, gated, [], { jobs, ...log })
    const started = () => log.events.filter(({ type }) => type === 'step-started').length
    // A batch of them gives up first.
    await until(`${jobs} at once`, async () => started() === jobs && (await running()) === jobs)
    await gate.open()
    expect(await done).toHaveLength(3)
  })

  test('small copies share a transaction, unless one fails, warns, is in use, or they take too long', async () => {
    const fixture = await fixtureFor(pair, source)
    const small = shopManifest({
      a: "SELECT pg_catalog.length(public.extra('fine')) AS id",
      b: 'SELECT 1 AS id',
      c: 'SELECT 1 AS id',
    })
    const extra = (body: string) =>
      fixture.sql(`CREATE OR REPLACE FUNCTION public.extra(value text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
        UPDATE fdwsync.refresh SET ended_at = started_at + interval '1 ms'`)
    await fixture.sql("CREATE FUNCTION public.extra(value text) RETURNS text LANGUAGE sql AS 'SELECT value'")
    await applyTo(await fixture.manifest(small), fixture.url)
    /** Which of them were written by one transaction. */
    const together = async () => {
      const rows = await fixture.sql(`SELECT string_agg(relname, '' ORDER BY relname) AS names FROM pg_class
        WHERE relkind = 'm' AND xmin::text <> '0' GROUP BY xmin::text ORDER BY 1`)
      return rows.map(({ names }) => names)
    }
    const allApplied = ['a', 'b', 'c'].map((name) => [name, 'plain', 'applied'])

    // A batch has only so much time.
    await until('all share one', async () => {
      await extra('RETURN value;')
      expect((await refreshed(fixture, small, [], { jobs: 1 })).toSorted()).toEqual(allApplied)
      return (await together()).join() === 'abc'
    })
    const recorded = `SELECT address::jsonb ->> 2 AS name, row_count, bytes, how FROM fdwsync.refresh
      WHERE origin = 'refresh' ORDER BY started_at DESC LIMIT 3`
    expect(new Set(await fixture.sql(recorded))).toEqual(
      new Set(['a', 'b', 'c'].map((name) => ({ name, row_count: '1', bytes: '8192', how: 'plain' }))),
    )

    await extra("RAISE EXCEPTION 'broken';")
    const failing = await refreshed(fixture, small, [], { jobs: 1 })
    expect(failing.map(([name, , status]) => `${name} ${status}`).toSorted()).toEqual([
      'a failed',
      'b applied',
      'c applied',
    ])
    expect(await together()).toEqual(['a', 'b', 'c'])

    await extra("RAISE WARNING 'odd'; RETURN value;")
    const { stdout } = await run(fixture, ['refresh', '--jobs', '1'], small)
    expect(stdout).toMatch(/local\.a: the server warns: odd/)
    expect(await together()).toEqual(['a', 'b', 'c'])

    await extra('PERFORM pg_sleep(0.03); RETURN value;')
    expect((await refreshed(fixture, small, [], { jobs: 1 })).toSorted()).toEqual(allApplied)

    await extra('RETURN value;')
    const reader = await fixture.client()
    await reader.query('BEGIN; SELECT FROM local.b')
    const log = eventLog()
    const waiting = refreshed(fixture, small, [], { jobs: 2, ...log })
    await until(
      'the others are refreshed',
      async () => log.events.filter(({ type }) => type === 'step-finished').length === 2,
    )
    await reader.query('COMMIT')
    expect((await waiting).toSorted()).toEqual(allApplied)
  })

  test('some by name, as PostgreSQL writes them; a wrong name is a usage error, and nothing is refreshed', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    expect(await refreshed(fixture, shop, ['local.top', 'buyers'])).toEqual([
      ['top', expect.stringMatching(/plain|swap/), 'applied'],
      ['buyers', 'concurrently', 'applied'],
    ])
    const wrong = await run(fixture, ['refresh', 'buyres', 'orders'], shop)
    expect(wrong.code).toBe(64)
    expect(wrong.stderr).toMatch(/no copy "buyres"; did you mean "buyers"\?\n.*local.buyers.*\n.*no copy "orders"/)
    const json = await run(fixture, ['refresh', 'buyers', '--format', 'json'], shop)
    expect(JSON.parse(json.stdout)).toMatchObject({
      format: 'fdwsync.refresh/1',
      views: [{ title: 'materialized view local.buyers', how: 'concurrently', outcome: { status: 'applied' } }],
    })
  })
})
