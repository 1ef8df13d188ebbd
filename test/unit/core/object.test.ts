// Keys: the round trip from an id to its key and back.

import { describe, expect, test } from 'vitest'
import { idOf, keyOf, type ObjectId } from '../../../src/core/object.ts'

describe('a key', () => {
  const ids: readonly ObjectId[] = [
    { kind: 'extension', name: 'postgres_fdw' },
    { kind: 'schema', name: 'a.b' },
    { kind: 'server', name: '["server","x"]' },
    { kind: 'userMapping', server: 's', role: null },
    { kind: 'userMapping', server: 's', role: 'null' },
    { kind: 'foreignTable', schema: 'a', name: 'b","c' },
    { kind: 'materializedView', schema: 'a', name: 'b' },
    { kind: 'index', schema: 'a', name: 'b' },
    { kind: 'statistics', schema: 'a', name: 'b' },
  ]
  test.each(ids)('of %j gives the id back', (id) => expect(idOf(keyOf(id))).toEqual(id))
  test('is different for different ids', () => expect(new Set(ids.map(keyOf)).size).toBe(ids.length))
  test.each([
    '',
    'x',
    '{}',
    '[]',
    '["server"]',
    '["server",1]',
    '["server","a","b"]',
    '["nothing","a"]',
    '["index","a",null]',
  ])('is not %j', (text) => expect(idOf(text)).toBeUndefined())
})
