// Which dependents keep a change from being applied, and what is reported of them.

import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { Dependent } from '../../../src/core/dependent.ts'
import { keyOf } from '../../../src/core/object.ts'
import { affectedObjects, refuseBlocked } from '../../../src/differ/blockers.ts'
import {
  adopt,
  alter,
  changeText,
  copy,
  create,
  dependent,
  dependentView,
  drop,
  field,
  index,
  replace,
  retyped,
  retypedCopy,
  schema,
  shop,
  table,
  view,
} from './objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const daily = view('daily', [orders])
const bigint = table('orders', shop, retyped('bigint'))
const onColumnA = field('column a type', 'clause', { blockedByUseOf: 'a' })

/** The codes of refusals, and the changes where they are other than before. */
function resultOf(changes: readonly Change[], dependents: readonly Dependent[]): readonly string[] {
  const { changes: checked, refusals } = refuseBlocked(changes, dependents, new Set())
  const other = checked.filter((change, at) => change !== changes[at]).map(changeText)
  return [...refusals.map(({ code, title }) => `${code} ${title}`), ...other]
}

const byObject = ['dependents/unmanaged-object foreign table s.orders']
const byView = ['dependents/unmanaged-view foreign table s.orders']

const rows: readonly (readonly [string, readonly Change[], readonly Dependent[], readonly string[]])[] = [
  ['a drop without dependents', [drop(orders)], [], []],
  ['a drop with an unmanaged dependent', [drop(orders)], [dependent(orders, 'function f()')], byObject],
  ['a drop with an unmanaged view', [drop(orders)], [dependentView(orders, daily)], byView],
  ['a drop with a dependent that is dropped too', [drop(orders), drop(sales)], [dependent(orders, sales)], []],
  [
    'a drop with a dependent that is altered',
    [drop(orders), alter(sales, [field('x')])],
    [dependent(orders, sales)],
    byObject,
  ],
  [
    'a drop with a dependent whose successor no longer needs it',
    [drop(orders), replace(sales, 'beside', copy('sales'))],
    [dependent(orders, sales)],
    [],
  ],
  [
    'a drop with a dependent whose successor needs it too',
    [drop(orders), replace(sales, 'beside')],
    [dependent(orders, sales)],
    byObject,
  ],
  ['a drop of what is put on it', [drop(sales)], [dependent(sales, 'trigger t', { parent: sales.key })], []],
  ['an alteration of a column that nothing uses', [alter(orders, [onColumnA])], [], []],
  [
    'an alteration of a column that is used',
    [alter(orders, [onColumnA])],
    [dependent(orders, 'function f()', { column: 'a' })],
    byObject,
  ],
  [
    'an alteration while another column is used',
    [alter(orders, [onColumnA])],
    [dependent(orders, 'function f()', { column: 'b' })],
    [],
  ],
  [
    'a recreated object with an unmanaged view',
    [replace(orders, 'drop-and-create')],
    [dependentView(orders, daily)],
    byView,
  ],
  [
    'a recreated object with a dependent that is recreated too',
    [replace(orders, 'drop-and-create'), replace(daily, 'drop-and-create')],
    [dependentView(orders, daily)],
    [],
  ],
  [
    'a recreated object with a dependent that is dropped only after a replacement',
    [replace(orders, 'drop-and-create'), drop(sales), replace(copy('sum', [sales]), 'beside', copy('sum'))],
    [dependent(orders, sales), dependent(sales, copy('sum'))],
    ['dependents/dropped-later foreign table s.orders'],
  ],
  [
    'an object built beside, with a view that can be repointed',
    [replace(orders, 'beside')],
    [dependentView(orders, daily)],
    [],
  ],
  [
    'an object built beside, with a view that this role may not redefine',
    [replace(orders, 'beside')],
    [dependentView(orders, daily, { otherOwner: 'postgres' })],
    byView,
  ],
  [
    'an object built beside, with a view on a column that changes',
    [replace(orders, 'beside', bigint)],
    [{ ...dependentView(orders, daily), column: 'a' }],
    byView,
  ],
  [
    'an object built beside, with a view on that column that was tried',
    [replace(orders, 'beside', bigint)],
    [{ ...dependentView(orders, daily, { outcome: { becomes: 'repointed' } }), column: 'a' }],
    [],
  ],
  [
    'an object built beside together with its reader',
    [replace(orders, 'beside'), replace(sales, 'beside')],
    [dependent(orders, sales)],
    [],
  ],
  [
    'an object built beside, with another one that only refers to it by a foreign key',
    [replace(orders, 'beside'), replace(copy('lines'), 'beside')],
    [dependent(orders, copy('lines'))],
    byObject,
  ],
  [
    'an object built beside, with a reader that is recreated in place',
    [replace(orders, 'beside'), replace(sales, 'drop-and-create')],
    [dependent(orders, sales)],
    [],
  ],
  [
    'a trigger, which is carried over to what is built beside',
    [replace(sales, 'beside')],
    [dependent(sales, 'trigger t', { parent: sales.key, column: 'a' })],
    [],
  ],
  [
    'a trigger on a column that the successor does not have, which is named as lost instead',
    [replace(sales, 'beside', copy('sales', [], { columns: [] }))],
    [dependent(sales, 'trigger t', { parent: sales.key, column: 'a' })],
    [],
  ],
  [
    'a trigger on what is recreated in place',
    [replace(orders, 'drop-and-create')],
    [dependent(orders, 'trigger t', { parent: orders.key })],
    byObject,
  ],
  [
    'a shared object that is in use, which is released',
    [drop(schema('s'))],
    [dependent(schema('s'), 'table s.t')],
    ['release: it is still in use: table s.t'],
  ],
  [
    'what a released object needs, which is then in use as well',
    [drop(schema('s')), drop(schema('t'))],
    [dependent(schema('s'), 'table s.t'), dependent(schema('t'), schema('s'))],
    ['release: it is still in use: table s.t', 'release: it is still in use: schema s'],
  ],
]

