// What a name, an operator or a piece of syntax finds if mallory has planted it.

import { planted, plantedLower, plantedOperator } from './mallory.ts'

export interface Attack {
  readonly plant: string
  /** What the refusal names. */
  readonly finds: string
  /** The query of a materialized view, or the stanza of something else. */
  readonly query?: string
  readonly table?: string
  readonly index?: string
  readonly statistics?: string
  readonly type?: string
  readonly searchPath?: string
  /** What the plan has to say without the plant: the name is not found then. */
  readonly isUnknownBefore?: true
}

const lower = plantedLower
const lowerFound = 'function public.lower(character varying)'
const equals = (type: string) => plantedOperator('=', type)
const equalsFound = (type: string) => `operator public.=(${type},${type})`

export const attacks: Readonly<Record<string, Attack>> = {
  'a better overload': { plant: lower, finds: lowerFound, query: 'SELECT lower(name) AS n FROM px.customers' },
  'a better overload for a name': {
    plant: planted('int4(varchar)', 'int', '1'),
    finds: 'function public.int4(character varying)',
    query: 'SELECT int4(name) AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'an exact overload of a variadic one': {
    plant: planted('concat(varchar, text)', 'text', "'evil'"),
    finds: 'function public.concat(character varying,text)',
    query: 'SELECT concat(name, note) AS n FROM px.customers',
  },
  'an aggregate': {
    plant: `${planted('bool_step(boolean, varchar)', 'boolean', 'true')}; CREATE AGGREGATE public.max(varchar) (SFUNC = public.bool_step, STYPE = boolean)`,
    finds: 'function public.max(character varying)',
    query: 'SELECT max(name) AS n FROM px.customers',
  },
  'a function in functional notation': {
    plant: planted('secret(px.customers)', 'text', "'evil'"),
    finds: 'function public.secret(px.customers)',
    query: 'SELECT c.secret AS n FROM px.customers c',
    isUnknownBefore: true,
  },
  '=': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT id FROM px.customers WHERE name = note::varchar',
  },
  '<> of NOT IN': {
    plant: plantedOperator('<>', 'varchar'),
    finds: 'operator public.<>(character varying,character varying)',
    query: 'SELECT id FROM px.customers WHERE name NOT IN (note::varchar, name)',
  },
  IN: {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT id FROM px.customers WHERE name IN (note::varchar, name)',
  },
  'IN (SELECT)': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT id FROM px.customers WHERE name IN (SELECT name FROM px.orders)',
  },
  '= ANY': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT id FROM px.customers WHERE name = ANY (SELECT name FROM px.orders)',
  },
  BETWEEN: {
    plant: plantedOperator('>=', 'varchar'),
    finds: 'operator public.>=(character varying,character varying)',
    query: 'SELECT id FROM px.customers WHERE name BETWEEN note::varchar AND note::varchar',
  },
  'CASE x WHEN': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT CASE name WHEN note::varchar THEN 1 END AS n FROM px.customers',
  },
  NULLIF: {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT nullif(name, note::varchar) AS n FROM px.customers',
  },
  'IS DISTINCT FROM': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT name IS DISTINCT FROM note::varchar AS n FROM px.customers',
  },
  LIKE: {
    plant: plantedOperator('~~', 'varchar'),
    finds: 'operator public.~~(character varying,character varying)',
    query: 'SELECT name LIKE note::varchar AS n FROM px.customers',
  },
  ILIKE: {
    plant: plantedOperator('~~*', 'varchar'),
    finds: 'operator public.~~*(character varying,character varying)',
    query: 'SELECT name ILIKE note::varchar AS n FROM px.customers',
  },
  '||': {
    plant: plantedOperator('||', 'varchar', 'text', "'evil'"),
    finds: 'operator public.||(character varying,character varying)',
    query: 'SELECT name || note::varchar AS n FROM px.customers',
  },
  '+ over a mixture': {
    plant: `${planted('planted(int, numeric)', 'numeric', '1')}; CREATE OPERATOR public.+ (LEFTARG = int, RIGHTARG = numeric, FUNCTION = public.planted)`,
    finds: 'operator public.+(integer,numeric)',
    query: 'SELECT id + total AS n FROM px.customers',
  },
  'a prefix operator': {
    plant: `${planted('planted(varchar)', 'int', '1')}; CREATE OPERATOR public.- (RIGHTARG = varchar, FUNCTION = public.planted)`,
    finds: 'operator public.-(NONE,character varying)',
    query: 'SELECT - name AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'JOIN USING': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT c.id FROM px.customers c JOIN px.orders o USING (name)',
  },
  'NATURAL JOIN': {
    plant: equals('varchar'),
    finds: equalsFound('character varying'),
    query: 'SELECT c.id FROM (SELECT id, name FROM px.customers) c NATURAL JOIN (SELECT name FROM px.orders) o',
  },
  'ORDER BY USING': {
    plant: planted('lower(varchar)', 'text', "'evil'"),
    finds: lowerFound,
    query: 'SELECT name FROM px.customers ORDER BY lower(name) USING <',
  },
  'a type': {
    plant: `CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)`,
    finds: 'type public.code',
    query: 'SELECT note::code AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'a type that hides a built-in one': {
    plant: `CREATE DOMAIN public.text AS pg_catalog.text CHECK (m.hit() > 0)`,
    finds: 'type public.text',
    query: 'SELECT name::text AS n FROM px.customers',
    searchPath: '[public, pg_catalog]',
  },
  'a built-in function, where pg_catalog comes last': {
    plant: planted('lower(text)', 'text', "'evil'"),
    finds: 'function public.lower(text)',
    query: 'SELECT lower(note) AS n FROM px.customers',
    searchPath: '[public, pg_catalog]',
  },
  'an array of a type': {
    plant: `CREATE TYPE public.code AS ENUM ('x', 'y')`,
    finds: 'type public.code',
    query: 'SELECT ARRAY[note]::code[] AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'a type written like a function': {
    plant: `CREATE TYPE public.code AS ENUM ('x', 'y')`,
    finds: 'type public.code',
    query: "SELECT code 'x' AS n FROM px.customers",
    isUnknownBefore: true,
  },
  'a collation': {
    plant: `CREATE COLLATION public.plain (provider = libc, locale = 'C')`,
    finds: 'collation public.plain',
    query: 'SELECT name COLLATE plain AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'a text search configuration': {
    plant: `CREATE TEXT SEARCH CONFIGURATION public.words (COPY = pg_catalog.simple)`,
    finds: 'text search configuration public.words',
    query: "SELECT to_tsvector('words', note) AS n FROM px.customers",
    isUnknownBefore: true,
  },
  'a cast of a type': {
    plant: `CREATE TYPE public.code AS ENUM ('x', 'y'); ${planted('as_int(public.code)', 'int', '1')};
      CREATE CAST (public.code AS int) WITH FUNCTION public.as_int(public.code) AS IMPLICIT`,
    finds: 'function public.as_int(public.code)',
    query: "SELECT 1 + 'x'::code AS n FROM px.customers",
    isUnknownBefore: true,
  },
  'a view': {
    plant: `CREATE VIEW public.people AS SELECT m.hit() AS n`,
    finds: 'view public.people',
    query: 'SELECT n FROM people',
    isUnknownBefore: true,
  },
  'a subquery, a window and a CTE': {
    plant: lower,
    finds: lowerFound,
    query:
      'WITH c AS (SELECT * FROM px.customers) SELECT (SELECT count(*) OVER (PARTITION BY lower(c.name)) FROM px.orders LIMIT 1) AS n FROM c',
  },
  'a function in FROM': {
    plant: planted('generate_series(int, numeric)', 'SETOF int', 'NEXT 1'),
    finds: 'function public.generate_series(integer,numeric)',
    query: 'SELECT n FROM px.customers c, generate_series(c.id, c.total) n',
  },
  'a default': { plant: lower, finds: lowerFound, table: '{ name: { type: text, default: "lower(\'X\'::varchar)" } }' },
  'a check': { plant: lower, finds: lowerFound, table: '{ name: varchar(9) } , checks: { c: "lower(name) = \'x\'" }' },
  'a generated column': {
    plant: lower,
    finds: lowerFound,
    table: '{ name: varchar(9), low: { type: text, generated: lower(name) } }',
  },
  'the type of a column': {
    plant: 'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)',
    finds: 'type public.code',
    table: '{ name: code }',
    isUnknownBefore: true,
  },
  'the collation of a column': {
    plant: `CREATE COLLATION public.plain (provider = libc, locale = 'C')`,
    finds: 'collation public.plain',
    table: '{ name: { type: text, collation: plain } }',
    isUnknownBefore: true,
  },
  'an index expression': { plant: lower, finds: lowerFound, index: '[{ expression: lower(name) }]' },
  'a predicate': { plant: lower, finds: lowerFound, index: '[id], where: "lower(name) = \'x\'"' },
  statistics: { plant: lower, finds: lowerFound, statistics: '{ expressions: [lower(name), note] }' },
  'the check of a domain': {
    plant: lower,
    finds: lowerFound,
    type: '{ domain: varchar, checks: { c: "lower(VALUE) = \'x\'" } }',
  },
  'the default of a domain': {
    plant: lower,
    finds: lowerFound,
    type: '{ domain: text, default: "lower(\'X\'::varchar)" }',
  },
  'a parent': {
    plant: 'CREATE TABLE public.base (id int)',
    finds: 'table public.base',
    table: '{ name: text }, inherits: [base]',
    isUnknownBefore: true,
  },
  'the parent of a partition': {
    plant: 'CREATE TABLE public.base (id int, name text) PARTITION BY LIST (id)',
    finds: 'table public.base',
    table: '{ name: text }, partition_of: { table: base, for_values: IN (1) }',
    isUnknownBefore: true,
  },
  // Only a superuser creates operator classes, but whoever owns a function in one can replace it.
  'the function of an operator class': {
    plant: `${planted('planted(text, text)', 'int', '0')}; RESET ROLE;
      CREATE OPERATOR CLASS public.mine FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 public.planted(text, text)`,
    finds: 'function public.planted(text,text)',
    index: '[{ column: note, operator_class: mine }]',
    isUnknownBefore: true,
  },
  'an aggregate over a window': {
    plant: `${planted('bool_step(bigint, varchar)', 'bigint', '1')}; CREATE AGGREGATE public.count(varchar) (SFUNC = public.bool_step, STYPE = bigint, INITCOND = '0')`,
    finds: 'function public.count(character varying)',
    query: 'SELECT count(name) OVER (ORDER BY id) AS n FROM px.customers',
  },
  'an ordered-set aggregate': {
    plant: `${planted('step(text, varchar)', 'text', "'evil'")}; ${planted('final(text, float8)', 'text', "'evil'")};
      CREATE AGGREGATE public.percentile_disc(float8 ORDER BY varchar) (SFUNC = public.step, STYPE = text, FINALFUNC = public.final)`,
    finds: 'function public.percentile_disc(double precision,character varying)',
    query: 'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY name) AS n FROM px.customers',
  },
  'SIMILAR TO': {
    plant: `${planted('planted(varchar, text)', 'boolean', 'true')}; CREATE OPERATOR public.~ (LEFTARG = varchar, RIGHTARG = text, FUNCTION = public.planted)`,
    finds: 'operator public.~(character varying,text)',
    query: "SELECT name SIMILAR TO 'x%' AS n FROM px.customers",
  },
  'a range type': {
    plant: `${planted('diff(float8, float8)', 'float8', '1')}; CREATE TYPE public.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = public.diff)`,
    finds: 'public.span',
    query: 'SELECT span(1, id) AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'a collation that hides a built-in one': {
    plant: `CREATE COLLATION public."C" (provider = libc, locale = 'POSIX')`,
    finds: 'collation public."C"',
    query: 'SELECT name COLLATE "C" AS n FROM px.customers',
    searchPath: '[public, pg_catalog]',
  },
  'a cast that an operator finds': {
    plant: `CREATE TYPE public.code AS ENUM ('x', 'y'); ${planted('as_code(varchar)', 'public.code', "'x'")};
      CREATE CAST (varchar AS public.code) WITH FUNCTION public.as_code(varchar) AS IMPLICIT;
      ${planted('planted(public.code, int)', 'int', '1')};
      CREATE OPERATOR public.*** (LEFTARG = public.code, RIGHTARG = int, FUNCTION = public.planted)`,
    finds: 'function public.as_code(character varying)',
    query: 'SELECT name *** 1 AS n FROM px.customers',
    isUnknownBefore: true,
  },
  'the base of a domain': {
    plant: 'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)',
    finds: 'type public.code',
    type: '{ domain: code }',
    isUnknownBefore: true,
  },
  'an attribute of a composite type': {
    plant: "CREATE TYPE public.code AS ENUM ('x')",
    finds: 'type public.code',
    type: '{ composite: { a: int, c: code } }',
    isUnknownBefore: true,
  },
}

