// What people write who have not read the documentation yet: the error shows what to write.

import { expect, test } from 'vitest'
import { head, localTable, problemsOf, server, table, view } from './reading.ts'

test.each([
  ['options beside options', server('host: db'), 'Write options: { host: … }. Valid keys here: '],
  [
    'a user mapping without a role',
    server('user_mappings: { user: a }'),
    'For example: user_mappings: { etl: { user: ',
  ],
  ['the name of a remote table', table('table: a'), 'Write options: { table_name: … }, or partition_of: { table: … }.'],
  ['the name of a remote schema', table('schema: a'), 'Write options: { schema_name: … }. Valid'],
  ['a list of columns', table('columns: [id int]'), 'For example: columns: { id: bigint, payload: { '],
  [
    'no server',
    `${head}schemas: { a: { foreign_tables: { t: { columns: { a: int } } } } }`,
    'For example: foreign_tables: {',
  ],
  [
    'a query alone',
    `${head}schemas: { a: { materialized_views: { v: SELECT 1 } } }`,
    'materialized_views: { orders: { query: ',
  ],
  ['a list of indexes', view('query: SELECT 1, indexes: [a]'), 'For example: indexes: { orders_id_idx: { '],
  [
    'an index that is a column',
    view('query: SELECT 1, indexes: { i: a }'),
    'For example: indexes: { orders_id_idx: { ',
  ],
  [
    'an index that is a list',
    view('query: SELECT 1, indexes: { i: [a] }'),
    'For example: indexes: { orders_id_idx: { ',
  ],
  [
    'an entry of a list',
    view('query: SELECT 1, indexes: { i: { columns: [[a]] } }'),
    'For example: columns: [customer_id, { ',
  ],
  ['one role for a list', view('query: SELECT 1, grants: { select: a }'), 'For example: grants: { select: ['],
  ['all privileges', view('query: SELECT 1, grants: { all: [a] }'), 'List the privileges: '],
  ['an interval', view('query: SELECT 1, refresh: 5min'), 'For example: refresh: { max_age: 15min, strategy: swap }\n'],
  ['one column for a key', localTable('query: SELECT 1, primary_key: a'), 'For example: primary_key: [id]\n'],
  [
    'a key of the copy in its policy',
    view('query: SELECT 1, refresh: { indexes: {} }'),
    'Write refresh: { … }, indexes: …. Valid',
  ],
  [
    'tables without a schema',
    `${head}tables: {}`,
    'Write schemas: { NAME: { tables: … } }, or mirrors: { NAME: { tables: … } }.',
  ],
  ['a list of extensions', `${head}extensions: [postgres_fdw]`, 'For example: extensions: { postgres_fdw: {} }\n'],
  [
    'the version of an extension',
    `${head}extensions: { postgres_fdw: 1.1 }`,
    'For example: postgres_fdw: { version: "1.1" }\n',
  ],
  ['half a mirror', `${head}mirrors: { m: { server: s } }`, 'proxy_schema: shop_proxy, schema: shop, '],
])('%s', async (_name, text, expected) => expect(`${await problemsOf(text)}\n`).toContain(expected))
