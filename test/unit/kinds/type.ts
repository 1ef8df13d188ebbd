// Types: enumerations, domains, ranges and composite types.
import type { Check } from '../../../src/kinds/facets/columns/checks.ts'
import type { Attribute } from '../../../src/kinds/type/attributes.ts'
import { type TypeSpec, type } from '../../../src/kinds/type/type.ts'
import { accessRows, grant, liveAccess, openAccess, writtenAccess } from './access.ts'
import { commentRows, ignoreRows, protectRows } from './rows.ts'
import { type KindTable, nothing, type Rows, within } from './table.ts'

const alterType = 'ALTER TYPE shop.kind'
const alterDomain = 'ALTER DOMAIN shop.kind'

const check: Check = { expression: 'VALUE > 0', noInherit: false, mark: null, comment: '' }

const checkRows: Rows<Check> = {
  expression: [
    [
      {},
      { expression: 'VALUE > 1' },
      'check positive: VALUE > 0 → VALUE > 1',
      `${alterDomain} DROP CONSTRAINT positive; ${alterDomain} ADD CONSTRAINT positive CHECK (VALUE > 1)`,
    ],
    [
      {},
      { expression: 'VALUE > 1' },
      'check positive: VALUE > 0 → VALUE > 1',
      `${alterDomain} DROP CONSTRAINT positive; ${alterDomain} ADD CONSTRAINT positive CHECK (VALUE > 1)`,
      { declared: { expression: 'as_written()' } }, // the server evaluates it at once, so it is as the probe has resolved it
    ],
  ],
  noInherit: [[{}, { noInherit: false }, nothing, 'checks of domains are never NO INHERIT']],
  mark: [
    [
      { mark: 'NOT VALID' },
      {},
      'check positive: VALUE > 0 NOT VALID → VALUE > 0',
      `${alterDomain} VALIDATE CONSTRAINT positive`,
    ],
    [
      {},
      { mark: 'NOT VALID' },
      'check positive: VALUE > 0 → VALUE > 0 NOT VALID',
      `${alterDomain} DROP CONSTRAINT positive; ${alterDomain} ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID`,
    ],
  ],
  inheritedFrom: [[{}, { inheritedFrom: [] }, nothing, 'domains have no parents']],
  comment: commentRows('CONSTRAINT positive ON DOMAIN shop.kind', 'check positive comment'),
}

const attribute: Attribute = { type: 'text', collation: null, comment: '' }

const attributeRows: Rows<Attribute> = {
  type: [
    [{}, { type: 'bigint' }, 'attribute a: text → bigint', `${alterType} ALTER ATTRIBUTE a TYPE bigint`],
    [
      {},
      { type: 'bigint' },
      'attribute a: text → bigint',
      `${alterType} ALTER ATTRIBUTE a TYPE int8`,
      { declared: { type: 'int8' } },
    ],
  ],
  collation: [
    [
      {},
      { collation: { schema: 'pg_catalog', name: 'C' } },
      'attribute a: text → text COLLATE "C"',
      `${alterType} ALTER ATTRIBUTE a TYPE text COLLATE pg_catalog."C"`,
    ],
  ],
  comment: commentRows('COLUMN shop.kind.a', 'attribute a comment'),
}

