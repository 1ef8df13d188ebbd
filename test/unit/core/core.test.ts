import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { canonicalJson, sameData } from '../../../src/core/data.ts'
import { topologicalOrder } from '../../../src/core/graph.ts'
import { idOf, keyOf, type ObjectId } from '../../../src/core/object.ts'
import { redact, Secret } from '../../../src/core/secret.ts'
import { ident, literal, statementOf, trusted, withoutSemicolon } from '../../../src/core/sql.ts'

describe('addresses', () => {
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
  test.each(ids)('%j comes back from its key', (id) => expect(idOf(keyOf(id))).toEqual(id))
  test('different ids have different keys', () => expect(new Set(ids.map(keyOf)).size).toBe(ids.length))
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
  ])('%j is the key of nothing', (text) => expect(idOf(text)).toBeUndefined())
})

describe('SQL', () => {
  test.each([
    ['orders', 'orders'],
    ['Orders', '"Orders"'],
    ['select', '"select"'],
    ['a"b', '"a""b"'],
    ['1a', '"1a"'],
    ['ünï', '"ünï"'],
    ['a b\n', '"a b\n"'],
  ])('the name %j is %s', (name, quoted) => expect(ident(name)).toBe(quoted))

  test.each([
    ['', "''"],
    ["it's", "'it''s'"],
    ['a\\b', "E'a\\\\b'"],
    ["\\'", "E'\\\\'''"],
  ])('the text %j is %s', (text, quoted) => expect(literal(text)).toBe(quoted))

  test('a secret becomes a mark in a template, in which every other % is doubled', () => {
    const secret = new Secret('100%')
    const statement = statementOf([trusted("SET x '5%', y "), secret, trusted(', z '), new Secret('b')])
    expect(statement.sql).toBe("SET x '5%%', y %1$L, z %2$L")
    expect(statement.secrets[0]).toBe(secret)
    expect(statementOf([trusted("'5%'")]).sql).toBe("'5%'")
  })

  test.each([
    ['SELECT 1', 'SELECT 1'],
    ['SELECT 1 ;\n', 'SELECT 1 '],
    ["SELECT ';'", "SELECT ';'"],
  ])('%j without its semicolon is %j', (query, bare) => expect(withoutSemicolon(query)).toBe(bare))
})

describe('secrets', () => {
  const secret = new Secret('hunter2')
  test.each([
    ['a template', () => `${secret}`],
    ['concatenation', () => `x${String(secret)}`],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['inspection', () => inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['its keys', () => JSON.stringify(Object.entries(secret))],
    ['an error', () => new Error(`no ${secret}`).stack ?? ''],
  ])('do not show in %s', (_where, show) => expect(show()).not.toContain('hunter2'))
  test('are taken out of texts that come from elsewhere', () => {
    expect(redact("bad option 'hunter2' (hunter2)", [secret, new Secret('')])).toBe("bad option '(secret)' ((secret))")
  })
})

describe('data', () => {
  test.each([
    [{ a: 1, b: [1, { c: 2, d: 3 }] }, { b: [1, { d: 3, c: 2 }], a: 1 }, true],
    [{ a: undefined }, {}, true],
    [undefined, null, true],
    [[1, 2], [2, 1], false],
    [{ a: '1' }, { a: 1 }, false],
  ])('%j and %j', (left, right, same) => expect(sameData(left, right)).toBe(same))
  test('keys are sorted at every depth', () =>
    expect(canonicalJson({ b: { d: 1, c: 2 }, a: 0 })).toBe('{"a":0,"b":{"c":2,"d":1}}'))
})

describe('order of need', () => {
  const order = (needs: Readonly<Record<string, readonly string[]>>) =>
    topologicalOrder(
      Object.keys(needs),
      (id) => id,
      (id) => needs[id] ?? [],
    ).join('')
  test.each([
    [{ a: [], b: [], c: [] }, 'abc'],
    [{ a: ['c'], b: [], c: ['b'] }, 'bca'],
    [{ a: ['elsewhere'], b: ['a'] }, 'ab'],
    [{ a: ['b'], b: ['a'] }, 'ba'],
  ])('%j', (needs, expected) => expect(order(needs)).toBe(expected))
})