export function manifestText(
  { query, table, index, statistics, type, searchPath, wrapper }: Attack & { readonly wrapper?: string },
  more = '',
): string {
  const view = index || statistics ? 'SELECT id, name, note FROM px.customers' : query
  return `
version: 1
name: attacked
${searchPath ? `search_path: ${searchPath}\n` : ''}${more}
${wrapper ? `foreign_data_wrappers: { w: ${wrapper} }\n` : ''}schemas:
  shop:
${type ? `    types: { t: ${type} }\n` : ''}${table ? `    foreign_tables: { f: { server: nowhere, columns: ${table} } }\n` : ''}${
  view
    ? `    materialized_views:
      v:
        query: ${JSON.stringify(view)}
${index ? `        indexes: { v_i: { columns: ${index} } }\n` : ''}${statistics ? `        statistics: { v_s: ${statistics} }\n` : ''}`
    : ''
}`
}

/** What PostgreSQL evaluates while it creates an object, so that looking afterwards is too late. */
export const evaluated: Readonly<Record<string, Attack & { readonly wrapper?: string }>> = {
  'a constant in an index expression': {
    plant: lower,
    finds: 'public.lower(character varying)',
    index: '[{ expression: "name || lower(\'X\'::varchar)" }]',
  },
  'a constant in a predicate': {
    plant: lower,
    finds: 'public.lower(character varying)',
    index: '[id], where: "note = lower(\'X\'::varchar)"',
  },
  'an operator between constants': {
    plant: plantedOperator('||', 'varchar', 'text', "'evil'"),
    finds: 'public.planted(character varying,character varying)',
    index: "[{ expression: \"note || ('X'::varchar || 'Y'::varchar)\" }]",
  },
  'a constant in a generated column': {
    plant: lower,
    finds: 'public.lower(character varying)',
    table: '{ name: text, low: { type: text, generated: "name || lower(\'X\'::varchar)" } }',
  },
  'a literal in a view': {
    plant: 'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)',
    finds: 'domain public.code',
    query: "SELECT '{x}'::code[] AS n FROM px.customers",
  },
  'a literal in a default': {
    plant: 'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)',
    finds: 'domain public.code',
    table: "{ name: { type: 'code[]', default: \"'{x}'\" } }",
  },
  'a literal of a composite type in a check': {
    plant: 'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0); CREATE TYPE public.pair AS (c public.code)',
    finds: 'domain public.code',
    table: '{ name: text }, checks: { c: "name <> (\'(x)\'::pair).c" }',
  },
  'a validator': {
    plant: planted('check_it(text[], oid)', 'boolean', 'true'),
    finds: 'public.check_it(text[],oid)',
    wrapper: '{ validator: check_it }',
  },
}