export const typeTable: KindTable<TypeSpec> = {
  kind: type,
  id: { kind: 'type', schema: 'shop', name: 'kind' },
  spec: {
    ...liveAccess,
    sort: 'enum',
    values: [],
    base: null,
    collation: null,
    notNull: false,
    default: null,
    checks: {},
    attributes: {},
    comment: '',
  },
  compare: {
    sort: [[{}, { sort: 'composite' }, 'sort: enum → composite', 'replace']],
    values: [
      [{}, { values: ['a'] }, `values: none → ('a')`, `${alterType} ADD VALUE 'a'`],
      [
        { values: ['b'] },
        { values: ['a', 'b', "c's"] },
        `values: ('b') → ('a', 'b', 'c''s')`,
        `${alterType} ADD VALUE 'a' BEFORE 'b'; ${alterType} ADD VALUE 'c''s' AFTER 'b'`,
      ],
      [
        { values: ['a', 'b', 'c'] },
        { values: ['a', 'x', 'c'] },
        `values: ('a', 'b', 'c') → ('a', 'x', 'c')`,
        `${alterType} RENAME VALUE 'b' TO 'x'`,
      ],
      [{ values: ['a', 'b'] }, { values: ['x', 'y'] }, `values: ('a', 'b') → ('x', 'y')`, 'replace'],
      [{ values: ['a', 'b'] }, { values: ['a'] }, `values: ('a', 'b') → ('a')`, 'replace'],
      [{ values: ['a', 'b'] }, { values: ['b', 'a'] }, `values: ('a', 'b') → ('b', 'a')`, 'replace'],
    ],
    subtype: [[{ subtype: 'text' }, { subtype: 'bigint' }, 'range: text → bigint', 'replace']],
    subtypeDiff: [
      [
        { subtype: 'float8' },
        { subtype: 'float8', subtypeDiff: { schema: 'pg_catalog', name: 'float8mi' } },
        'range: float8 → float8 with subtype_diff float8mi',
        'replace',
      ],
    ],
    multirange: [
      [
        { multirange: { schema: 'public', name: 'spans' } },
        { multirange: { schema: null, name: 'Spans' } },
        'multirange: public.spans → "Spans"',
        'replace',
      ],
    ],
    base: [[{ base: 'text' }, { base: 'bigint' }, 'domain: text → bigint', 'replace']],
    collation: [
      [
        { base: 'text' },
        { base: 'text', collation: { schema: 'public', name: 'german' } },
        'domain: text → text COLLATE public.german',
        'replace',
      ],
    ],
    notNull: [
      [{}, { notNull: true }, 'not null: no → yes', `${alterDomain} SET NOT NULL`],
      [{ notNull: true }, {}, 'not null: yes → no', `${alterDomain} DROP NOT NULL`],
    ],
    default: [
      [{}, { default: '1' }, 'default: none → 1', `${alterDomain} SET DEFAULT (1)`],
      [{ default: '1' }, {}, 'default: 1 → none', `${alterDomain} DROP DEFAULT`],
      [
        { default: '1' },
        { default: 'now()' },
        'default: 1 → now()',
        `${alterDomain} SET DEFAULT (CURRENT_TIMESTAMP)`,
        { declared: { default: 'CURRENT_TIMESTAMP' } },
      ],
    ],
    checks: [
      [
        {},
        { checks: { positive: { ...check, comment: 'c' } } },
        ['check positive: none → VALUE > 0', 'check positive comment: none → c'],
        `${alterDomain} ADD CONSTRAINT positive CHECK (VALUE > 0); COMMENT ON CONSTRAINT positive ON DOMAIN shop.kind IS 'c'`,
      ],
      [
        { checks: { positive: check } },
        {},
        'check positive: VALUE > 0 → none',
        `${alterDomain} DROP CONSTRAINT positive`,
      ],
      ...within<Check, TypeSpec>(checkRows, (part) => ({ checks: { positive: { ...check, ...part } } })),
    ],
    attributes: [
      [
        {},
        { attributes: { a: { ...attribute, comment: 'c' } } },
        ['attribute a: none → text', 'attribute a comment: none → c'],
        `${alterType} ADD ATTRIBUTE a text; COMMENT ON COLUMN shop.kind.a IS 'c'`,
      ],
      [{ attributes: { a: attribute } }, {}, 'attribute a: text → none', `${alterType} DROP ATTRIBUTE a`],
      [
        { attributes: { a: attribute, b: attribute } },
        { attributes: { b: attribute, a: attribute } },
        nothing,
        'the order is compared by itself',
      ],
      ...within<Attribute, TypeSpec>(attributeRows, (part) => ({ attributes: { a: { ...attribute, ...part } } })),
    ],
    order: [
      [{ order: ['a', 'b'] }, { order: ['b', 'a'] }, 'attributes: (a, b) → (b, a)', 'replace'],
      [{ order: ['b'] }, { order: ['a', 'b'] }, 'attributes: (b) → (a, b)', 'replace'],
      [{ order: ['a', 'b'] }, { order: ['b', 'c'] }, nothing, 'dropped and added in place'],
      [{}, { order: ['a'] }, nothing, 'as an older release recorded it'],
    ],
    comment: commentRows('TYPE shop.kind'),
    ignore: ignoreRows,
    protect: protectRows,
    ...accessRows('TYPE shop.kind', 'TYPE shop.kind', 'usage'),
  },
  together: [
    [
      { attributes: { a: attribute, b: attribute } },
      { attributes: { b: { ...attribute, type: 'bigint' }, c: attribute } },
      ['attribute a: text → none', 'attribute b: text → bigint', 'attribute c: none → text'],
      `${alterType} DROP ATTRIBUTE a, ALTER ATTRIBUTE b TYPE bigint, ADD ATTRIBUTE c text`,
    ],
  ],
  settle: { comment: ['new', 'live', ''], ...openAccess('usage', [grant('usage', null)]) },
  settleRows: [
    [
      'comments of checks and attributes',
      {
        checks: { positive: { ...check, comment: undefined } },
        attributes: { a: { ...attribute, comment: undefined } },
      },
      { checks: { positive: { ...check, comment: 'declared' } }, attributes: {} },
      {
        checks: { positive: { ...check, comment: 'live' } },
        attributes: { a: { ...attribute, comment: 'live' } },
      },
      {
        checks: { positive: { ...check, comment: '' } },
        attributes: { a: { ...attribute, comment: 'live' } },
      },
    ],
  ],
  roundTrips: {
    definition: 'type',
    unwritten: { ignore: 'not in the catalog', protect: 'not in the catalog' },
    stanzas: [
      [{ enum: ['b', 'a'] }, { grants: [grant('usage', null)] }],
      [{ enum: ['a'], grants: {} }],
      [{ enum: ['a'], comment: 'c', ...writtenAccess('usage') }],
      [
        {
          domain: 'text',
          collation: { schema: 'public', name: 'german' },
          not_null: true,
          default: `'a'`,
          checks: {
            short: 'length(VALUE) < 5',
            positive: { expression: 'VALUE > 0', not_valid: true, comment: 'c' },
          },
        },
        { grants: [grant('usage', null)] },
      ],
      [{ range: 'float8', subtype_diff: 'float8mi', multirange: 'spans' }, { grants: [grant('usage', null)] }],
      [
        {
          composite: {
            a: 'bigint',
            b: { type: 'text', collation: { schema: 'public', name: 'german' }, comment: 'c' },
          },
        },
        { grants: [grant('usage', null)] },
      ],
    ],
  },
}
