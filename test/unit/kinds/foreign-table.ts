// Foreign tables, their columns, checks and parents.
import type { Check } from '../../../src/kinds/facets/columns/checks.ts'
import type { Column } from '../../../src/kinds/facets/columns/columns.ts'
import { foreignTable } from '../../../src/kinds/foreign-table/foreign-table.ts'
import type { ForeignTableSpec } from '../../../src/kinds/foreign-table/spec.ts'
import { accessRows, grant, liveAccess, openAccess, writtenAccess } from './access.ts'
import { liveSettings, settingsRows } from './columns.ts'
import { commentRows, ignoreRows, namedSecretRows, protectRows, secretOptionRows } from './rows.ts'
import { type KindTable, nothing, type Rows, within } from './table.ts'

const alter = 'ALTER FOREIGN TABLE p.orders'
const alterOnly = 'ALTER FOREIGN TABLE ONLY p.orders'
// The statement with the secret must not wait for the lock.
const lock = `${alter} SET WITHOUT OIDS; `
const base = { schema: 'public', name: 'base' }
const partitioned = { schema: 'public', name: 'partitioned' }

const column: Column = {
  ...liveSettings,
  type: 'text',
  collation: null,
  notNull: false,
  notNullMark: null,
  default: null,
  generated: null,
  virtual: false,
  options: {},
  inheritedFrom: [],
  isLocal: false,
  parents: null,
}

const columnRows: Rows<Column> = {
  type: [
    [{}, { type: 'bigint' }, 'column a type: text → bigint', `${alter} ALTER COLUMN a TYPE bigint`],
    [
      {},
      { type: 'bigint' },
      'column a type: text → bigint',
      `${alter} ALTER COLUMN a TYPE int8`,
      { declared: { type: 'int8' } },
    ],
    [
      { default: `'x'::text` },
      { type: 'bigint', default: '1' },
      ['column a type: text → bigint', `column a default: 'x'::text → 1`],
      `${alter} ALTER COLUMN a DROP DEFAULT, ALTER COLUMN a TYPE bigint; ${alterOnly} ALTER COLUMN a SET DEFAULT (1)`,
    ],
    [
      { default: `'x'::text` },
      { type: 'bigint' },
      ['column a type: text → bigint', `column a default: 'x'::text → none`],
      `${alter} ALTER COLUMN a DROP DEFAULT, ALTER COLUMN a TYPE bigint`,
    ],
  ],
  collation: [
    [
      {},
      { collation: { schema: 'pg_catalog', name: 'C' } },
      'column a type: text → text COLLATE "C"',
      `${alter} ALTER COLUMN a TYPE text COLLATE pg_catalog."C"`,
    ],
  ],
  notNull: [
    [{}, { notNull: true }, 'column a not null: no → yes', `${alter} ALTER COLUMN a SET NOT NULL`],
    [{ notNull: true }, {}, 'column a not null: yes → no', `${alterOnly} ALTER COLUMN a DROP NOT NULL`],
  ],
  notNullMark: [
    [
      { notNull: true },
      { notNull: true, notNullMark: 'NO INHERIT' },
      'column a not null: yes → yes, NO INHERIT',
      `${alter} ALTER COLUMN a DROP NOT NULL, ADD NOT NULL a NO INHERIT`,
    ],
    [
      { notNull: true, notNullMark: 'NOT VALID' },
      { notNull: true },
      'column a not null: yes, NOT VALID → yes',
      `${alter} ALTER COLUMN a SET NOT NULL`,
    ],
    [
      {},
      { notNull: true, notNullMark: 'NOT VALID' },
      'column a not null: no → yes, NOT VALID',
      `${alter} ADD NOT NULL a NOT VALID`,
    ],
  ],
  nullable: [[{}, { nullable: true }, nothing, 'it only contradicts a NOT NULL of a parent']],
  default: [
    [{}, { default: '1' }, 'column a default: none → 1', `${alterOnly} ALTER COLUMN a SET DEFAULT (1)`],
    [{ default: '1' }, {}, 'column a default: 1 → none', `${alterOnly} ALTER COLUMN a DROP DEFAULT`],
    [
      {},
      { default: 'CURRENT_DATE' },
      'column a default: none → CURRENT_DATE',
      `${alterOnly} ALTER COLUMN a SET DEFAULT (as_written())`,
      { declared: { default: 'as_written()' } },
    ],
  ],
  generated: [
    [
      {},
      { generated: 'lower(b)' },
      'column a: text → text generated as lower(b)',
      `${alter} DROP COLUMN a, ADD COLUMN a text GENERATED ALWAYS AS (lower(b)) STORED`,
    ],
    [{ generated: 'lower(b)' }, {}, 'column a generated: lower(b) → none', `${alter} ALTER COLUMN a DROP EXPRESSION`],
    [
      { generated: 'lower(b)' },
      { generated: 'upper(b)' },
      'column a: text generated as lower(b) → text generated as upper(b)',
      `${alter} DROP COLUMN a, ADD COLUMN a text GENERATED ALWAYS AS (upper(b)) STORED`,
    ],
  ],
  virtual: [
    [
      { generated: 'lower(b)' },
      { generated: 'lower(b)', virtual: true },
      'column a: text generated as lower(b) → text generated virtual as lower(b)',
      `${alter} DROP COLUMN a, ADD COLUMN a text GENERATED ALWAYS AS (lower(b)) VIRTUAL`,
    ],
    [
      { generated: 'lower(b)', virtual: true },
      {},
      'column a: text generated virtual as lower(b) → text',
      `${alter} DROP COLUMN a, ADD COLUMN a text`,
    ],
  ],
  identity: [
    [
      { notNull: true },
      { notNull: true, identity: 'always' },
      'column a identity: none → always',
      `${alter} ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY`,
    ],
    [
      { notNull: true, identity: 'always' },
      { notNull: true, identity: 'by default' },
      'column a identity: always → by default',
      `${alter} ALTER COLUMN a SET GENERATED BY DEFAULT`,
    ],
    [
      { notNull: true, identity: 'by default' },
      { identity: null },
      ['column a identity: by default → none', 'column a not null: yes → no'],
      `${alter} ALTER COLUMN a DROP IDENTITY; ${alterOnly} ALTER COLUMN a DROP NOT NULL`,
    ],
    [{}, { identity: null }, nothing, 'a wanted column of an older release has none'],
  ],
  options: [
    [
      {},
      { options: { column_name: "x'y" } },
      `column a option column_name: none → x'y`,
      `${alter} ALTER COLUMN a OPTIONS (ADD column_name 'x''y')`,
    ],
    [
      { options: { column_name: 'x' } },
      { options: { column_name: 'y' } },
      'column a option column_name: x → y',
      `${alter} ALTER COLUMN a OPTIONS (SET column_name 'y')`,
    ],
    [
      { options: { column_name: 'x' } },
      {},
      'column a option column_name: x → none',
      `${alter} ALTER COLUMN a OPTIONS (DROP column_name)`,
    ],
  ],
  inheritedFrom: [
    [
      { inheritedFrom: [base] },
      { inheritedFrom: [base], default: '1' },
      'column a default: none → 1',
      `${alterOnly} ALTER COLUMN a SET DEFAULT (1)`,
      { declared: { default: '1' } },
    ],
    [
      { inheritedFrom: [base], default: "'e'::text" },
      { inheritedFrom: [base], default: "'a'::text" },
      "column a default: 'e'::text → 'a'::text",
      `${alterOnly} ALTER COLUMN a SET DEFAULT ('a'::text)`,
    ],
  ],
  isLocal: [[{}, { isLocal: true }, nothing, 'it only decides what becomes of an inherited column']],
  parents: [[{}, { parents: { notNull: true, value: '1' } }, nothing, 'it only decides what an export writes']],
  ...settingsRows(alterOnly, 'p.orders'),
}

