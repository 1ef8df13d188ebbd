// Attributes that the manifest ignores: neither drift nor overwritten, and they hide nothing else.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { changesOf } from '../../support/outcomes.ts'

const manifest = (more: { readonly server?: string; readonly ignore?: string; readonly query?: string } = {}) => `
version: 1
name: ignoring
servers:
  shop:
    ${more.server ?? ''}
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}", fetch_size: 100 }
    comment: first
    ignore: [${more.ignore ?? 'options.fetch_size, options.batch_size, comment, user_mappings.public.password'}]
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, note: text }, comment: a, ignore: [comment] }
  local:
    materialized_views:
      orders: { query: "${more.query ?? 'SELECT id FROM proxy.orders'}", comment: b, ignore: [comment, grants] }
`

const rotate = `
  ALTER SERVER shop OPTIONS (SET fetch_size '777', ADD batch_size '5');
  COMMENT ON SERVER shop IS 'rotated';
  COMMENT ON FOREIGN TABLE proxy.orders IS 'rotated';
  COMMENT ON MATERIALIZED VIEW local.orders IS 'rotated';
  GRANT SELECT ON local.orders TO PUBLIC`

const rotated = (fixture: Fixture) =>
  fixture.sql(`
    SELECT (SELECT srvoptions @> '{fetch_size=777,batch_size=5}' FROM pg_foreign_server) AS options,
           obj_description(s.oid, 'pg_foreign_server') AS server, obj_description('proxy.orders'::regclass) AS "table",
           obj_description('local.orders'::regclass) AS view, has_table_privilege('pg_monitor', 'local.orders', 'SELECT') AS granted
      FROM pg_foreign_server s`)
const all = [{ options: true, server: 'rotated', table: 'rotated', view: 'rotated', granted: true }]

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('are used at first, then left alone, and hide no other drift', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest())
    await applyTo(parsed, fixture.url)
    expect(await fixture.sql(`SELECT obj_description(oid, 'pg_foreign_server') AS c FROM pg_foreign_server`)).toEqual([
      { c: 'first' },
    ])
    await fixture.sql(rotate)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect(changesOf((await applyTo(parsed, fixture.url)).plan)).toEqual([])

    await fixture.sql("ALTER SERVER shop OPTIONS (ADD use_remote_estimate 'true')")
    const drifted = await planFor(parsed, fixture.url)
    expect(
      drifted.changes.map(({ change, cause }) => [
        change.op === 'alter' && change.fields.map(({ field }) => field),
        cause,
      ]),
    ).toEqual([[['option use_remote_estimate'], 'drift']])
    await applyTo(parsed, fixture.url)
    expect(await rotated(fixture)).toEqual(all)
  })

  test('a rotated password neither ends the proof nor is set back', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest())
    await applyTo(parsed, fixture.url)
    const proof = () => fixture.sql('SELECT catalog_state FROM fdwsync.proof')
    const [before] = await proof()
    const set = (option: string) => fixture.sql(`ALTER USER MAPPING FOR PUBLIC SERVER shop OPTIONS (SET ${option})`)
    await set("password 'rotated'")
    // Only a plan from the proof has the state of the catalog as its fingerprint.
    expect((await planFor(parsed, fixture.url)).fingerprint).toBe(before?.catalog_state)
    await set("user 'other'")
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['alter user mapping for public on shop'])
    await applyTo(parsed, fixture.url)
    const [options] = await fixture.sql('SELECT umoptions FROM pg_user_mappings')
    expect(options?.umoptions).toContain('password=rotated')
  })

  test('are kept by what is replaced, or it is refused', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest()), fixture.url)
    await fixture.sql(rotate)
    const retyped = manifest({ server: 'type: other', query: 'SELECT id, note FROM proxy.orders' })
    const refused = await planFor(await fixture.manifest(retyped), fixture.url)
    expect(refused.refusals).toMatchObject([
      { code: 'object/ignored-lost', reason: expect.stringContaining('lose password') },
    ])
    const parsed = await fixture.manifest(retyped.replace(', user_mappings.public.password', ''))
    const { report } = await applyTo(parsed, fixture.url, { allow: ['drops-data', 'drops-dependents'] })
    expect(report?.steps.every(({ outcome }) => outcome.status === 'applied')).toBe(true)
    expect(await rotated(fixture)).toEqual(all)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })
})
