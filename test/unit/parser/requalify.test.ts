// Which schemas and types a query names, and how they are replaced in its text.

import { expect, test } from 'vitest'
import { renameSchemas, requalifyWithFunctions } from '../../../src/parser/requalify.ts'

// Relations and types a and "B c" of schema s, and t of schema "S t", are named in scratch schemas.
const moved = new Map([
  ['s.a', 'x_0'],
  ['s.B c', 'x_0'],
  ['S t.t', 'X 1'],
])
const schemaOf = ({ schema, name }: { schema: string | null; name: string }) => moved.get(`${schema}.${name}`)
const schemaOfFunction = ({ schema, name }: { schema: string | null; name: string }) =>
  `${schema}.${name}` === 's.g' ? 'x_0' : undefined

test.each([
  ['SELECT * FROM s.a', 'SELECT * FROM x_0.a'],
  ['SELECT * FROM a, s.b, s.A JOIN S . "a" USING (i)', 'SELECT * FROM a, s.b, x_0.A JOIN x_0 . "a" USING (i)'],
  ['SELECT s.a.id, s.a.*, s.a FROM s.a', 'SELECT x_0.a.id, x_0.a.*, s.a FROM x_0.a'],
  ['SELECT s.a FROM q s', 'SELECT s.a FROM q s'],
  ["SELECT 's.a' AS s FROM s.a -- s.a", "SELECT 's.a' AS s FROM x_0.a -- s.a"],
  [
    "SELECT 's.a'::regclass, 'S.\"B c\"'::pg_catalog.regclass",
    "SELECT 'x_0.a'::regclass, 'x_0.\"B c\"'::pg_catalog.regclass",
  ],
  [
    "SELECT CAST('s.a' AS regtype), 'a'::regclass, 's.a'::text",
    "SELECT CAST('x_0.a' AS regtype), 'a'::regclass, 's.a'::text",
  ],
  ['SELECT FROM WHERE s.a', undefined],
  ['SELECT NULL::s.a, ARRAY[]::s."B c"[]', 'SELECT NULL::x_0.a, ARRAY[]::x_0."B c"[]'],
  ['SELECT 1 FROM "S t".t, U&"S\\0020t".t', 'SELECT 1 FROM "X 1".t, "X 1".t'],
  ['SELECT é, ü FROM s.a ORDER BY s.a.é', 'SELECT é, ü FROM x_0.a ORDER BY x_0.a.é'],
  ['WITH a AS (SELECT * FROM s.a) SELECT * FROM a, s.a', 'WITH a AS (SELECT * FROM x_0.a) SELECT * FROM a, x_0.a'],
  [
    'CREATE FOREIGN TABLE y.t (c s.a DEFAULT NULL::s.a) SERVER s',
    'CREATE FOREIGN TABLE y.t (c x_0.a DEFAULT NULL::x_0.a) SERVER s',
  ],
  [
    'CREATE MATERIALIZED VIEW y.m AS SELECT (r).x FROM s.a r WITH NO DATA',
    'CREATE MATERIALIZED VIEW y.m AS SELECT (r).x FROM x_0.a r WITH NO DATA',
  ],
  ['CREATE INDEX ON s.a ((s.f(id)))', 'CREATE INDEX ON x_0.a ((s.f(id)))'],
  [
    'CREATE VIEW y.v AS SELECT s.a(i), s.g FROM s.f() i, S.G(1)',
    'CREATE VIEW y.v AS SELECT s.a(i), s.g FROM s.f() i, x_0.G(1)',
  ],
  ['CREATE DOMAIN y.d AS s.a CHECK (value <> NULL::s.a)', 'CREATE DOMAIN y.d AS x_0.a CHECK (value <> NULL::x_0.a)'],
  ['CREATE TYPE y.c AS (x s.a, y integer)', 'CREATE TYPE y.c AS (x x_0.a, y integer)'],
  [
    'SELECT pg_catalog.int4(1), 1::pg_catalog.int4 FROM s.a',
    'SELECT pg_catalog.int4(1), 1::pg_catalog.int4 FROM x_0.a',
  ],
])('%s', async (text, expected) => {
  if (expected === undefined)
    await expect(requalifyWithFunctions(text, schemaOf, schemaOfFunction)).rejects.toThrow(/refused by the grammar/)
  else expect(await requalifyWithFunctions(text, schemaOf, schemaOfFunction)).toBe(expected)
})

test('schemas are renamed before relations, types and functions, and nowhere else', async () => {
  const renamed = await renameSchemas(
    `SELECT s.f(s.t.a), '{}'::s.c[], 's.t'::regclass, s.a, 's.t', x.f() FROM s.t, "S".t, f(1) AS s, "a b".t -- s.t`,
    new Map([
      ['s', 'new one'],
      ['a b', 'c'],
    ]),
  )
  expect(renamed).toBe(
    `SELECT "new one".f("new one".t.a), '{}'::"new one".c[], '"new one".t'::regclass, s.a, 's.t', x.f() FROM "new one".t, "S".t, f(1) AS s, c.t -- s.t`,
  )
})
