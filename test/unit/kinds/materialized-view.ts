// Materialized views.
import type { ViewColumn } from '../../../src/kinds/materialized-view/columns.ts'
import { type MaterializedViewSpec, materializedView } from '../../../src/kinds/materialized-view/materialized-view.ts'
import { accessRows, grant, liveAccess, openAccess, writtenAccess } from './access.ts'
import { liveSettings, settingsRows } from './columns.ts'
import { commentRows, ignoreRows, protectRows, storageRows, tablespaceRows } from './rows.ts'
import { type KindTable, nothing, type Rows, within } from './table.ts'

const alter = 'ALTER MATERIALIZED VIEW shop.orders'
const column: ViewColumn = { name: 'a', type: 'text', collation: null, ...liveSettings }

const columnRows: Rows<ViewColumn> = {
  name: [[{}, { name: 'B' }, 'columns: a text → "B" text', 'replace']],
  type: [[{}, { type: 'bigint' }, 'columns: a text → a bigint', 'replace']],
  collation: [[{}, { collation: '"C"' }, 'columns: a text → a text COLLATE "C"', 'replace']],
  ...settingsRows(alter, 'shop.orders'),
}

export const materializedViewTable: KindTable<MaterializedViewSpec> = {
  kind: materializedView,
  id: { kind: 'materializedView', schema: 'shop', name: 'orders' },
  spec: {
    ...liveAccess,
    query: 'SELECT a',
    columns: [column],
    accessMethod: 'heap',
    defaultAccessMethod: 'heap',
    tablespace: 'pg_default',
    databaseTablespace: 'pg_default',
    with: {},
    populated: true,
    comment: '',
  },
  compare: {
    query: [
      [{}, { query: 'SELECT b' }, 'query: SELECT a → SELECT b', 'replace'],
      [{}, { query: 'SELECT b', columns: [{ ...column, name: 'b' }] }, 'query: SELECT a → SELECT b', 'replace'],
    ],
    equivalentDeparse: [
      [
        {},
        { query: '( SELECT a )', equivalentDeparse: 'SELECT a' },
        nothing,
        'PostgreSQL shows the same query in two ways',
      ],
    ],
    queryUnderLiveNames: [
      [
        {},
        { query: 'SELECT a AS b', queryUnderLiveNames: 'SELECT a', columns: [{ ...column, name: 'b' }] },
        'column names: a → b',
        `${alter} RENAME COLUMN a TO b`,
      ],
      [
        { columns: [column, { ...column, name: 'b' }] },
        {
          query: 'SELECT b, a',
          queryUnderLiveNames: 'SELECT a',
          columns: [{ ...column, name: 'b' }, column],
        },
        'column names: a, b → b, a',
        `${alter} RENAME COLUMN a TO fdwsync_1; ${alter} RENAME COLUMN b TO fdwsync_2;
         ${alter} RENAME COLUMN fdwsync_1 TO b; ${alter} RENAME COLUMN fdwsync_2 TO a`,
      ],
      [
        {},
        { query: 'SELECT a FROM renamed', queryUnderLiveNames: 'SELECT a' },
        nothing,
        'only the name of what it reads differs',
      ],
    ],
    columns: [
      [{}, { columns: [column, { ...column, name: 'b' }] }, 'columns: a text → a text, b text', 'replace'],
      ...within<ViewColumn, MaterializedViewSpec>(columnRows, (part) => ({ columns: [{ ...column, ...part }] })),
    ],
    declaredColumns: [
      [{}, { declaredColumns: { names: ['b'], settings: {} } }, nothing, 'the probe puts them into query and columns'],
    ],
    accessMethod: [
      [{}, { accessMethod: 'columnar' }, 'access method: heap → columnar', 'replace'],
      [{}, { accessMethod: null }, nothing, 'the default already'],
    ],
    defaultAccessMethod: [
      [{ accessMethod: 'columnar' }, { accessMethod: null }, 'access method: columnar → heap', 'replace'],
    ],
    ...tablespaceRows(alter),
    with: [
      ...storageRows(alter),
      [
        {},
        { with: { 'toast.autovacuum_enabled': 'false' } },
        'with toast.autovacuum_enabled: none → false',
        `${alter} SET (toast.autovacuum_enabled = 'false')`,
      ],
    ],
    hasToast: [[{}, { hasToast: true }, nothing, 'it only decides which parameters are possible']],
    clusterOn: [[{}, { clusterOn: 'orders_a' }, nothing, 'an attribute of the index']],
    populated: [
      [{ populated: false }, {}, 'populated: no → yes', 'populate'],
      [{}, { populated: false }, nothing, 'it is never emptied'],
    ],
    comment: commentRows('MATERIALIZED VIEW shop.orders'),
    ignore: ignoreRows,
    protect: protectRows,
    ...accessRows('MATERIALIZED VIEW shop.orders', 'TABLE shop.orders', 'select'),
  },
  together: [
    [
      {},
      { grants: [grant('select', 'analyst', { column: 'a' }), grant('select', 'analyst', { column: 'B' })] },
      'grant select: none → analyst ("B", a)',
      'GRANT SELECT (a, "B") ON TABLE shop.orders TO analyst',
    ],
    [
      { grants: [grant('select', 'analyst'), grant('select', 'analyst', { column: 'a' })] },
      { grants: [grant('select', 'analyst', { column: 'a' })] },
      'grant select: analyst, analyst (a) → analyst (a)',
      'REVOKE SELECT ON TABLE shop.orders FROM analyst; GRANT SELECT (a) ON TABLE shop.orders TO analyst',
    ],
    [
      { grants: [grant('select', 'analyst', { column: 'a' })] },
      {
        query: 'SELECT a AS b',
        queryUnderLiveNames: 'SELECT a',
        columns: [{ ...column, name: 'b', comment: 'c' }],
        grants: [grant('select', 'analyst', { column: 'b' })],
      },
      ['column names: a → b', 'column b comment: none → c'],
      `${alter} RENAME COLUMN a TO b; COMMENT ON COLUMN shop.orders.b IS 'c'`,
    ],
  ],
  settle: {
    with: [{ fillfactor: '70' }, { fillfactor: '80' }, {}],
    comment: ['new', 'live', ''],
    ...openAccess('select'),
  },
  settleRows: [
    [
      'settings of columns, by name',
      { declaredColumns: { names: [], settings: { a: { comment: 'new' } } } },
      { declaredColumns: { names: [], settings: { b: { comment: 'old' } } } },
      {
        columns: [
          { ...column, comment: 'live', statistics: 100 },
          { ...column, name: 'b', comment: 'live', statistics: 100 },
        ],
      },
      {
        declaredColumns: {
          names: [],
          settings: {
            a: { comment: 'new', statistics: 100, storage: null, compression: null, attributes: {} },
            b: { comment: '', statistics: 100, storage: null, compression: null, attributes: {} },
          },
        },
      },
    ],
  ],
  roundTrips: {
    definition: 'materialized_view',
    unwritten: {
      ignore: 'not in the catalog',
      protect: 'not in the catalog',
      renamed_from: 'done once applied',
      indexes: 'a kind of its own',
      statistics: 'a kind of its own',
      refresh: 'a kind of its own',
    },
    manifest: { schemas: { shop: { materialized_views: { orders: { indexes: { orders_a: { columns: ['a'] } } } } } } },
    stanzas: [
      [{ query: 'SELECT 1 AS a' }, { accessMethod: 'heap', defaultAccessMethod: 'heap' }],
      [
        {
          query: 'SELECT 1 AS a',
          populate: false,
          access_method: 'columnar',
          tablespace: 'fast',
          with: { fillfactor: 70, 'toast.autovacuum_enabled': false },
          cluster_on: 'orders_a',
          columns: {
            a: {
              statistics: 100,
              storage: 'plain',
              compression: 'lz4',
              attributes: { n_distinct: '0.5' },
              comment: 'c',
            },
          },
          comment: 'c',
          ...writtenAccess('select'),
        },
        {
          clusterOn: 'orders_a',
          columns: [
            {
              ...column,
              statistics: 100,
              storage: 'plain',
              compression: 'lz4',
              attributes: { n_distinct: '0.5' },
              comment: 'c',
            },
          ],
        },
      ],
      [
        { query: 'SELECT 1 AS a', grants: { select: [{ role: 'analyst', columns: ['a', 'b'] }] } },
        { accessMethod: null },
      ],
    ],
  },
}
