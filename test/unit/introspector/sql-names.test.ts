// The names that SQL could mean: none may be missing.

import { describe, expect, test } from 'vitest'
import { namesInSql } from '../../../src/introspector/sql-names.ts'

describe('names in SQL', () => {
  const found: readonly (readonly [sql: string, names: readonly string[]])[] = [
    ['SELECT Twice(x) FROM proxy.orders', ['twice', 'x', 'proxy', 'orders']],
    ['SELECT "Twice"("a b")', ['Twice', 'a b']],
    [`SELECT 'half a "quote', "Twice"(id) FROM "My Table"`, ['Twice', 'My Table', 'id']],
    [`SELECT /* 12" */ "Twice"(id)`, ['Twice']],
    ['SELECT "say ""yes"" or ""no"""(1)', ['say "yes" or "no"']],
    ['SELECT "ends with """(1), "next"(2)', ['ends with "', 'next']],
    [`nextval('"Odd numbers"'::regclass)`, ['nextval', 'Odd numbers', 'regclass']],
    ['SELECT a||-b, c@>d', ['||', '-', '||-', '@>', '@', '>']],
    ['SELECT x IN (1, 2), y LIKE z', ['=', '~~']],
    ['SELECT $1::"char", _x$y, 1e5abc', ['char', '_x$y', 'e5abc']],
    // Whether letters beyond ASCII are folded depends on the encoding.
    ['SELECT ÄRGER(x)', ['Ärger', 'ärger']],
  ]
  test.each(found)('%s', (sql, names) => {
    expect(namesInSql([sql])).toEqual(expect.arrayContaining([...names]))
  })

  test('unknown where names are written in escapes', () => {
    expect(namesInSql(['SELECT 1', String.raw`SELECT U&"\0061"(1)`])).toBeUndefined()
  })

  test('long rows of operator characters stay cheap', () => {
    expect(namesInSql([`SELECT 1 -- ${'='.repeat(10_000)}`])?.length).toBeLessThan(200)
  })
})
