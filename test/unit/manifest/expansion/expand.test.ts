// A manifest with its imports and mirrors expanded: the objects, and their places in the text.

import { expect, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../../src/core/errors.ts'
import { expandManifest, type ImportToExpand } from '../../../../src/manifest/expansion/expand.ts'
import { unidentified } from '../../../../src/manifest/expansion/lock.ts'
import { read } from '../reading.ts'

const manifest = `version: 1
name: shop
schemas:
  proxy:
    imports:
      - server: s
        remote_schema: public
        tables:
          orders: { comment: all orders }
    foreign_tables:
      own: { server: s, comment: declared }
mirrors:
  m:
    server: s
    remote_schema: public
    proxy_schema: raw
    schema: local
    refresh: { max_age: 1h }
    tables:
      own: { query: SELECT id FROM raw.own }
`

async function expand(tables: readonly string[], isComplete = true) {
  const parsed = await read(manifest)
  const imported = new Map(tables.map((name) => [name, { server: 's', columns: { id: 'integer' } }]))
  const content = {
    tables: imported,
    types: [],
    indexes: new Map(),
    primaryKeys: new Map(),
    ...unidentified,
    isComplete,
  }
  return expandManifest(
    parsed,
    parsed.requests.map((request): ImportToExpand => ({ request, ...content })),
  )
}

test('imports become foreign tables, mirrors foreign tables and views; a declared table takes precedence', async () => {
  const { expanded, asWritten } = await expand(['orders', 'own'])
  const { proxy, raw, local } = expanded.manifest.schemas ?? {}
  expect(Object.keys(proxy?.foreign_tables ?? {})).toEqual(['own', 'orders'])
  expect(proxy?.foreign_tables?.own).toEqual({ server: 's', comment: 'declared' })
  expect(proxy?.foreign_tables?.orders).toMatchObject({ comment: 'all orders', columns: { id: 'integer' } })
  expect(Object.keys(raw?.foreign_tables ?? {})).toEqual(['orders', 'own'])
  expect(Object.keys(local?.materialized_views ?? {})).toEqual(['orders', 'own'])
  expect(Object.keys(asWritten.manifest.schemas ?? {})).toEqual(['proxy'])
})

test.each([
  ['a table with an entry in the import', ['schemas', 'proxy', 'foreign_tables', 'orders'], 9],
  ['another imported table', ['schemas', 'proxy', 'foreign_tables', 'more'], 6],
  ['a declared table', ['schemas', 'proxy', 'foreign_tables', 'own'], 11],
  ['an attribute in that entry', ['schemas', 'proxy', 'foreign_tables', 'orders', 'comment'], 9],
  ['a column of another imported table', ['schemas', 'proxy', 'foreign_tables', 'more', 'columns', 'id'], 6],
  ['a view of a mirror', ['schemas', 'local', 'materialized_views', 'more'], 13],
  ['the policy of that view', ['schemas', 'local', 'materialized_views', 'more', 'refresh', 'max_age'], 18],
  ['a view with an entry in the mirror', ['schemas', 'local', 'materialized_views', 'own'], 20],
])('the place of %s', async (_, path, line) => {
  const { expanded } = await expand(['orders', 'own', 'more'])
  expect(expanded.place(path)).toMatchObject({ file: 'm.yaml', line })
})

test('a place inside the query of an entry in a mirror', async () => {
  const { expanded } = await expand(['own', 'more'])
  const [own, more] = ['own', 'more'].map((name) => ['schemas', 'local', 'materialized_views', name, 'query'])
  expect(expanded.placeInside(own ?? [], 'SELECT '.length)).toMatchObject({ line: 20, column: 28 })
  expect(expanded.placeInside(more ?? [], 'SELECT '.length)).toMatchObject({ line: 13, column: 3 })
})

test('an import whose source was not asked is expanded, but not resolved', async () => {
  const { expanded, resolutions } = await expand(['orders'], false)
  expect(resolutions).toEqual([])
  expect(Object.keys(expanded.manifest.schemas?.proxy?.foreign_tables ?? {})).toContain('orders')
})

test('a problem of an expanded object has the place of its origin', async () => {
  const error: unknown = await expand(['own', 'x'.repeat(64)]).catch((reason: unknown) => reason)
  if (!(error instanceof FdwsyncError)) throw error
  expect(error.problems.map(formatProblem).join('\n')).toMatch(/m\.yaml:6:9: /)
})
