// What is built beside the old objects, and everything that reads it.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { addReplacements, type ReplacementInput } from '../../../src/differ/replacements.ts'
import {
  alter,
  changeText,
  copy,
  dependent,
  dependentView,
  drop,
  type Fixture,
  field,
  liveState,
  replace,
  shop,
  table,
  view,
  wantedState,
} from './objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const sums = copy('sums', [sales])
const daily = view('daily', [orders])
const onColumnA = field('column a type', 'clause', { blockedByUseOf: 'a' })

function resultOf(
  changes: readonly Change[],
  exists: readonly Fixture[],
  more: Partial<ReplacementInput> = {},
): readonly string[] {
  const input = { wanted: wantedState(...exists), live: liveState(...exists), unmanaged: new Set<never>() }
  return addReplacements({ changes, dependents: [], throughViews: new Map(), ...input, ...more }).map(changeText)
}

const inPlace = ['alter foreign table s.orders: column a type']
const beside = 'replace foreign table s.orders, beside: column a type'
const uses = (own: Fixture | string) => [dependent(orders, own, { column: 'a' })]

test.each([
  ['an alteration stays one while nothing uses the column', resultOf([alter(orders, [onColumnA])], [orders]), inPlace],
  [
    'it stays one while only another column is used',
    resultOf([alter(orders, [onColumnA])], [orders, sales], {
      dependents: [dependent(orders, sales, { column: 'b' })],
    }),
    inPlace,
  ],
  [
    'it stays one under what the manifest drops',
    resultOf([alter(orders, [onColumnA]), drop(sales)], [orders, sales], { dependents: uses(sales) }),
    [...inPlace, 'drop materialized view s.sales'],
  ],
  [
    'it stays one under an unmanaged function, which could not be carried over',
    resultOf([alter(orders, [onColumnA])], [orders], { dependents: uses('function f()') }),
    inPlace,
  ],
  [
    'it becomes a replacement under a managed reader, and so does every reader above',
    resultOf([alter(orders, [onColumnA])], [orders, sales, sums], { dependents: uses(sales) }),
    [
      beside,
      'replace materialized view s.sales, beside: foreign table s.orders',
      'replace materialized view s.sums, beside: materialized view s.sales',
    ],
  ],
  [
    'it becomes a replacement under an unmanaged view that can be repointed',
    resultOf([alter(orders, [onColumnA])], [orders], {
      dependents: [{ ...dependentView(orders, daily, { outcome: { becomes: 'repointed' } }), column: 'a' }],
    }),
    [beside],
  ],
  [
    'what would be recreated in place is built beside if it is used',
    resultOf([replace(orders, 'drop-and-create')], [orders, sales], { dependents: [dependent(orders, sales)] }),
    ['replace foreign table s.orders, beside: x', 'replace materialized view s.sales, beside: foreign table s.orders'],
  ],
  [
    'but not if it needs what is recreated in place',
    resultOf([replace(shop, 'drop-and-create'), replace(orders, 'drop-and-create')], [shop, orders, sales], {
      dependents: [dependent(orders, sales)],
    }),
    ['replace server shop, drop-and-create: x', 'replace foreign table s.orders, drop-and-create: x'],
  ],
  [
    'a reader of a replacement keeps its own changes',
    resultOf([replace(orders, 'beside'), alter(sales, [field('comment')])], [orders, sales]),
    [
      'replace foreign table s.orders, beside: x',
      'replace materialized view s.sales, beside: comment, foreign table s.orders',
    ],
  ],
  [
    'an unmanaged reader is marked as such',
    resultOf([replace(orders, 'beside')], [orders, sales], { unmanaged: new Set([sales.key]) }),
    [
      'replace foreign table s.orders, beside: x',
      'replace unmanaged materialized view s.sales, beside: foreign table s.orders',
    ],
  ],
  [
    'a managed reader through a plain view that stays is replaced too',
    resultOf([replace(orders, 'beside')], [orders, copy('through', [daily])], {
      throughViews: new Map([[daily.key, [orders.key]]]),
    }),
    [
      'replace foreign table s.orders, beside: x',
      'replace materialized view s.through, beside: foreign table s.orders',
    ],
  ],
  [
    'an unmanaged reader through a plain view is not',
    resultOf([replace(orders, 'beside')], [orders, copy('through', [daily])], {
      throughViews: new Map([[daily.key, [orders.key]]]),
      unmanaged: new Set([copy('through').key]),
    }),
    ['replace foreign table s.orders, beside: x'],
  ],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('the fields that block the alteration become replacing ones', () => {
  const fields = [onColumnA, field('comment')]
  const dependents = uses(sales)
  const [changed] = addReplacements({
    changes: [alter(orders, fields)],
    dependents,
    wanted: wantedState(orders, sales),
    live: liveState(orders, sales),
    unmanaged: new Set(),
    throughViews: new Map(),
  })
  expect(changed).toMatchObject({ fields: [{ effect: { how: 'replace' } }, { effect: { how: 'clause' } }] })
})
