// Which objects a name pattern matches.

import { describe, expect, test } from 'vitest'
import { namePattern } from '../../../src/core/name-pattern.ts'
import type { ObjectId } from '../../../src/core/object.ts'

const table = (schema: string, name: string): ObjectId => ({ kind: 'foreignTable', schema, name })

describe('a name pattern', () => {
  test.each([
    ['orders', table('shop', 'orders'), true],
    ['order', table('shop', 'orders'), false],
    ['ORDERS', table('shop', 'orders'), true],
    ['"ORDERS"', table('shop', 'orders'), false],
    ['"Orders"', table('shop', 'Orders'), true],
    ['*rder?', table('shop', 'orders'), true],
    ['shop.*', table('shop', 'orders'), true],
    ['shop.*', table('shop2', 'orders'), false],
    ['s*.*', table('shop', 'or\nders'), true],
    ['*.*', { kind: 'server', name: 'shop' }, false],
    ['shop', { kind: 'userMapping', server: 'shop', role: null }, true],
    ['"a.b"', table('shop', 'a.b'), true],
    ['a.b', table('shop', 'a.b'), false],
    ['"a""b"', table('shop', 'a"b'), true],
    ['"*"', table('shop', 'orders'), false],
    ['"a+(b)[c]$"', table('shop', 'a+(b)[c]$'), true],
    ['a+{1}^$', table('shop', 'a+{1}^$'), true],
    ['orders_[0-9]*', table('shop', 'orders_2024'), true],
    ['orders_[^0-9]*', table('shop', 'orders_2024'), false],
    ['[A-O]*', table('shop', 'orders'), true],
    ['a[\\]b', table('shop', 'a\\b'), true],
    ['shop.(orders|LINES)', table('shop', 'lines'), true],
    ['orders|lines', table('shop', 'lines'), true],
    ['orders|lines', table('shop', 'orderslines'), false],
    ['(shop|crm).o*', table('crm', 'orders'), true],
  ] as const)('%s', (pattern, id, matches) => expect(namePattern(pattern)(id)).toBe(matches))

  test.each(['orders_[0-9', '(a.b|c)', 'a)', 'a]'])('%s is an error', (pattern) => {
    expect(() => namePattern(pattern)).toThrow(`the pattern ${pattern} is not valid`)
  })

  test.each(['', ' '])('"%s" is an error', (pattern) => {
    expect(() => namePattern(pattern)).toThrow('the pattern of a name is empty')
  })
})
