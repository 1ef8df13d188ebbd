// Indexes of materialized views.
import type { IndexColumn } from '../../../src/kinds/index/columns.ts'
import { index } from '../../../src/kinds/index/index-kind.ts'
import type { IndexSpec } from '../../../src/kinds/index/spec.ts'
import { commentRows, protectRows, storageRows, tablespaceRows } from './rows.ts'
import { type KindTable, nothing, type Rows, within } from './table.ts'

const alter = 'ALTER INDEX shop.orders_a'
const view = 'ALTER MATERIALIZED VIEW shop.orders'

/** As the catalog shows it, with everything spelled out. */
const column: IndexColumn = {
  column: 'a',
  expression: null,
  collation: null,
  operatorClass: { schema: 'pg_catalog', name: 'int8_ops' },
  parameters: {},
  statistics: null,
  order: 'asc',
  nulls: 'last',
}

const inDefaultTablespace = { tablespace: 'pg_default', databaseTablespace: 'pg_default' }

const columnRows: Rows<IndexColumn> = {
  column: [[{}, { column: 'B' }, 'columns: a int8_ops asc nulls last → "B" int8_ops asc nulls last', 'replace']],
  expression: [
    [
      {},
      { column: null, expression: 'lower(a)' },
      'columns: a int8_ops asc nulls last → (lower(a)) int8_ops asc nulls last',
      'replace',
    ],
  ],
  collation: [
    [
      {},
      { collation: { schema: 'pg_catalog', name: 'C' } },
      'columns: a int8_ops asc nulls last → a collate "C" int8_ops asc nulls last',
      'replace',
    ],
  ],
  operatorClass: [
    [
      {},
      { operatorClass: { schema: 'tools', name: 'own_ops' } },
      'columns: a int8_ops asc nulls last → a tools.own_ops asc nulls last',
      'replace',
    ],
  ],
  parameters: [
    [
      {},
      { parameters: { siglen: '16' } },
      `columns: a int8_ops asc nulls last → a int8_ops (siglen = '16') asc nulls last`,
      'replace',
    ],
  ],
  order: [[{}, { order: 'desc' }, 'columns: a int8_ops asc nulls last → a int8_ops desc nulls last', 'replace']],
  nulls: [[{}, { nulls: 'first' }, 'columns: a int8_ops asc nulls last → a int8_ops asc nulls first', 'replace']],
  statistics: [
    [{}, { statistics: 100 }, 'column 1 statistics: none → 100', `${alter} ALTER COLUMN 1 SET STATISTICS 100`],
    [{ statistics: 100 }, {}, 'column 1 statistics: 100 → none', `${alter} ALTER COLUMN 1 SET STATISTICS -1`],
    [{ statistics: 100 }, { statistics: undefined }, nothing, 'not declared'],
  ],
}

