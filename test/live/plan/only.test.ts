// Plans and applies of a part of a manifest.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import type { PlanOptions } from '../../../src/planner/context.ts'
import { createPlan } from '../../../src/planner/create-plan.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

interface Parts {
  readonly orders?: string
  readonly customers?: string
  readonly views?: string
}

const manifest = ({ orders = 'orders:', customers = '', views = '' }: Parts = {}) => `${head('part')}
schemas:
  proxy:
    foreign_tables:
      ${orders === '' ? '' : `${orders} { server: shop, options: { schema_name: public, table_name: orders }, columns: { id: bigint, note: text } }`}
      customers: { server: shop, options: { schema_name: public }, columns: { id: bigint, name: text }${customers} }
  local:
    materialized_views:
      customers: { query: SELECT id FROM proxy.customers }
      ${views}
`

const ordersView = 'orders: { query: SELECT id FROM proxy.orders, indexes: { orders_id_idx: { columns: [id] } } }'

async function planOf(parsed: ParsedManifest, { url }: Fixture, only: PlanOptions['only']) {
  const session = await connectTo(url)('plan')
  try {
    return (await createPlan(session, parsed, { populate: true, only, prove: true })).plan
  } finally {
    await session.close()
  }
}

function applyOnly(parsed: ParsedManifest, { url }: Fixture, only: readonly string[]) {
  const request = { parsed, connect: connectTo(url), populate: true, only }
  return planAndApply({ ...request, options: { ...applyDefaults, allow: ['drops-data'] } }, async () => true)
}

const proofs = (fixture: Fixture) => fixture.sql('SELECT count(*)::int AS proofs FROM fdwsync.proof')

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('has what is named, what that needs and its children, and proves nothing of the rest', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest({ views: ordersView }))
    const { plan, report } = await applyOnly(parsed, fixture, ['materialized-view:*.orders'])
    expect(changesOf(plan)).toEqual([
      'create schema proxy',
      'create schema local',
      'create server shop',
      'create user mapping for public on shop',
      'create foreign table proxy.orders',
      'create materialized view local.orders',
      'create index local.orders_id_idx',
    ])
    const warnings = plan.warnings.filter(({ code }) => code === 'plan/selection').map(({ message }) => message)
    expect(warnings).toEqual([
      expect.stringContaining('takes along what it needs or affects: '),
      '--only leaves out 2 other objects that differ',
    ])
    expect(report?.steps.every(({ outcome }) => outcome.status === 'applied')).toBe(true)
    expect(await proofs(fixture)).toEqual([{ proofs: 0 }])
    expect(changesOf(await planOf(parsed, fixture, ['local.orders']))).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([
      'create foreign table proxy.customers',
      'create materialized view local.customers',
    ])
    const dependents = await planOf(parsed, fixture, ['foreign-table:*.customers+'])
    expect(changesOf(dependents)).toEqual([
      'create foreign table proxy.customers',
      'create materialized view local.customers',
    ])
    expect(changesOf(await planOf(parsed, fixture, ['foreign-table:*.customers']))).toEqual([
      'create foreign table proxy.customers',
    ])
    const patterns = ['--only', 'foreign-table:*.c*+', '--only', 'schema:proxy']
    const { stdout } = await run(fixture, ['plan', '--format', 'json', ...patterns], manifest())
    expect(JSON.parse(stdout).changes.map(({ title }: { title: string }) => title)).toEqual(
      dependents.changes.map(({ title }) => title),
    )
    await expect(planOf(parsed, fixture, ['nothing'])).rejects.toThrow(
      '--only nothing: the manifest has nothing that matches',
    )
    for (const empty of ['', '+', 'table:', 'table:+']) {
      await expect(planOf(parsed, fixture, [empty])).rejects.toThrow('the pattern of a name is empty')
    }
    const byCommand = ['apply', '--auto-approve', '--only', 'foreign-table:*.customers']
    expect(await run(fixture, byCommand, manifest({ views: ordersView }))).toMatchObject({ code: 0 })
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['create materialized view local.customers'])
    await applyTo(parsed, fixture.url)
    await planFor(parsed, fixture.url)
    expect(
      await run(fixture, ['plan', '--only', 'nothing'], manifest({ views: ordersView })),
      'in place',
    ).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('nothing that matches'),
    })
  })

  test('takes along what is replaced with it, with all that the manifest has changed of it', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest({ views: ordersView })), fixture.url)
    const changed = manifest({
      customers: ', comment: c',
      views:
        'orders: { query: SELECT id FROM proxy.orders WHERE id > 0, comment: c, indexes: { other: { columns: [id] } } }',
    }).replace('columns: { id: bigint, note', 'columns: { id: integer, note')
    const parsed = await fixture.manifest(changed)
    const { plan, report } = await applyOnly(parsed, fixture, ['proxy.orders'])
    expect(changesOf(plan).toSorted()).toEqual([
      'create index local.other',
      'drop index local.orders_id_idx',
      'replace foreign table proxy.orders',
      'replace materialized view local.orders',
    ])
    const fields = plan.changes.flatMap(({ change }) => (change.op === 'replace' ? change.fields : []))
    expect(fields.map(({ field }) => field)).toEqual(expect.arrayContaining(['query', 'comment']))
    expect(plan.warnings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/takes along what it needs or affects: .*materialized view local\.orders/),
        '--only leaves out 1 other object that differs',
      ]),
    )
    expect(missedOf(report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['alter foreign table proxy.customers'])
  })

  test('renames only what is chosen, by its old name or its new one', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest()), fixture.url)
    const renamed = await fixture.manifest(
      manifest({ customers: ', comment: c' }).replace('orders: { server', 'sales: { renamed_from: orders, server'),
    )
    const tables = () => fixture.sql("SELECT relname FROM pg_class WHERE relkind = 'f' ORDER BY 1")
    const { plan } = await applyOnly(renamed, fixture, ['proxy.customers'])
    expect(changesOf(plan)).toEqual(['alter foreign table proxy.customers'])
    expect(await tables()).toEqual([{ relname: 'customers' }, { relname: 'orders' }])
    expect(changesOf(await planOf(renamed, fixture, ['proxy.orders']))).toEqual(['alter foreign table proxy.sales'])
    await applyOnly(renamed, fixture, ['proxy.sales'])
    expect(await tables()).toEqual([{ relname: 'customers' }, { relname: 'sales' }])
    expect(changesOf(await planFor(renamed, fixture.url))).toEqual([])
  })

  test('drops with what depends on it, and leaves other drops for later', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest({ views: ordersView })), fixture.url)
    const without = await fixture.manifest(manifest({ orders: '' }))
    const dropped = await planOf(without, fixture, ['foreign-table:proxy.orders'])
    expect(changesOf(dropped)).toContain('drop materialized view local.orders')
    expect(dropped.refusals).toEqual([])
    expect(changesOf(await planOf(without, fixture, ['*.customers']))).toEqual([])
    await applyOnly(without, fixture, ['proxy.orders'])
    expect(changesOf(await planFor(without, fixture.url))).toEqual([])
  })
})
