// While only the manifest has changed since the proof, a plan reads what that can affect. It is the plan that reading everything gives.

import { expect, onTestFinished, test } from 'vitest'
import { createPlan } from '../../../src/planner/create-plan.ts'
import type { PlanInHand } from '../../../src/planner/plan-in-hand.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'

const shop = `
version: 1
name: shop
servers: { shop: { options: { host: localhost } } }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, columns: { id: bigint, total: "numeric(10,2)" } }
      lines: { server: shop, columns: { id: bigint, item: text } }
      items: { server: shop, columns: { id: bigint, name: text } }
  copy:
    materialized_views:
      sales: { query: SELECT id FROM proxy.orders, populate: false, indexes: { sales_id: { columns: [id] } } }
      all_sales: { query: SELECT id FROM public.unmanaged, populate: false }
      parts: { query: SELECT id FROM proxy.lines, populate: false }
      fixed: { query: SELECT 1 AS one, populate: false, refresh: { max_age: 1h } }
    tables:
      kept: { query: SELECT id FROM copy.sales, populate: false }
`

interface Edit {
  readonly from: string
  readonly to: string
  /** The objects in schemas that are read. */
  readonly read: readonly string[] | 'everything'
  /** What another session does before. */
  readonly drift?: string
}

const edits: Readonly<Record<string, Edit>> = {
  'nothing but the text': { from: 'version: 1', to: 'version: 1 # first', read: [] },
  'a table that nothing reads': { from: 'name: text', to: 'name: varchar', read: ['items'] },
  'a table that views, a table and an unmanaged view read': {
    from: 'id: bigint, total',
    to: 'id: int, total',
    read: 'everything',
  },
  'a view, and the table that it reads': {
    from: 'id FROM proxy.lines',
    to: 'item FROM proxy.lines',
    read: ['lines', 'parts'],
  },
  'an index': {
    from: 'columns: [id] }',
    to: 'unique: true, columns: [id] }',
    read: ['kept', 'orders', 'sales', 'sales_id'],
  },
  'a refresh policy': { from: '1h', to: '2h', read: ['fixed'] },
  'an object that goes': {
    from: '      parts: { query: SELECT id FROM proxy.lines, populate: false }\n',
    to: '',
    read: ['parts'],
  },
  'an object that comes': {
    from: '    tables:\n',
    to: '      more: { query: SELECT 1 AS one, populate: false }\n    tables:\n',
    read: ['more'],
  },
  'an object with a name that SQL has': {
    from: '      items:',
    to: '      unmanaged: { server: shop, columns: { id: bigint } }\n      items:',
    read: 'everything',
  },
  'the last table, whose schema of queries goes with it': {
    from: / {4}tables:\n.*\n/.exec(shop)?.[0] ?? '',
    to: '',
    read: 'everything',
  },
  'a refusal': { from: '      lines: {', to: '      lines_2: {', read: 'everything' },
  'a view that reads an unmanaged one, which may read anything': {
    from: 'id FROM public.unmanaged',
    to: 'id + 1 AS id FROM public.unmanaged',
    read: 'everything',
  },
  'the server, too': { from: 'localhost } } }', to: 'localhost }, comment: s } }', read: 'everything' },
  'what another session has changed, too': {
    from: 'name: text',
    to: 'name: varchar',
    read: 'everything',
    drift: "ALTER FOREIGN TABLE proxy.lines OPTIONS (ADD table_name 'x')",
  },
}

/** The names of the objects in schemas that were read. */
function readOf({ part }: PlanInHand): readonly string[] | 'everything' {
  if (!part) return 'everything'
  const addresses = [...part.keys].map((key) => JSON.parse(key) as readonly string[]) // a key is its address
  const names = addresses.flatMap(([kind, , name]) => (kind === 'userMapping' || name === undefined ? [] : [name]))
  return [...new Set(names)].sort()
}

/** Without what is random, and what the fingerprint covers. */
function comparable({ plan: { fingerprint: _, ...plan } }: PlanInHand): unknown {
  return JSON.parse(JSON.stringify(plan).replace(/(\\")?[0-9a-f]{8,}(\\")?|_s\d+\b/g, ''))
}

/** Edits that end a plan with an error. */
const mistakes: Readonly<Record<string, Pick<Edit, 'from' | 'to'>>> = {
  'a name much like one that is not read': { from: 'id FROM proxy.lines', to: 'id FROM proxy.itemz' },
  'a column that is not there': { from: 'id FROM proxy.lines', to: 'itm FROM proxy.lines' },
  'a column that an index of another view needs': { from: 'columns: [id] }', to: 'columns: [ids] }' },
}

test.each(
  newestMajor(),
)('PostgreSQL $name: a plan of what has changed is the plan of everything', async (pair: ServerPair) => {
  const source = await createSource(pair, '')
  const fixture = await fixtureFor(pair, source)
  await fixture.sql('CREATE SCHEMA proxy; CREATE VIEW public.unmanaged AS SELECT 1::bigint AS id')
  const first = shop.replace('public.unmanaged', 'proxy.orders')
  await applyTo(await fixture.manifest(first), fixture.url)
  await fixture.sql('CREATE OR REPLACE VIEW public.unmanaged AS SELECT id FROM proxy.orders')
  await applyTo(await fixture.manifest(shop), fixture.url)
  // On one connection, since PostgreSQL plans the queries of its first plan for three times as long.
  const session = await connectTo(fixture.url)('plan')
  onTestFinished(() => session.close())
  for (const [title, { from, to, read, drift }] of Object.entries(edits)) {
    const edited = shop.replace(from, to)
    expect(edited, title).not.toBe(shop)
    if (drift) await fixture.sql(drift)
    const parsed = await fixture.manifest(edited)
    const part = await createPlan(session, parsed, { populate: true })
    const everything = await createPlan(session, parsed, { populate: true, ignoresProof: true })
    expect({ title, read: readOf(part), plan: comparable(part) }).toEqual({ title, read, plan: comparable(everything) })
  }
  for (const [title, { from, to }] of Object.entries(mistakes)) {
    const parsed = await fixture.manifest(shop.replace(from, to))
    const problemsOf = (options: { readonly ignoresProof?: true }) =>
      createPlan(session, parsed, { populate: true, ...options }).catch((error) => error.problems ?? error)
    const problems = await problemsOf({})
    expect({ title, problems }).toEqual({ title, problems: await problemsOf({ ignoresProof: true }) })
    expect(problems, title).toEqual([expect.objectContaining({ code: expect.any(String) })])
  }
  await source.drop()
})