const check: Check = { expression: '(a > 0)', noInherit: false, mark: null, inheritedFrom: [], comment: '' }

const checkRows: Rows<Check> = {
  expression: [
    [
      {},
      { expression: '(a > 1)' },
      'check positive: (a > 0) → (a > 1)',
      `${alter} DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (a > 1)`,
    ],
  ],
  noInherit: [
    [
      {},
      { noInherit: true },
      'check positive: (a > 0) → (a > 0) NO INHERIT',
      `${alter} DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (a > 0) NO INHERIT`,
    ],
  ],
  mark: [
    [{ mark: 'NOT VALID' }, {}, 'check positive: (a > 0) NOT VALID → (a > 0)', `${alter} VALIDATE CONSTRAINT positive`],
    [
      {},
      { mark: 'NOT ENFORCED' },
      'check positive: (a > 0) → (a > 0) NOT ENFORCED',
      `${alter} DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (a > 0) NOT ENFORCED`,
    ],
  ],
  inheritedFrom: [[{ inheritedFrom: [base] }, { inheritedFrom: [base] }, nothing, 'only the parent can change it']],
  comment: commentRows('CONSTRAINT positive ON p.orders', 'check positive comment'),
}

const other: Column = { ...column, type: 'date' }

export const foreignTableTable: KindTable<ForeignTableSpec> = {
  kind: foreignTable,
  id: { kind: 'foreignTable', schema: 'p', name: 'orders' },
  spec: {
    ...liveAccess,
    server: 'shop',
    options: {},
    columns: { a: column },
    checks: {},
    comment: '',
    inherits: [],
    partitionOf: null,
  },
  compare: {
    server: [[{}, { server: 'archive' }, 'server: shop → archive', 'replace']],
    options: [
      [{}, { options: { a: "x'y" } }, `option a: none → x'y`, `${alter} OPTIONS (ADD a 'x''y')`],
      [{ options: { a: 'x' } }, { options: { a: '' } }, 'option a: x → ', `${alter} OPTIONS (SET a '')`],
      [{ options: { a: 'x' } }, {}, 'option a: x → none', `${alter} OPTIONS (DROP a)`],
      ...secretOptionRows(alter, lock),
    ],
    columns: [
      [
        {},
        { columns: { a: column, B: { ...other, notNull: true, default: 'now()', options: { x: '1' }, comment: 'c' } } },
        ['column B: none → date', 'column B comment: none → c'],
        `${alter} ADD COLUMN "B" date OPTIONS (x '1') NOT NULL DEFAULT (now()); COMMENT ON COLUMN p.orders."B" IS 'c'`,
      ],
      [{ columns: { a: column, b: other } }, {}, 'column b: date → none', `${alter} DROP COLUMN b`],
      [
        { columns: { a: column, b: other } },
        { columns: { b: other, a: column } },
        nothing,
        'the order is settled before',
      ],
      [
        { columns: { a: column, b: { ...column, generated: 'lower(a)' } } },
        { columns: { a: { ...column, type: 'varchar' }, b: { ...column, generated: 'lower(a)' } } },
        ['column b: text generated as lower(a) → text generated as lower(a)', 'column a type: text → varchar'],
        `${alter} DROP COLUMN b, ADD COLUMN b text GENERATED ALWAYS AS (lower(a)) STORED, ALTER COLUMN a TYPE varchar`,
      ],
      ...within<Column, ForeignTableSpec>(columnRows, (part) => ({ columns: { a: { ...column, ...part } } })),
    ],
    checks: [
      [
        {},
        { checks: { positive: { ...check, comment: 'c' } } },
        ['check positive: none → (a > 0)', 'check positive comment: none → c'],
        `${alter} ADD CONSTRAINT positive CHECK (a > 0); COMMENT ON CONSTRAINT positive ON p.orders IS 'c'`,
      ],
      [
        { checks: { positive: check } },
        {},
        'check positive: (a > 0) → none',
        `${alter} DROP CONSTRAINT IF EXISTS positive`,
      ],
      ...within<Check, ForeignTableSpec>(checkRows, (part) => ({ checks: { positive: { ...check, ...part } } })),
    ],
    inherits: [
      [{}, { inherits: [base] }, 'inherits: none → public.base', `${alter} INHERIT public.base`],
      [{ inherits: [base] }, {}, 'inherits: public.base → none', `${alter} NO INHERIT public.base`],
      [
        { inherits: [base], columns: { a: column, b: { ...other, inheritedFrom: [base] } } },
        { inherits: [base] },
        nothing,
        'the columns of a parent that stays are not compared',
        { declared: {} },
      ],
    ],
    partitionOf: [
      [
        {},
        { partitionOf: { parent: partitioned, bound: "FOR VALUES IN ('a')" } },
        `partition of: none → public.partitioned FOR VALUES IN ('a')`,
        `ALTER TABLE public.partitioned ATTACH PARTITION p.orders FOR VALUES IN ('a')`,
      ],
      [
        { partitionOf: { parent: partitioned, bound: 'DEFAULT' } },
        {},
        'partition of: public.partitioned DEFAULT → none',
        'ALTER TABLE public.partitioned DETACH PARTITION p.orders',
      ],
      [
        { partitionOf: { parent: partitioned, bound: 'FOR VALUES IN (1)' } },
        { partitionOf: { parent: partitioned, bound: 'FOR VALUES IN (2)' } },
        'partition of: public.partitioned FOR VALUES IN (1) → public.partitioned FOR VALUES IN (2)',
        `ALTER TABLE public.partitioned DETACH PARTITION p.orders;
         ALTER TABLE public.partitioned ATTACH PARTITION p.orders FOR VALUES IN (2)`,
      ],
    ],
    secretOptions: namedSecretRows(alter, lock),
    liveColumns: [[{}, { liveColumns: ['a'] }, nothing, 'it only keeps the order of columns']],
    textsAsLive: [
      [
        { columns: { b: { ...column, generated: 'lower(b)' } }, checks: { positive: check } },
        {
          columns: { b: { ...column, generated: 'lower(renamed)' } },
          checks: { positive: { ...check, expression: '(renamed > 0)' } },
          textsAsLive: { generated: { b: 'lower(b)' }, checks: { positive: '(a > 0)' } },
        },
        nothing,
        'the expressions differ in nothing but the names of columns',
      ],
    ],
    comment: commentRows('FOREIGN TABLE p.orders'),
    ignore: ignoreRows,
    protect: protectRows,
    ...accessRows('FOREIGN TABLE p.orders', 'TABLE p.orders', 'select'),
  },
  together: [
    [
      { options: { x: '1', y: '2' }, columns: { a: column, b: other, c: column }, checks: { positive: check } },
      {
        options: { x: '2' },
        columns: { a: { ...column, type: 'bigint', options: { n: '1' } }, c: { ...column, notNull: true }, d: other },
      },
      [
        'option x: 1 → 2',
        'option y: 2 → none',
        'column b: date → none',
        'column a type: text → bigint',
        'column a option n: none → 1',
        'column c not null: no → yes',
        'column d: none → date',
        'check positive: (a > 0) → none',
      ],
      `${alter} OPTIONS (SET x '2'), OPTIONS (DROP y), DROP COLUMN b, ALTER COLUMN a TYPE bigint,
       ALTER COLUMN a OPTIONS (ADD n '1'), ALTER COLUMN c SET NOT NULL, ADD COLUMN d date,
       DROP CONSTRAINT IF EXISTS positive`,
    ],
    [
      { inherits: [base], columns: { a: { ...column, inheritedFrom: [base] } } },
      { columns: { a: { ...column, type: 'bigint' } } },
      ['inherits: public.base → none', 'column a type: text → bigint'],
      `${alter} NO INHERIT public.base; ${alter} ALTER COLUMN a TYPE bigint`,
    ],
    [
      { columns: { a: column, b: other }, grants: [grant('select', 'analyst', { column: 'b' })] },
      { grants: [] },
      'column b: date → none',
      `${alter} DROP COLUMN b`,
    ],
  ],
  settle: { comment: ['new', 'live', ''], ...openAccess('select') },
  settleRows: [
    [
      'existing columns keep their place, new ones come last',
      { columns: { c: other, b: other, a: column } },
      undefined,
      { columns: { a: column, x: column, b: other } },
      { columns: { a: column, b: other, c: { ...other } }, liveColumns: ['a', 'x', 'b'] },
    ],
    [
      'settings of columns and comments of checks',
      { columns: { a: { ...column, statistics: undefined } }, checks: { positive: { ...check, comment: undefined } } },
      { columns: { a: { ...column, statistics: 50 } }, checks: {} },
      { columns: { a: { ...column, statistics: 50 } }, checks: { positive: { ...check, comment: 'live' } } },
      { columns: { a: { ...column, statistics: null } }, checks: { positive: { ...check, comment: 'live' } } },
    ],
  ],
  roundTrips: {
    definition: 'foreign_table',
    unwritten: { ignore: 'not in the catalog', protect: 'not in the catalog', renamed_from: 'done once applied' },
    stanzas: [
      [{ server: 'shop' }],
      [
        {
          server: 'api',
          options: { token: '${env:P_ORDERS_TOKEN}', license: '${env:P_ORDERS_LICENSE}' },
          secret_options: ['license'],
          columns: { a: { type: 'bigint', options: { api_key: '${env:P_ORDERS_A_API_KEY}' } } },
        },
      ],
      [
        {
          server: 'shop',
          options: { schema_name: 'public', fetch_size: 100 },
          columns: {
            a: 'bigint',
            b: {
              type: 'text',
              not_null: true,
              default: `'x'`,
              collation: { schema: 'public', name: 'german' },
              options: { column_name: 'bb' },
              statistics: 100,
              storage: 'plain',
              attributes: { n_distinct: '0.5' },
              comment: 'c',
            },
            c: { type: 'text', generated: 'lower(b)', not_null: { no_inherit: true } },
            d: { type: 'text', generated: { expression: 'lower(b)', virtual: true }, not_null: { not_valid: true } },
          },
          checks: {
            positive: 'a > 0',
            marked: { expression: 'a > 1', no_inherit: true, not_valid: true, comment: 'c' },
            unenforced: { expression: 'a > 2', not_enforced: true },
          },
          comment: 'c',
          ...writtenAccess('select'),
        },
      ],
      [{ server: 'shop', inherits: [{ schema: 'public', name: 'base' }, 'unknown'], columns: { a: 'bigint' } }],
      [{ server: 'shop', partition_of: { table: { schema: 'public', name: 'partitioned' }, default: true } }],
      [{ server: 'shop', partition_of: { table: 'partitioned', for_values: 'FROM (1) TO (2)' } }],
      [
        {
          server: 'shop',
          inherits: [{ schema: 'public', name: 'base' }],
          columns: { a: { type: 'bigint', comment: 'c' } },
        },
        {
          columns: {
            a: {
              ...column,
              type: 'bigint',
              comment: 'c',
              inheritedFrom: [base],
              parents: { notNull: true, value: null },
            },
            b: { ...column, notNull: true, inheritedFrom: [base], parents: { notNull: true, value: null } },
          },
          checks: { positive: { ...check, inheritedFrom: [base] } },
        },
      ],
    ],
  },
}
