// What reads what in a manifest, and that no name in a diagram is markup.

import { expect, test } from 'vitest'
import { graph } from '../../../src/api/graph.ts'
import type { ObjectGraph } from '../../../src/core/object-graph.ts'
import { dot } from '../../../src/render/graph/dot.ts'
import { mermaid } from '../../../src/render/graph/mermaid.ts'
import { read } from '../manifest/reading.ts'

const text = `
version: 1
name: shop
search_path: [local]
servers: { shop: {}, other: {} }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, columns: { id: int } }
      customers: { server: other, columns: { id: int } }
  local:
    materialized_views:
      orders: { query: "WITH c AS (SELECT * FROM proxy.customers) SELECT * FROM proxy.orders JOIN c USING (id)" }
      totals: { query: "SELECT count(*) FROM orders, copies.invoices, elsewhere.unknown" }
  imported:
    imports: [{ server: other, remote_schema: public }]
mirrors:
  invoices: { server: shop, remote_schema: billing, proxy_schema: billing_proxy, schema: copies }
`

function arrows({ nodes, edges }: ObjectGraph): readonly string[] {
  const names = new Map(nodes.map(({ id, kind, name }) => [id, `${kind} ${name}`]))
  return edges.map(([from, to]) => `${names.get(from)} → ${names.get(to)}`)
}

test('from servers over tables, imports and mirrors to views', async () => {
  expect(arrows(await graph(await read(text)))).toEqual([
    'server shop → foreign table proxy.orders',
    'server other → foreign table proxy.customers',
    'server other → import imported from public',
    'server shop → mirror invoices',
    'foreign table proxy.customers → materialized view local.orders',
    'foreign table proxy.orders → materialized view local.orders',
    'materialized view local.orders → materialized view local.totals',
    'mirror invoices → materialized view local.totals',
  ])
})

test('names are escaped, and arrows lead to what reads', () => {
  const name = 'a"];\n<b>#\u202e::error::x'
  const nodes = [{ id: 'x', kind: 'server', name } as const, { id: 'y', kind: 'table', name: 'y' } as const]
  const named: ObjectGraph = { manifest: name, nodes, edges: [['x', 'y']] }
  const escaped = 'a#34;#93;#59;#92;n#60;b#62;#35;#92;u202e#58;#58;error#58;#58;x'
  expect(mermaid(named)).toBe(`flowchart LR\n  n1[("server<br>${escaped}")]\n  n2["table<br>y"]\n  n1 --> n2\n`)
  const shown = String.raw`a\"];\\n<b>#\\u202e::error::x`
  const drawn = [`n1 [shape=cylinder, label="server\\n${shown}"];`, 'n2 [shape=box, label="table\\ny"];', 'n1 -> n2;']
  expect(dot(named)).toBe(`digraph "${shown}" {\n${['rankdir=LR;', ...drawn].map((line) => `  ${line}\n`).join('')}}\n`)
})
