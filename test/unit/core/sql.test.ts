// Quoting, and statements with secrets.

import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { ident, literal, statementOf, textArray, trusted, withoutSemicolon } from '../../../src/core/sql.ts'

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

  test('elements of an array are quoted, whatever they contain', () =>
    expect(textArray(['a', 'NULL', `o'"{,}`, '\\'])).toBe(
      String.raw`E'{"a","NULL","o''\\"{,}","\\\\"}'::pg_catalog.text[]`,
    ))

  test('a secret becomes a placeholder of format(), and every other % is doubled', () => {
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
