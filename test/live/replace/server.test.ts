// Replaced servers: the old one stays under another name until everything on it is swapped.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const manifest = (type: string, port = '${env:SOURCE_PORT}') => `${head()
  .replace('shop:', `shop:\n    type: ${type}`)
  .replace('"${env:SOURCE_PORT}"', `"${port}"`)}
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "numeric(10,2)" } }
  local:
    materialized_views:
      orders: { query: "SELECT id, total FROM proxy.orders" }
`

const servers = 'SELECT srvname, srvtype FROM pg_foreign_server ORDER BY srvtype'
const reading =
  'SELECT (SELECT count(*)::int FROM local.orders) AS copied, (SELECT count::int FROM public.direct) AS direct'

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function setUp(): Promise<Fixture> {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('old')), fixture.url)
    await fixture.sql('CREATE VIEW public.direct AS SELECT count(*) FROM proxy.orders')
    return fixture
  }

  test('the load fails: the old server stays, can be refreshed from, and is dropped by the next apply', async () => {
    const fixture = await setUp()
    const parsed = await fixture.manifest(manifest('new'))
    await runSql(source.url, 'ALTER TABLE orders RENAME TO away')
    const { report } = await applyTo(parsed, fixture.url)
    await runSql(source.url, 'ALTER TABLE away RENAME TO orders')
    expect(report && exitCodeOf(report)).toBe(5)
    const [{ srvname }] = (await fixture.sql(servers)).toReversed() as [{ srvname: string }]
    expect(srvname).toMatch(/^fdwsync_old_[0-9a-f]{12}_\d+$/)
    await fixture.sql('REFRESH MATERIALIZED VIEW local.orders')
    expect(await fixture.sql(reading)).toEqual([{ copied: 50, direct: 50 }])

    const plan = await planFor(parsed, fixture.url)
    expect(plan.changes.map(({ title, cause }) => `${title}: ${cause}`)).toEqual([
      'foreign table proxy.orders: dependency',
      'materialized view local.orders: dependency',
      `user mapping for public on ${srvname}: manifest`,
      `server ${srvname}: manifest`,
    ])
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(await fixture.sql(servers)).toEqual([{ srvname: 'shop', srvtype: 'new' }])
    expect(await fixture.sql(reading)).toEqual([{ copied: 50, direct: 50 }])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('back to the old declaration while the new server does not answer: the tables on the old one move to a server of that name', async () => {
    const fixture = await setUp()
    await applyTo(await fixture.manifest(manifest('new', '1')), fixture.url)
    const parsed = await fixture.manifest(manifest('old'))
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(await fixture.sql(servers)).toEqual([{ srvname: 'shop', srvtype: 'old' }])
    expect(await fixture.sql(reading)).toEqual([{ copied: 50, direct: 50 }])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('an unmanaged table on it and a protected one block the replacement, and the plan names both', async () => {
    const fixture = await setUp()
    await fixture.sql("CREATE FOREIGN TABLE public.theirs (id int) SERVER shop OPTIONS (table_name 'orders')")
    const reasons = async (text: string) =>
      (await planFor(await fixture.manifest(text), fixture.url)).refusals.map(
        ({ title, reason }) => `${title}: ${reason}`,
      )
    expect((await reasons(manifest('new'))).join('\n')).toContain(
      'server shop: it cannot be replaced while something depends on it: foreign table public.theirs',
    )
    await fixture.sql('DROP FOREIGN TABLE public.theirs')
    const kept = manifest('new').replace('type: new', 'type: new\n    protect: true')
    expect((await reasons(kept)).join('\n')).toContain('server shop: it is protected, and would be replaced: type')
  })
})
