// Which attachments of a relation are lost, and which columns and types what is left is tried on.

import { expect, test } from 'vitest'
import type { Attachment } from '../../../src/core/dependent.ts'
import {
  type ChangeOfColumns,
  changedRelation,
  lostAttachments,
  mayLoseAttachments,
} from '../../../src/differ/lost-attachments.ts'
import { foreignTableTable } from '../kinds/foreign-table.ts'
import { alter, copy, field, live, replace, retyped, shop, table } from './objects.ts'

const orders = table('orders')
const { a: column } = foreignTableTable.spec.columns
const withColumns = (...names: readonly string[]) =>
  table('orders', shop, { columns: Object.fromEntries(names.map((name) => [name, column])) })

const attached = (columns: readonly string[], more: Partial<Attachment> = {}): Attachment => ({
  of: 1,
  catalog: 'pg_class',
  oid: 2,
  title: 'index s.i',
  columns,
  isOfChild: false,
  whyLost: null,
  isOverMutable: false,
  ...more,
})

const beside = (from = orders, to = from): ChangeOfColumns => replace(from, 'beside', to)
const inPlace = (more: Parameters<typeof field>[2]) =>
  alter(orders, [field('column a', 'clause', more)]) as ChangeOfColumns // which `alter` creates
const renamed = (names: readonly (readonly [string, string])[], to = withColumns('b')): ChangeOfColumns => {
  const change = replace(withColumns('b'), 'beside', to)
  return { ...change, from: live(withColumns('b'), { renamedColumns: new Map(names) }) }
}

const onA = attached(['a'])
const dropsA = ['it uses the dropped column a']

const rows: readonly (readonly [string, ChangeOfColumns, Attachment, readonly string[], string?])[] = [
  ['a column that stays', beside(), onA, []],
  ['a column that goes', beside(orders, withColumns('b')), onA, dropsA],
  ['one of several columns that goes', beside(withColumns('a', 'b'), withColumns('b')), attached(['b', 'a']), dropsA],
  ['no column', beside(orders, withColumns('b')), attached([]), []],
  ['a column that is renamed', renamed([['a', 'b']]), onA, []],
  ['a column that is renamed while another one gets its name', renamed([['a', 'b']], withColumns('b', 'a')), onA, []],
  ['a column that goes while another one is renamed', renamed([['x', 'b']]), onA, dropsA],
  ['what a successor cannot have', beside(), onA, ['no such function'], 'no such function'],
  ['a column that is dropped in place', inPlace({ blockedByUseOf: 'a', dropsColumn: true }), onA, dropsA],
  ['a column that is altered in place', inPlace({ blockedByUseOf: 'a' }), onA, []],
  ['what PostgreSQL refuses itself', inPlace({ blockedByUseOf: 'a' }), onA, [], 'no such function'],
  [
    'statistics of a child whose inherited column is dropped',
    inPlace({ blockedByUseOf: 'a', dropsColumn: true }),
    attached(['a'], { isOfChild: true }),
    dropsA,
  ],
  ['statistics of a child', beside(orders, withColumns('b')), attached(['a'], { isOfChild: true }), []],
]

test.each(rows.map((row) => [row[0], row] as const))('%s', (_title, [, change, attachment, reasons, rejection]) => {
  const rejected = new Map(rejection === undefined ? [] : [[attachment, rejection]])
  expect(lostAttachments(change, [attachment], rejected).map(({ reason }) => reason)).toEqual(reasons)
})

test('only replacements in a scratch schema and changes of columns in place can lose attachments', () => {
  const changes = [
    beside(),
    replace(orders, 'drop-and-create'),
    inPlace({ blockedByUseOf: 'a' }),
    alter(orders, [field('comment')]),
    replace(copy('sales'), 'beside'),
  ]
  expect(changes.map(mayLoseAttachments)).toEqual([true, false, true, false, true])
})

test('what is left is tried on the wanted types, under the names of today', () => {
  const shown = (change: ChangeOfColumns, replacedTypes: Parameters<typeof changedRelation>[1] = new Set()) => {
    const relation = changedRelation(change, replacedTypes)
    return relation && [[...relation.columns], [...relation.retyped]]
  }
  const text = table('orders', shop, retyped('bigint'))
  expect(shown(beside())).toEqual([[['a', 'text']], []])
  expect(shown(beside(orders, text))).toEqual([[['a', 'bigint']], ['a']])
  expect(shown(beside(), new Set([shop.key]))).toEqual([[['a', 'text']], ['a']])
  const both = table('orders', shop, { columns: { b: { ...column, type: 'bigint' } } })
  expect(shown(renamed([['a', 'b']], both))).toEqual([[['a', 'bigint']], ['a']])
})
