// Which tables get and lose columns in place. What PostgreSQL makes of it is in the case table-columns-in-place.

import { expect, test } from 'vitest'
import type { ViewColumn } from '../../../src/kinds/facets/copy/columns.ts'
import type { TableSpec } from '../../../src/kinds/table/spec.ts'
import { table } from '../../../src/kinds/table/table.ts'
import { column, liveCopy } from './copy.ts'

const id = { kind: 'table', schema: 'shop', name: 'orders' } as const
const named = (...names: readonly string[]): readonly ViewColumn[] => names.map((name) => ({ ...column, name }))
const spec = (names: readonly string[], more: Partial<TableSpec> = {}): TableSpec => ({
  ...liveCopy,
  query: `SELECT ${names.join(', ')} FROM t`,
  columns: named(...names),
  primaryKey: null,
  notNull: [],
  unlogged: false,
  queryOwner: 'alice',
  ...more,
})
const fieldsOf = async (live: TableSpec, wanted: TableSpec) =>
  (await table.replacement?.alterInstead?.(id, live, wanted))?.map(({ field }) => field)

const key = (...columns: readonly string[]) => ({ name: 'orders_pkey', columns, include: [] })

test.each([
  ['a new column', spec(['a', 'b']), spec(['a', 'b', 'c']), ['query', 'column c']],
  ['a column less', spec(['a', 'b'], { notNull: ['a'] }), spec(['b']), ['query', 'column a']],
  ['a column that was dropped by hand', spec(['a'], { query: 'SELECT a, b FROM t' }), spec(['a', 'b']), ['column b']],
  [
    'a column that was added by hand',
    spec(['a', 'mine'], { query: 'SELECT a FROM t', addedColumns: ['mine'] }),
    spec(['a', 'b']),
    ['query', 'column mine', 'column b'],
  ],
])('%s', async (_, live, wanted, fields) => {
  expect(await fieldsOf(live, wanted)).toEqual(fields)
})

const long = spec(['a', 'b', 'c'])
test.each([
  ['a column between others', spec(['a', 'c']), long],
  ['another type', spec(['a', 'b']), { ...long, columns: [{ ...column, type: 'bigint' }, ...named('b', 'c')] }],
  [
    'a domain, which may refuse NULL',
    spec(['a', 'b']),
    { ...long, columns: [...named('a', 'b'), { ...column, name: 'c', isDomain: true }] },
  ],
  ['a key over the new column', spec(['a', 'b']), { ...long, primaryKey: key('c') }],
  ['a new column that is NOT NULL', spec(['a', 'b']), { ...long, notNull: ['c'] }],
  [
    'a key without the dropped column',
    { ...long, primaryKey: key('a', 'c') },
    spec(['a', 'b'], { primaryKey: key('a') }),
  ],
  ['another reason to rebuild it', spec(['a', 'b']), { ...long, unlogged: true }],
  ['a table that was never loaded', spec(['a', 'b'], { populated: false }), long],
  [
    'a column that somebody else has added and filled',
    spec(['a', 'b'], { query: 'SELECT a FROM t', addedColumns: ['b'] }),
    spec(['a', 'b']),
  ],
])('%s needs a new table', async (_, live, wanted) => {
  expect(await fieldsOf(live, wanted)).toBeUndefined()
})
