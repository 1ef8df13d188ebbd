// What is recreated because something that it depends on is.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { addForcedReplacements } from '../../../src/differ/forced-replacements.ts'
import {
  adopt,
  alter,
  changeText,
  copy,
  drop,
  type Fixture,
  field,
  index,
  liveState,
  mapping,
  replace,
  server,
  shop,
  table,
  wantedState,
} from './objects.ts'

const orders = table('orders')
const app = mapping(shop)
const sales = copy('sales', [orders])
const archive = server('archive')
const recreated = replace(shop, 'drop-and-create')

function resultOf(changes: readonly Change[], exists: readonly Fixture[], declared = exists): readonly string[] {
  return addForcedReplacements(changes, wantedState(...declared), liveState(...exists)).map(changeText)
}

const first = 'replace server shop, drop-and-create: x'

test.each([
  [
    'nothing is added to an alteration',
    resultOf([alter(shop, [field('x')])], [shop, orders]),
    ['alter server shop: x'],
  ],
  ['nothing is added to a drop', resultOf([drop(shop)], [shop, orders]), ['drop server shop']],
  [
    'the dependents of what is recreated are too, transitively',
    resultOf([recreated], [shop, app, orders, table('child', shop), archive]),
    [
      first,
      'replace user mapping for app on shop, drop-and-create: server shop',
      'replace foreign table s.orders, drop-and-create: server shop',
      'replace foreign table s.child, drop-and-create: server shop',
    ],
  ],
  [
    'what holds data is not: it is built beside the old one',
    resultOf([recreated], [shop, orders, sales]),
    [first, 'replace foreign table s.orders, drop-and-create: server shop'],
  ],
  ['what is no longer declared is not', resultOf([recreated], [shop, orders], [shop]), [first]],
  [
    'what is dropped is not',
    resultOf([recreated, drop(orders)], [shop, orders]),
    [first, 'drop foreign table s.orders'],
  ],
  [
    'an alteration becomes part of the replacement',
    resultOf([recreated, alter(orders, [field('comment')])], [shop, orders]),
    [first, 'replace foreign table s.orders, drop-and-create: comment, server shop'],
  ],
  [
    'an adoption gives way to the replacement',
    resultOf([recreated, adopt(orders)], [shop, orders]),
    [first, 'replace foreign table s.orders, drop-and-create: server shop'],
  ],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('a child that moves away from a parent which is dropped or replaced only has to be created', () => {
  const [before, after] = [copy('before'), copy('after')]
  const moved = replace(index('i', before), 'drop-and-create', index('i', after))
  expect(resultOf([drop(before), moved], [before, after])).toEqual([
    'drop materialized view s.before',
    'create index s.i',
  ])
  expect(resultOf([moved], [before, after])).toEqual(['replace index s.i, drop-and-create: x'])
})
