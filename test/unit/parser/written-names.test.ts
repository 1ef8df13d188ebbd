// Which names SQL writes, with their schema or without, and which operators its syntax looks up.

import { expect, test } from 'vitest'
import { type NamedKind, writtenNames } from '../../../src/parser/written-names.ts'

type Name = readonly [NamedKind, string] | readonly [NamedKind, schema: string, string]

const written: readonly (readonly [string, ...Name[]])[] = [
  ['SELECT lower(a), s.upper(b)', ['function', 'lower'], ['function', 's', 'upper']],
  ['SELECT c.s.f(1)', ['function', 's', 'f']],
  ['SELECT count(*) FILTER (WHERE s.f(a)) OVER (ORDER BY g(b))', ['function', 's', 'f'], ['function', 'g']],
  ['SELECT * FROM ROWS FROM (s.f(1), g(2)) AS r', ['function', 's', 'f'], ['function', 'g']],
  ['SELECT a + b, a OPERATOR(s.-) b', ['operator', '+'], ['operator', 's', '-']],
  ['SELECT a BETWEEN b AND c', ['operator', '>='], ['operator', '<=']],
  ['SELECT a NOT BETWEEN b AND c', ['operator', '<'], ['operator', '>']],
  ['SELECT a IN (1, 2), a NOT IN (3, 4)', ['operator', '='], ['operator', '<>']],
  ['SELECT a IN (SELECT 1)', ['operator', '=']],
  ['SELECT a OPERATOR(s.=) ANY (SELECT 1)', ['operator', 's', '=']],
  ['SELECT NULLIF(a, b)', ['operator', '=']],
  ['SELECT a IS DISTINCT FROM b', ['operator', '=']],
  ['SELECT CASE a WHEN 1 THEN 2 END', ['operator', '=']],
  ['SELECT * FROM t JOIN u USING (id)', ['operator', '='], ['relation', 't'], ['relation', 'u']],
  ['SELECT * FROM s.t NATURAL JOIN u', ['operator', '='], ['relation', 's', 't'], ['relation', 'u']],
  ['SELECT a LIKE b, a NOT ILIKE b', ['operator', '~~'], ['operator', '!~~*']],
  ['SELECT a FROM t ORDER BY a USING OPERATOR(s.<), b USING >', ['operator', 's', '<'], ['operator', '>']],
  ["SELECT a::mood, 'x'::s.mood[], other 'y'", ['type', 'mood'], ['type', 's', 'mood'], ['type', 'other']],
  ['SELECT mood(a), s.other(a)', ['type', 'mood'], ['type', 's', 'other']],
  ['SELECT a COLLATE "x", a COLLATE s."Y"', ['collation', 'x'], ['collation', 's', 'Y']],
  ["SELECT to_tsvector('words', a), 's.\"F\"(int)'::regprocedure", ['constant', 'words'], ['constant', 's', 'F']],
  [
    'CREATE INDEX i ON s.t (a COLLATE s.c s.ops, (f(b)) ops) WHERE a > 1',
    ['collation', 's', 'c'],
    ['operator class', 's', 'ops'],
    ['operator class', 'ops'],
    ['function', 'f'],
    ['operator', '>'],
  ],
  [
    'CREATE DOMAIN d AS s.t COLLATE c DEFAULT f() CHECK (s.g(VALUE))',
    ['type', 's', 't'],
    ['collation', 'c'],
    ['function', 's', 'g'],
  ],
  [
    'CREATE FOREIGN TABLE f (a mood COLLATE c DEFAULT g()) SERVER s',
    ['type', 'mood'],
    ['collation', 'c'],
    ['function', 'g'],
  ],
]

test.each(written.map(([text, ...names]) => ({ text, names })))('$text', async ({ text, names }) => {
  const found = await writtenNames([text])
  for (const [kind, first, second] of names) {
    const isFound = second === undefined ? found.isWritten(kind, first) : found.isWrittenWithSchema(kind, first, second)
    expect([kind, first, second, isFound]).toEqual([kind, first, second, true])
  }
})

const notWritten: readonly (readonly [string, ...(readonly [NamedKind, string])[]])[] = [
  ['SELECT s.lower(a)', ['function', 'lower']],
  ['SELECT a OPERATOR(s.+) b', ['operator', '+']],
  ['SELECT CASE WHEN a THEN 2 END', ['operator', '=']],
  ['SELECT * FROM t JOIN u ON true', ['operator', '=']],
  ['SELECT extract(year FROM a), trim(b)', ['function', 'extract'], ['function', 'btrim']],
  ['SELECT FROM WHERE lower(a)', ['function', 'lower']],
]

test.each(notWritten.map(([text, ...names]) => ({ text, names })))('not without a schema: $text', async ({
  text,
  names,
}) => {
  const found = await writtenNames([text])
  for (const [kind, name] of names) expect(found.isWritten(kind, name)).toBe(false)
})