test.each(rows)('%s', (_title, changes, dependents, expected) => {
  expect(resultOf(changes, dependents)).toEqual(expected)
})

describe('a refusal', () => {
  const refusalOf = (change: Change, ...dependents: readonly Dependent[]) => {
    const [refusal] = refuseBlocked([change], dependents, new Set([keyOf(daily.id)])).refusals
    return `${refusal?.reason}. ${refusal?.hint}`
  }
  test('names five dependents at most, each once', () => {
    const names = ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => dependent(orders, `view ${name}`))
    expect(refusalOf(drop(orders), ...names)).toContain(
      'depends on it: view a, view b, view c, view d, view e and 2 more.',
    )
  })
  test.each([
    ['drop', drop(orders), 'Drop what depends on it first. Or keep it, without managing it: fdwsync release.'],
    ['alteration', alter(orders, [field('x', 'replace', { blockedByUseOf: 'a' })]), 'create that again.'],
  ])('of a %s says what helps', (_title, change, hint) => {
    expect(refusalOf(change, dependent(orders, 'function f()', { column: 'a' }))).toContain(hint)
  })
  test('of what the manifest declares itself does not call that unmanaged', () => {
    const change = alter(orders, [field('x', 'replace', { blockedByUseOf: 'a' })])
    expect(refusalOf(change, dependent(orders, daily, { column: 'a' }))).toContain('Apply a manifest without that')
    const both = [dependent(orders, daily, { column: 'a' }), dependent(orders, 'function f()', { column: 'a' })]
    expect(refusalOf(change, ...both)).toContain('does not manage')
  })
  test('of what is replaced because of something that is refused leads to that', () => {
    const changes = [replace(shop, 'drop-and-create'), replace(orders, 'drop-and-create')]
    const declared = new Set([sales.key])
    const hints = (...others: readonly Dependent[]) =>
      refuseBlocked(changes, [dependent(orders, sales), ...others], declared).refusals.map(({ hint }) => hint)
    for (const others of [[], [dependentView(orders, daily)]]) {
      expect(hints(dependent(shop, 'function f()'), ...others)).toEqual([
        expect.stringContaining('does not manage'),
        'It is replaced because of server shop: see the refusal of that.',
      ])
    }
    expect(hints()).toEqual([expect.stringContaining('both cannot be changed at once')])
  })
  test('of what could be renamed aside names only what keeps it from that', () => {
    const [ofServer] = refuseBlocked(
      [replace(shop, 'drop-and-create')],
      [dependent(shop, orders), dependentView(shop, daily), dependent(shop, 'foreign table theirs')],
      new Set([orders.key]),
    ).refusals
    expect(ofServer?.reason).toMatch(/depends on it: foreign table theirs$/)
  })
  test('gives the known reason and hint', () => {
    const lost = { becomes: 'lost', reason: 'it uses its row type', hint: 'Write columns.' } as const
    expect(refusalOf(replace(orders, 'beside'), dependentView(orders, daily, { outcome: lost }))).toBe(
      'it cannot be replaced while something depends on it: view s.daily (it uses its row type). Write columns.',
    )
  })
})

test('dependents matter of what is dropped, replaced, or has a column that they may use', () => {
  const changes = [
    create(table('new')),
    adopt(table('equal')),
    drop(orders),
    replace(copy('replaced', [], retypedCopy('bigint')), 'beside'),
    alter(table('used'), [onColumnA]),
    alter(index('i', sales), [field('x')]),
    { op: 'release', key: shop.key, because: '' } as const,
  ]
  expect(affectedObjects(changes).map(({ id }) => ('name' in id ? id.name : ''))).toEqual([
    'orders',
    'replaced',
    'used',
  ])
})
