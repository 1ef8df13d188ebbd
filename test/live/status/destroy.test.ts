// destroy: what it drops, and what it leaves to others.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head, shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  totals: 'SELECT sum(total) FROM local.orders',
})
/** Has its own view in a schema of the first one, and nothing else. */
const other = `version: 1
name: other
schemas:
  local:
    materialized_views:
      here: { query: SELECT 1 AS one }
`
const destroy = ['destroy', '--auto-approve']

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('everything of the manifest is dropped, and unmanaged objects in its schemas stay', async () => {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['apply', '--auto-approve'], shop)).code).toBe(0)
    expect((await run(fixture, ['apply', '--auto-approve'], other)).code).toBe(0)

    const unseen = await run(fixture, ['destroy'], shop)
    expect([unseen.code, unseen.stderr]).toEqual([4, expect.stringContaining('cannot prompt for confirmation')])
    expect(unseen.stdout).toContain('fdwsync destroy · faults')
    expect(unseen.stdout).not.toContain('--allow')
    const done = await run(fixture, destroy, shop)
    expect([done.code, done.stderr]).toEqual([0, expect.anything()])
    expect(await fixture.sql('SELECT DISTINCT manifest FROM fdwsync.object')).toEqual([{ manifest: 'other' }])
    expect(await fixture.sql(`SELECT relname FROM pg_class WHERE relkind IN ('f', 'm')`)).toEqual([{ relname: 'here' }])
    expect(await fixture.sql('SELECT count(*)::int FROM pg_foreign_server')).toEqual([{ count: 0 }])
    expect(await fixture.sql(`SELECT nspname FROM pg_namespace WHERE nspname IN ('local', 'proxy')`)).toEqual([
      { nspname: 'local' },
    ])

    const again = await run(fixture, destroy, shop)
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Nothing to destroy')])
    expect((await run(fixture, [...destroy, '--manifest', 'other'], '')).code).toBe(0)
    expect(await fixture.sql("SELECT FROM pg_namespace WHERE nspname = 'local'"), 'the first one created it').toEqual(
      [],
    )
  })

  test('a manifest that was never applied', async () => {
    const rig = await fixtureFor(pair, source)
    const misspelled = async () => {
      const { code, stderr } = await run(rig, [...destroy, '--manifest', 'othr'], '')
      return [code, stderr]
    }
    expect(await misspelled()).toEqual([64, expect.stringContaining('No manifest was applied to it.')])
    expect((await run(rig, ['apply', '--auto-approve'], other)).code).toBe(0)
    const message = `no manifest "othr" was applied to database "${rig.target.name}"; did you mean "other"?`
    expect(await misspelled()).toEqual([64, expect.stringContaining(message)])
    const past = await run(rig, ['history', '--manifest', 'othr'], undefined)
    expect([past.code, past.stderr]).toEqual([64, expect.stringContaining(message)])
    const none = await run(rig, ['status', 'othr.*'], undefined)
    expect([none.code, none.stderr]).toEqual([64, expect.stringContaining('no object matches "othr.*"')])
    for (const _ of [1, 2]) expect((await run(rig, [...destroy, '--manifest', 'other'], '')).code).toBe(0)
  })

  test('by name, without a file', async () => {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['apply', '--auto-approve'], other)).code).toBe(0)
    const done = await run(fixture, [...destroy, '--manifest', 'other', '--format', 'json'], '')
    expect([done.code, JSON.parse(done.stdout).steps.length]).toEqual([0, 2])
    expect(await fixture.sql(`SELECT nspname FROM pg_namespace WHERE nspname IN ('local', 'fdwsync')`)).toEqual([
      { nspname: 'fdwsync' },
    ])
  })

  test('unmanaged dependents keep it from dropping anything', async () => {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['apply', '--auto-approve'], shop)).code).toBe(0)
    await fixture.sql('CREATE VIEW public.of_others AS SELECT id FROM local.orders')
    const before = await fixture.sql("SELECT oid FROM pg_class WHERE relkind IN ('f', 'm') ORDER BY 1")
    const refused = await run(fixture, destroy, shop)
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('view public.of_others')])
    expect(await fixture.sql("SELECT oid FROM pg_class WHERE relkind IN ('f', 'm') ORDER BY 1")).toEqual(before)
  })

  test('a server under a table of another manifest stays', async () => {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['apply', '--auto-approve'], head('servers'))).code).toBe(0)
    const table = `version: 1
name: tables
schemas: { proxy: { foreign_tables: { orders: { server: shop, options: { schema_name: public }, columns: { id: bigint } } } } }`
    expect((await run(fixture, ['apply', '--auto-approve'], table)).code).toBe(0)
    const refused = await run(fixture, [...destroy, '--manifest', 'servers'], '')
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('foreign table proxy.orders')])
    expect((await run(fixture, [...destroy, '--manifest', 'tables'], '')).code).toBe(0)
    expect((await run(fixture, [...destroy, '--manifest', 'servers'], '')).code).toBe(0)
    expect(await fixture.sql('SELECT count(*)::int FROM fdwsync.object')).toEqual([{ count: 0 }])
  })
})