export const indexTable: KindTable<IndexSpec> = {
  kind: index,
  id: { kind: 'index', schema: 'shop', name: 'orders_a' },
  spec: {
    on: { kind: 'materializedView', schema: 'shop', name: 'orders' },
    method: 'btree',
    unique: false,
    columns: [column],
    include: [],
    where: null,
    nullsNotDistinct: false,
    with: {},
    ...inDefaultTablespace,
    clusterOn: null,
    valid: true,
    comment: '',
  },
  compare: {
    on: [
      [
        {},
        { on: { kind: 'materializedView', schema: 'shop', name: 'items' } },
        'on: shop.orders → shop.items',
        'replace',
      ],
    ],
    method: [[{}, { method: 'hash' }, 'method: btree → hash', 'replace']],
    underLiveNames: [
      [
        { where: '(old > 0)' },
        { where: '(new > 0)', underLiveNames: { expressions: [], where: '(old > 0)' } },
        nothing,
        'only a column of the view is renamed',
      ],
      [
        { where: '(old > 1)' },
        { where: '(new > 0)', underLiveNames: { expressions: [], where: '(old > 0)' } },
        'where: (old > 1) → (new > 0)',
        'replace',
      ],
    ],
    unique: [[{}, { unique: true }, 'unique: no → yes', 'replace']],
    columns: [
      [
        {},
        { columns: [column, { ...column, column: 'b' }] },
        'columns: a int8_ops asc nulls last → a int8_ops asc nulls last, b int8_ops asc nulls last',
        'replace',
      ],
      ...within<IndexColumn, IndexSpec>(columnRows, (part) => ({ columns: [{ ...column, ...part }] })),
    ],
    include: [[{}, { include: ['b', 'C'] }, 'include: none → b, "C"', 'replace']],
    where: [[{}, { where: '(a > 0)' }, 'where: none → (a > 0)', 'replace']],
    nullsNotDistinct: [[{}, { nullsNotDistinct: true }, 'nulls distinct: yes → no', 'replace']],
    valid: [[{ valid: false }, {}, 'valid: no → yes', 'replace']],
    with: storageRows(alter),
    ...tablespaceRows(alter),
    clusterOn: [
      [{}, { clusterOn: 'orders_a' }, 'cluster: no → yes', `${view} CLUSTER ON orders_a`],
      [{ clusterOn: 'orders_a' }, {}, 'cluster: yes → no', `${view} SET WITHOUT CLUSTER`],
      [{ clusterOn: 'orders_a' }, { clusterOn: 'other' }, nothing, 'the mark moves when the other index gets it'],
      [{ clusterOn: 'orders_a' }, { clusterOn: undefined }, nothing, 'not declared'],
    ],
    definition: [[{}, { definition: 'CREATE INDEX …' }, nothing, 'its parts are compared']],
    comment: commentRows('INDEX shop.orders_a'),
    protect: protectRows,
  },
  settle: {
    with: [{ fillfactor: '70' }, { fillfactor: '80' }, {}],
    clusterOn: ['a', 'b', null],
    comment: ['new', 'live', ''],
  },
  settleRows: [
    [
      'the statistics target of each column',
      { columns: [{ ...column, statistics: undefined }] },
      undefined,
      { columns: [{ ...column, statistics: 100 }] },
      { columns: [{ ...column, statistics: 100 }] },
    ],
    [
      'a statistics target that is no longer declared',
      { columns: [{ ...column, statistics: undefined }] },
      { columns: [{ ...column, statistics: 100 }] },
      { columns: [{ ...column, statistics: 100 }] },
      { columns: [{ ...column, statistics: null }] },
    ],
  ],
  roundTrips: {
    definition: 'index',
    unwritten: { protect: 'not in the catalog', renamed_from: 'done once applied' },
    manifest: { schemas: { shop: { materialized_views: { orders: { query: 'SELECT 1 AS a, 2 AS b' } } } } },
    stanzas: [
      [{ columns: ['a'] }, { columns: [column], ...inDefaultTablespace }],
      [
        { method: 'hash', columns: ['a'] },
        { columns: [{ ...column, order: null, nulls: null }], ...inDefaultTablespace },
      ],
      [
        {
          unique: true,
          columns: ['a', { column: 'b', order: 'desc', nulls: 'last' }],
          include: ['c'],
          where: 'a > 0',
          nulls_not_distinct: true,
          with: { fillfactor: 70 },
          tablespace: 'fast',
          comment: 'c',
        },
        { columns: [column, { ...column, column: 'b', order: 'desc' }], where: '(a > 0)' },
      ],
      [
        {
          columns: [
            { expression: 'lower(a)', statistics: 100 },
            {
              column: 'b',
              collation: { schema: 'public', name: 'german' },
              operator_class: { name: 'gist_trgm_ops', parameters: { siglen: 16 } },
              nulls: 'first',
            },
          ],
        },
        {
          ...inDefaultTablespace,
          definition: 'CREATE INDEX … (lower(a), b COLLATE german gist_trgm_ops (siglen=16) NULLS FIRST)',
          columns: [
            { ...column, column: null, expression: 'lower(a)', statistics: 100 },
            {
              ...column,
              column: 'b',
              collation: { schema: 'public', name: 'german' },
              operatorClass: { schema: 'pg_catalog', name: 'gist_trgm_ops' },
              parameters: { siglen: '16' },
              nulls: 'first',
            },
          ],
        },
      ],
    ],
  },
}
