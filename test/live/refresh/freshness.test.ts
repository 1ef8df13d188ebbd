// How old copies are: what a refresh records, what is stale, and what brings only that up to date.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  here: 'SELECT 1 AS one',
}).replace('here: { query', 'here: { populate: false, refresh: { max_age: none }, query')
const withAge = `${shop}    tables:
      totals: { query: SELECT sum(total) AS total FROM local.orders }
refresh: { max_age: 1h }
`

const age = (fixture: Fixture, view: string, interval: string) =>
  fixture.sql(
    `UPDATE fdwsync.refresh SET started_at = started_at - interval '${interval}' WHERE address LIKE '%"${view}"]'`,
  )

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('what is stale, and --stale, --unpopulated and --dry-run', async () => {
    const fixture = await fixtureFor(pair, source)
    const refresh = async (...args: readonly string[]) => {
      const { code, stdout } = await run(fixture, ['refresh', '--format', 'json', ...args], withAge)
      const { views } = JSON.parse(stdout)
      return [
        code,
        ...views.map((view: { title: string; outcome: { status: string } }) => `${view.outcome.status} ${view.title}`),
      ]
    }
    const status = async () => {
      const { code, stdout } = await run(fixture, ['status', '--check', '--format', 'json'], withAge)
      const { objects } = JSON.parse(stdout)
      const copies = objects.filter((object: { freshness: unknown }) => object.freshness !== null)
      return [
        code,
        ...copies.map(
          (copy: { title: string; freshness: { isStale: boolean } }) => `${copy.title} ${copy.freshness.isStale}`,
        ),
      ]
    }
    const [orders, here] = ['orders', 'here'].map((name) => `materialized view local.${name}`)
    const totals = 'table local.totals'

    expect((await run(fixture, ['refresh', '--stale'], withAge)).code).toBe(6)
    expect((await run(fixture, ['apply', '--auto-approve'], withAge)).code).toBe(0)
    expect(await refresh('--stale')).toEqual([0])
    expect(await status()).toEqual([0, `${here} false`, `${orders} false`, `${totals} false`])

    await age(fixture, 'orders', '2 hours')
    expect(await status()).toEqual([2, `${here} false`, `${orders} true`, `${totals} false`])
    expect(await refresh('--stale', '--dry-run')).toEqual([0, `planned ${orders}`])
    expect(await refresh('--stale', '--dry-run', 'totals')).toEqual([0])
    expect(await refresh('--stale')).toEqual([0, `applied ${orders}`])
    expect(await status()).toEqual([0, `${here} false`, `${orders} false`, `${totals} false`])

    // The clock of the server was set back after a refresh.
    await fixture.sql(
      `UPDATE fdwsync.refresh SET started_at = started_at + interval '1 day', ended_at = ended_at + interval '1 day' WHERE address LIKE '%"orders"]'`,
    )
    expect(await status()).toEqual([2, `${here} false`, `${orders} true`, `${totals} false`])
    expect(await refresh('--stale')).toEqual([0, `applied ${orders}`])
    expect(await status()).toEqual([0, `${here} false`, `${orders} false`, `${totals} false`])

    // A failure proves nothing, a skip does.
    await age(fixture, 'totals', '2 hours')
    const again = (outcome: string) =>
      fixture.sql(`INSERT INTO fdwsync.refresh (id, manifest, address, how, refreshed_by, started_at, ended_at, outcome)
        VALUES (gen_random_uuid(), 'faults', '["table","local","totals"]', 'plain', 'me', now(), now(), '${outcome}')`)
    await again('failed')
    expect(await refresh('--stale', '--dry-run')).toEqual([0, `planned ${totals}`])
    await again('skipped')
    expect(await refresh('--stale', '--dry-run')).toEqual([0])

    expect(await refresh('--unpopulated', '--dry-run', '+totals+')).toEqual([0])
    expect(await refresh('--unpopulated')).toEqual([0, `applied ${here}`])
    expect(await refresh('orders+', '--dry-run')).toEqual([0, `planned ${orders}`, `planned ${totals}`])
    expect((await run(fixture, ['refresh', 'orders+', '--dry-run'], withAge)).stdout).toMatch(
      /would refresh materialized view local.orders +(plain|swap): .* last time\n(?: +To refresh it .*\n)?.*local.totals.*\nWould refresh 2 copies.\n/,
    )

    const past = await run(
      fixture,
      ['history', '--refreshes', 'local.t*', '--limit', '2', '--format', 'json'],
      undefined,
    )
    const listed = JSON.parse(past.stdout)
    expect(listed).toMatchObject({ more: true, refreshes: [{ outcome: 'skipped' }, { outcome: 'failed' }] })
    const schema = new URL('../../../schemas/refresh-history.schema.json', import.meta.url)
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(schema, 'utf8')))
    expect(validate(listed), JSON.stringify(validate.errors)).toBe(true)
    expect((await run(fixture, ['history', '--refreshes', 'here'], undefined)).stdout).toMatch(
      /applied {2}local.here {2}plain, .* 1 row, .*\n.* by the command/,
    )

    const recorded = await fixture.sql(`
      SELECT DISTINCT address::json ->> 2 AS name, origin, asked, bytes > 0 AS "hasBytes", because IS NOT NULL AS "hasReason"
        FROM fdwsync.refresh WHERE outcome = 'applied' ORDER BY 1, 2`)
    expect(recorded).toEqual([
      { name: 'here', origin: 'refresh', asked: 'auto', hasBytes: true, hasReason: true },
      { name: 'orders', origin: 'apply', asked: null, hasBytes: null, hasReason: false },
      { name: 'orders', origin: 'refresh', asked: 'auto', hasBytes: true, hasReason: true },
      { name: 'totals', origin: 'apply', asked: null, hasBytes: null, hasReason: false },
    ])
  })

  test('a copy without its rows is not fresh, whatever was recorded of it or of a former one', async () => {
    const fixture = await fixtureFor(pair, source)
    const views = shopManifest({ later_view: 'SELECT 1 AS one' }).replace('{ query', '{ populate: false, query')
    const manifest = `${views}    tables:
      fast: { query: SELECT id FROM proxy.orders, primary_key: [id], unlogged: true }
      hollow: { query: SELECT id FROM public.rows, primary_key: [id], unlogged: true }
      later: { query: SELECT 1 AS one, populate: false }
refresh: { max_age: 1h }
`
    const statusOf = async () => {
      const { code, stdout } = await run(fixture, ['status', '--check', '--format', 'json', 'local.*'], undefined)
      const { objects } = JSON.parse(stdout)
      const copies = objects.filter((object: { freshness: unknown }) => object.freshness !== null)
      return [
        code,
        ...copies.map(
          (copy: { title: string; state: string; freshness: { isStale: boolean } }) =>
            `${copy.title}: ${copy.state}${copy.freshness.isStale ? ', stale' : ''}`,
        ),
      ]
    }
    const plannedBy = async (option: string) => {
      const { stdout } = await run(fixture, ['refresh', option, '--dry-run', '--format', 'json'], manifest)
      return JSON.parse(stdout).views.map(({ title }: { title: string }) => title)
    }
    const [fast, hollow, later] = ['fast', 'hollow', 'later'].map((name) => `table local.${name}`)
    const view = 'materialized view local.later_view'

    await fixture.sql('CREATE TABLE public.rows AS SELECT 1 AS id')
    await run(fixture, ['apply', '--auto-approve'], manifest)
    // Without rows at the source, it has none either, whether vacuum has truncated its file or not.
    await fixture.sql('DELETE FROM public.rows')
    for (const refresh of ['refresh', 'refresh'])
      expect(await run(fixture, [refresh], manifest)).toMatchObject({ code: 0 })
    await fixture.sql('VACUUM (TRUNCATE) local.hollow')
    expect(await fixture.sql("SELECT pg_relation_size('local.hollow')::int AS size")).toEqual([{ size: 0 }])
    expect(await statusOf()).toEqual([
      0,
      `${view}: in sync`,
      ...[fast, hollow, later].map((copy) => `${copy}: in sync`),
    ])

    // Created once more, without a load: what was recorded is of former copies.
    await fixture.sql('DROP TABLE local.later CASCADE; DROP MATERIALIZED VIEW local.later_view')
    expect(await run(fixture, ['apply', '--auto-approve'], manifest)).toMatchObject({ code: 0 })
    expect((await plannedBy('--stale')).sort()).toEqual([view, later])
    expect(await run(fixture, ['refresh', '--stale'], manifest)).toMatchObject({ code: 0 })
    expect(await plannedBy('--stale')).toEqual([])

    // What a crash does to unlogged tables.
    await fixture.sql('TRUNCATE local.fast, local.hollow')
    expect(await statusOf()).toEqual([
      2,
      `${view}: in sync`,
      `${fast}: not populated, stale`,
      `${hollow}: in sync`,
      `${later}: in sync`,
    ])
    expect(await plannedBy('--stale')).toEqual([fast])
    expect(await plannedBy('--unpopulated')).toEqual([fast])
    expect(await run(fixture, ['refresh', '--stale'], manifest)).toMatchObject({ code: 0 })
    expect((await statusOf())[0]).toBe(0)

    // A table is adopted under the name of a former one, and a view that was refreshed a day ago gets the name of another one.
    await fixture.sql(`DROP TABLE local.later CASCADE; CREATE TABLE local.later AS SELECT 1 AS one;
      CREATE TEMPORARY TABLE former AS SELECT * FROM fdwsync.refresh WHERE address ~ 'later_view';
      UPDATE former SET id = gen_random_uuid(), address = replace(address, 'later_view', 'renamed');
      INSERT INTO fdwsync.refresh TABLE former;
      UPDATE fdwsync.refresh SET started_at = started_at - interval '1 day', ended_at = ended_at - interval '1 day' WHERE address ~ 'later_view'`)
    const changed = manifest
      .replace('later_view: {', 'renamed: { renamed_from: later_view,')
      .replace('SELECT 1 AS one, populate: false }\nrefresh', 'SELECT 1 AS one, adopt: true }\nrefresh')
    expect(await run(fixture, ['apply', '--auto-approve'], changed)).toMatchObject({ code: 0 })
    const renamed = 'materialized view local.renamed'
    expect(await statusOf()).toEqual([
      2,
      `${renamed}: in sync, stale`,
      `${fast}: in sync`,
      `${hollow}: in sync`,
      `${later}: in sync, stale`,
    ])
    expect(await run(fixture, ['refresh', '--stale'], changed)).toMatchObject({ code: 0 })
    expect((await statusOf())[0]).toBe(0)
  })
})
