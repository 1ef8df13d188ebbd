// Imports and mirrors: their problems, their requests, and the names of mirrored indexes.

import { expect, test } from 'vitest'
import { addImports } from '../../../../src/manifest/expansion/imports.ts'
import { unidentified } from '../../../../src/manifest/expansion/lock.ts'
import { addMirrors } from '../../../../src/manifest/expansion/mirrors.ts'
import { head, problemsOf, read } from '../reading.ts'

const imports = (more: string) => `${head}schemas: { p: { imports: [{ server: s, remote_schema: r, ${more} }] } }\n`
const mirror = (more: string, schema = 'l') =>
  `${head}mirrors: { m: { server: s, remote_schema: r, proxy_schema: p, schema: ${schema}, ${more} } }\n`

test.each([
  [imports('limit_to: [a], except: [b]'), 'limit_to and except cannot be combined'],
  [mirror('limit_to: [a], except: [b]'), 'limit_to and except cannot be combined'],
  [mirror('options: {}', 'p'), 'schema and proxy_schema must differ'],
  [mirror('types_schema: t'), 'types_schema has no meaning without types: copy'],
  [mirror('indexes: { each: [{ columns: [{ expression: a + b }] }] }'), 'must name a column'],
  [mirror('indexes: { each: [{ columns: [{ column: a }], where: a b }] }'), 'expected exactly one expression'],
  [mirror('tables: { a: { query: DELETE FROM a } }'), 'a query must be a SELECT'],
  [imports('tables: { a: { columns: { b: int int } } }'), 'expected exactly one type'],
  [mirror('tables: { a: { primary_key: [id] } }'), 'only a table can have "primary_key"'],
  [mirror('as: tables, tables: { a: { as: materialized_views, unlogged: true } }'), 'only a table can have "unlogged"'],
  [mirror('as: tables, tables: { a: { primary_key: [""] } }'), 'primary_key'],
  [imports('limit_to: [""]'), 'limit_to'],
  [imports('types: all'), '"types" must be copy'],
])('%s', async (text, message) => expect(await problemsOf(text)).toContain(message))

test('an excluded table is not requested', async () => {
  const { requests } = await read(mirror('limit_to: [a, b], tables: { a: { exclude: true } }'))
  expect(requests).toMatchObject([{ limitTo: ['b'], except: [], schema: 'p', withIndexes: false }])
})

test('indexes are named as PostgreSQL would name them, without duplicates', async () => {
  const long = 'a_table_whose_name_is_as_long_as_a_name_may_be_in_postgresql_123'.slice(0, 63)
  const { manifest, requests } = await read(
    mirror('indexes: { each: [{ columns: [a, b] }, { columns: [b, a], unique: true }] }'),
  )
  const columns = { a: 'int', b: 'int' }
  const tables = new Map([
    ['t', { server: 's', columns }],
    [long, { server: 's', columns }],
    ['t_a_b_idx', { server: 's' }],
  ])
  const [request] = requests
  const imported = addImports(manifest, request ? [{ request, tables, types: [], formerNames: new Map() }] : [])
  const all = [{ name: 'm', tables, indexes: new Map(), primaryKeys: new Map(), isComplete: true, ...unidentified }]
  const { materialized_views: views = {} } = addMirrors(imported.manifest, all).manifest.schemas?.l ?? {}
  expect(Object.values(views).flatMap(({ indexes }) => Object.keys(indexes ?? {}))).toEqual([
    't_a_b_idx1',
    't_b_a_idx',
    'a_table_whose_name_is_as_long_as_a_name_may_be_in_postg_a_b_idx',
    'a_table_whose_name_is_as_long_as_a_name_may_be_in_postg_b_a_idx',
  ])
})
