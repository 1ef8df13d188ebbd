// Which copies the names of a refresh select.

import { expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { type CopyId, type Key, keyOf } from '../../../src/core/object.ts'
import { selectCopies } from '../../../src/loader/select-copies.ts'

const id = (schema: string, name: string): CopyId => ({ kind: 'materializedView', schema, name })
const key = (name: string) => keyOf(id('shop', name))
// totals reads items and orders, monthly reads totals.
const copies = [
  ...['items', 'orders', 'totals', 'monthly', 'Odd+'].map((name) => id('shop', name)),
  id('old', 'orders'),
].map((each) => ({ id: each, key: keyOf(each) }))
const reads = new Map<Key, readonly Key[]>([
  [key('totals'), [key('items'), key('orders')]],
  [key('monthly'), [key('totals')]],
])

test.each([
  [[], ['items', 'orders', 'totals', 'monthly', 'Odd+', 'old.orders']],
  [['items'], ['items']],
  [['shop.orders'], ['orders']],
  [['orders'], ['orders', 'old.orders']],
  [['ORDERS'], ['orders', 'old.orders']],
  [['shop.*'], ['items', 'orders', 'totals', 'monthly', 'Odd+']],
  [
    ['*o*s', 'items'],
    ['items', 'orders', 'totals', 'old.orders'],
  ],
  [['items+'], ['items', 'totals', 'monthly']],
  [['+totals'], ['items', 'orders', 'totals']],
  [['+totals+'], ['items', 'orders', 'totals', 'monthly']],
  [['+monthly'], ['items', 'orders', 'totals', 'monthly']],
  [['monthly+'], ['monthly']],
  [['"Odd+"'], ['Odd+']],
])('%j', (names, expected) => {
  const selected = selectCopies(copies, names, reads)
  const shown = copies.filter((copy) => selected.has(copy.key)).map((copy) => copy.id)
  expect(shown.map(({ schema, name }) => (schema === 'shop' ? name : `${schema}.${name}`))).toEqual(expected)
})

test('a name that matches nothing is a usage error, with the nearest one', () => {
  const attempt = () => selectCopies(copies, ['items', 'ordres+', 'nothing.*'], reads)
  expect(attempt).toThrow('no copy "ordres"; did you mean "orders"?')
  expect(attempt).toThrow('no copy "nothing.*"')
  expect(attempt).toThrow(FdwsyncError)
})
