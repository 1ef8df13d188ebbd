// Which relations a query reads.

import { expect, test } from 'vitest'
import { relationsRead } from '../../../src/parser/relations-read.ts'

test.each([
  ['SELECT 1', []],
  ['TABLE a', ['a']],
  ['SELECT * FROM s.a, "B", "s.a", a AS c, ONLY d;', ['s.a', 'B', '"s.a"', 'a', 'd']],
  [
    'SELECT (SELECT 1 FROM a) FROM b JOIN c USING (i) LEFT JOIN LATERAL (SELECT FROM d) e ON true',
    ['a', 'b', 'c', 'd'],
  ],
  ['SELECT 1 WHERE EXISTS (SELECT FROM a) OR 1 IN (SELECT i FROM b) ORDER BY (SELECT 1 FROM c)', ['a', 'b', 'c']],
  ['SELECT 1 FROM a UNION (SELECT 2 FROM b EXCEPT SELECT 3 FROM c)', ['a', 'b', 'c']],
  ['VALUES ((SELECT 1 FROM a))', ['a']],
  ['SELECT * FROM f((SELECT 1 FROM a)), a AS b TABLESAMPLE system (1)', ['a']],
  ['WITH x AS (SELECT * FROM a) SELECT * FROM x', ['a']],
  // A table wrapped by a CTE of the same name: the name inside is the table.
  ['WITH orders AS (SELECT * FROM orders WHERE paid) SELECT * FROM orders', ['orders']],
  ['WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t JOIN a USING (i)) SELECT * FROM t', ['a']],
  ['WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b', ['b']],
  ['WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a', []],
  ['WITH x AS (SELECT 1) SELECT * FROM s.x', ['s.x']],
  ['SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) y, x', ['x']],
  ['WITH x AS (SELECT 1) SELECT (SELECT 1 FROM x) UNION SELECT 1 FROM x', []],
  ['WITH x AS (WITH y AS (SELECT * FROM a) SELECT * FROM y) SELECT * FROM x, y', ['a', 'y']],
  ['(WITH x AS (SELECT 1) SELECT * FROM x) UNION SELECT 1 FROM x', ['x']],
  ['SELECT * FROM a AS x FOR UPDATE OF x', ['a']],
  ['SELECT * FROM db.s.a', ['s.a']],
  ['SELECT NULL::s.a, CAST(1 AS b), $$x$$::"C"[]', ['s.a', 'b', 'C']],
  [
    "SELECT 1::int, ''::text, ''::pg_catalog.date, now()::timestamptz, '1 day'::interval, s.a::varchar(9) FROM s.a",
    ['s.a'],
  ],
  ['SELECT * FROM', []],
])('%s', async (query, expected) => {
  const found = (await relationsRead(query)).map(({ schema, name }) => {
    const shown = name.includes('.') ? `"${name}"` : name
    return schema === null ? shown : `${schema}.${shown}`
  })
  expect([...found].sort()).toEqual([...expected].sort())
})
