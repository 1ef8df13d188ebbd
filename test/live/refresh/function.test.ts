// fdwsync.refresh(): what it does by which strategy, what it records, and who may call it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf } from '../../support/outcomes.ts'

// Before PostgreSQL 17, the function finds twice() by the search_path of the manifest.
const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  swapped: 'SELECT 1 AS one',
  empty: 'SELECT 2 AS two',
})
  .replace(/orders: \{ query(.*) \}/, 'orders: { query$1, indexes: { by_id: { unique: true, columns: [id] } } }')
  .replace('swapped: {', 'swapped: { refresh: { strategy: swap },')
  .replace('empty: {', 'empty: { populate: false, refresh: { strategy: concurrently },')

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('it refreshes by the policy, and returns and records the row', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    await applyTo(parsed, fixture.url)
    const call = (args: string) =>
      fixture.sql(`SELECT how, asked, origin, row_count::int AS rows, inserted::int, deleted::int, bytes > 0 AS "hasBytes", outcome,
                          refreshed_by = current_user AS "isMine" FROM fdwsync.refresh(${args})`)
    const common = { origin: 'function', outcome: 'applied', hasBytes: true, isMine: true }
    expect(await call("'local.orders'")).toEqual([
      { ...common, how: 'concurrently', asked: 'auto', rows: null, inserted: 0, deleted: 0 },
    ])
    expect(await call("'local.orders', 'plain'")).toEqual([
      { ...common, how: 'plain', asked: 'plain', rows: 50, inserted: 50, deleted: null },
    ])
    expect(await call("'local.empty'")).toEqual([
      { ...common, how: 'plain', asked: 'concurrently', rows: 1, inserted: 1, deleted: null },
    ])
    await expect(call("'local.swapped'")).rejects.toThrow(
      'materialized view local.swapped cannot be refreshed by strategy swap',
    )
    expect(await call("'local.swapped', 'plain'")).toMatchObject([{ how: 'plain', rows: 1 }])
    await expect(call("'local.orders', 'fast'")).rejects.toThrow('unknown strategy "fast"')
    await expect(call("'proxy.orders'")).rejects.toThrow('proxy.orders is not a materialized view')
    await fixture.sql('CREATE MATERIALIZED VIEW public.mine AS SELECT 1 AS one')
    await expect(call("'public.mine'")).rejects.toThrow('no manifest manages materialized view public.mine')
    expect(await fixture.sql("SELECT count(*)::int FROM fdwsync.refresh WHERE origin = 'function'")).toEqual([
      { count: 4 },
    ])

    await fixture.sql('ALTER MATERIALIZED VIEW local.swapped RENAME TO "Renamed by hand"')
    expect(await call(`'local."Renamed by hand"', 'auto'`)).toMatchObject([{ how: 'plain' }])
    await fixture.sql('ALTER MATERIALIZED VIEW local."Renamed by hand" RENAME TO swapped')
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a role needs rights on the copy and on the ledger, and another body is not trusted', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    await applyTo(parsed, fixture.url)
    const { user } = await fixture.role()
    const call = () => fixture.sql(`SET ROLE ${user}; SELECT FROM fdwsync.refresh('local.empty'); RESET ROLE`)
    await expect(call()).rejects.toThrow('permission denied for schema')
    await fixture.sql(
      `GRANT USAGE ON SCHEMA fdwsync, local TO ${user}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}`,
    )
    await expect(call()).rejects.toThrow(`${user} has no INSERT on fdwsync.refresh`)
    await fixture.sql(`GRANT INSERT ON fdwsync.refresh TO ${user}`)
    await expect(call()).rejects.toThrow(
      /must be owner of materialized view empty|permission denied for materialized view empty/,
    )
    await fixture.sql(`ALTER MATERIALIZED VIEW local.empty OWNER TO ${user}`)
    await call()
    expect(await fixture.sql("SELECT refreshed_by::text AS by FROM fdwsync.refresh WHERE origin = 'function'")).toEqual(
      [{ by: user }],
    )

    for (const change of [
      'ALTER FUNCTION fdwsync.refresh SECURITY DEFINER',
      'ALTER FUNCTION fdwsync.refresh SET search_path = public',
      'CREATE FUNCTION fdwsync.refresh(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    ]) {
      await fixture.sql(change)
      await expect(planFor(parsed, fixture.url), change).rejects.toThrow(
        'function refresh is not as fdwsync has created it',
      )
      await fixture.sql(`DROP FUNCTION IF EXISTS fdwsync.refresh(text);
        ALTER FUNCTION fdwsync.refresh SECURITY INVOKER SET search_path = pg_catalog, pg_temp`)
    }
    await planFor(parsed, fixture.url)
  })
})
