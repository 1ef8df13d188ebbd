// Tables with a query.

import { newAccess, relationAccess } from '../../../src/kinds/facets/access.ts'
import { giveSourceView } from '../../../src/kinds/facets/copy/source-view.ts'
import type { TableSpec } from '../../../src/kinds/table/spec.ts'
import { table } from '../../../src/kinds/table/table.ts'
import { accessRows, openAccess, writtenAccess } from './access.ts'
import { column, copyRows, liveCopy } from './copy.ts'
import { type KindTable, nothing, type Row } from './table.ts'

const alter = 'ALTER TABLE shop.orders'
const viewName = 'fdwsync_source."shop.orders"'
const view = `VIEW ${viewName}`
const viewAccess = relationAccess({ kind: 'view', schema: 'fdwsync_source', name: 'shop.orders' })
const key = { name: 'orders_pkey', columns: ['a'], include: [] }
const renames = (...pairs: readonly (readonly [string, string])[]) =>
  pairs
    .map(([from, to]) => `${alter} RENAME COLUMN ${from} TO ${to}; ALTER ${view} RENAME COLUMN ${from} TO ${to}`)
    .join('; ')

/** By way of the schema of the table, in which the new owner may create views. */
const giveView = (owner: string) =>
  giveSourceView({ schema: 'fdwsync_source', name: 'shop.orders' }, 'shop', owner).join('; ')

const access = accessRows('TABLE shop.orders', 'TABLE shop.orders', 'select')

/** The query belongs to the owner of the table: each row of that one, followed by what changes the view. */
const ownerRows: readonly [Row<TableSpec>, ...Row<TableSpec>[]] = [
  [
    {},
    { owner: 'bob' },
    ['owner: alice → bob', 'owner of the query: alice → bob'],
    `${alter} OWNER TO bob; ${giveView('bob')}`,
  ],
  [
    {},
    { owner: null },
    ['owner: alice → the applying role', 'owner of the query: alice → the applying role'],
    `${alter} OWNER TO CURRENT_USER; ALTER ${view} OWNER TO CURRENT_USER`,
  ],
  [{}, { owner: undefined }, nothing, 'not declared'],
]

export const tableTable: KindTable<TableSpec> = {
  kind: table,
  id: { kind: 'table', schema: 'shop', name: 'orders' },
  spec: { ...liveCopy, primaryKey: null, notNull: [], unlogged: false, queryOwner: 'alice' },
  compare: {
    ...copyRows('TABLE', renames),
    ...access,
    owner: ownerRows,
    ownedByCurrentRole: [[{ ownedByCurrentRole: true }, { owner: null }, nothing, 'the applying role already']],
    queryOwner: [
      // With a context, since no manifest declares it: it is always drift.
      [{ queryOwner: 'mallory' }, {}, 'owner of the query: mallory → alice', giveView('alice'), { last: {} }],
    ],
    primaryKey: [
      [
        {},
        { primaryKey: key },
        'primary key: none → orders_pkey PRIMARY KEY (a)',
        `${alter} ADD CONSTRAINT orders_pkey PRIMARY KEY (a)`,
      ],
      [
        { primaryKey: key },
        { primaryKey: { ...key, include: ['B'] } },
        'primary key: orders_pkey PRIMARY KEY (a) → orders_pkey PRIMARY KEY (a) INCLUDE ("B")',
        `${alter} DROP CONSTRAINT orders_pkey, ADD CONSTRAINT orders_pkey PRIMARY KEY (a) INCLUDE ("B")`,
      ],
      [
        { primaryKey: key },
        { primaryKey: { ...key, name: 'the key' } },
        'primary key: orders_pkey PRIMARY KEY (a) → "the key" PRIMARY KEY (a)',
        `${alter} RENAME CONSTRAINT orders_pkey TO "the key"`,
      ],
      [
        { primaryKey: key },
        {},
        ['primary key: orders_pkey PRIMARY KEY (a) → none', 'column a not null: yes → no'],
        `${alter} DROP CONSTRAINT orders_pkey, ALTER COLUMN a DROP NOT NULL`,
      ],
    ],
    notNull: [
      [{}, { notNull: ['B'] }, 'column B not null: no → yes', `${alter} ALTER COLUMN "B" SET NOT NULL`],
      [{ notNull: ['a'] }, {}, 'column a not null: yes → no', `${alter} ALTER COLUMN a DROP NOT NULL`],
    ],
    unlogged: [[{}, { unlogged: true }, 'unlogged: no → yes', 'replace']],
    addedColumns: [[{}, { addedColumns: ['mine'] }, nothing, 'columns shows them']],
    formerNames: [[{ formerNames: { key: 'id' } }, {}, nothing, 'columns are shown under their declared names']],
    hasRows: [[{}, { hasRows: true }, nothing, 'rows are no part of the definition']],
    adopt: [[{}, { adopt: true }, nothing, 'it decides whether an unmanaged table is read at all']],
    isUnmanaged: [
      // With a context, since there is no earlier declaration.
      [
        { isUnmanaged: true, query: '', hasRows: true },
        {},
        [
          'managed: no → yes, with its rows: the next refresh writes and deletes those that differ',
          'query: none → SELECT a',
        ],
        [
          `${alter} SET (user_catalog_table = 'false')`,
          `DROP VIEW IF EXISTS ${viewName}`,
          `CREATE ${view} AS SELECT a`,
          `GRANT SELECT ON ${viewName} TO CURRENT_USER`,
          `COMMENT ON ${view} IS 'not loaded'`,
          ...newAccess(viewAccess, { grants: [], revokedFromOwner: [] }).map((each) => each.sql),
          giveView('alice'),
          `COMMENT ON ${view} IS NULL`,
        ].join('; '),
        { last: {} },
      ],
      [
        { isUnmanaged: true, query: '' },
        { columns: [{ ...column, name: 'b' }] },
        ['managed: no → yes', 'query: none → SELECT a', 'columns: a text → b text'],
        'replace',
        { last: {} },
      ],
    ],
    isStandIn: [[{}, { isStandIn: true }, nothing, 'it decides where a stand-in has its query']],
  },
  settle: {
    with: [{ fillfactor: '70' }, { fillfactor: '80' }, {}],
    comment: ['new', 'live', ''],
    ...openAccess('select'),
  },
  roundTrips: {
    definition: 'table',
    unwritten: {
      protect: 'not in the catalog',
      ignore: 'not in the catalog',
      adopt: 'done once applied',
      renamed_from: 'done once applied',
      indexes: 'a kind of its own',
      statistics: 'a kind of its own',
      refresh: 'a kind of its own',
    },
    manifest: { schemas: { shop: { tables: { orders: { indexes: { orders_a: { columns: ['a'] } } } } } } },
    stanzas: [
      [{ query: 'SELECT 1 AS a' }, { accessMethod: 'heap', defaultAccessMethod: 'heap' }],
      [
        {
          query: 'SELECT 1 AS a',
          primary_key: ['a'],
          unlogged: true,
          populate: false,
          access_method: 'columnar',
          tablespace: 'fast',
          with: { fillfactor: 70 },
          cluster_on: 'orders_a',
          columns: { a: { comment: 'c' } },
          comment: 'c',
          ...writtenAccess('select'),
        },
        { clusterOn: 'orders_a', columns: [{ ...column, comment: 'c' }] },
      ],
      [{ query: 'SELECT 1 AS a', primary_key: { name: 'key', columns: ['a'] }, not_null: ['b', 'c'] }, {}],
    ],
  },
}
