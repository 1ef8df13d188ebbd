// Materialized views.
import type { CopySpec } from '../../../src/kinds/facets/copy/copy.ts'
import { materializedView } from '../../../src/kinds/materialized-view/materialized-view.ts'
import { accessRows, grant, openAccess, writtenAccess } from './access.ts'
import { column, copyRows, liveCopy } from './copy.ts'
import type { KindTable } from './table.ts'

const alter = 'ALTER MATERIALIZED VIEW shop.orders'
const renames = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([from, to]) => `${alter} RENAME COLUMN ${from} TO ${to}`).join('; ')

export const materializedViewTable: KindTable<CopySpec> = {
  kind: materializedView,
  id: { kind: 'materializedView', schema: 'shop', name: 'orders' },
  spec: liveCopy,
  compare: {
    ...copyRows('MATERIALIZED VIEW', renames),
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
