// Code that another role plants for unqualified names and operators to find. It must run neither in a plan nor in an apply, and
// the refusal names it and its owner.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCode, FdwsyncError } from '../../../src/core/errors.ts'
import type { Plan } from '../../../src/core/plan.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'

/** `public` is writable, as it is by default before 15. `m.hits` is advanced by whatever of mallory_plants's runs; no rollback takes that back. */
const prepared = `
  CREATE EXTENSION postgres_fdw SCHEMA public;
  CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
  DO $$ BEGIN CREATE ROLE mallory_plants; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  GRANT CREATE, USAGE ON SCHEMA public TO mallory_plants;
  CREATE SCHEMA px;
  GRANT USAGE ON SCHEMA px TO mallory_plants;
  CREATE TABLE px.customers (id int, name varchar(50), note text, total numeric, day date);
  CREATE TABLE px.orders (id int, name varchar(50), note text, total numeric);
  INSERT INTO px.customers VALUES (1, 'Ann', 'x', 2, '2026-01-01'), (2, 'Bob', 'y', 3, '2026-01-02');
  INSERT INTO px.orders VALUES (1, 'Ann', 'x', 2), (2, 'Bob', 'y', 3);
  CREATE SCHEMA m AUTHORIZATION mallory_plants;
  SET ROLE mallory_plants;
  CREATE SEQUENCE m.hits;
  CREATE FUNCTION m.hit() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('m.hits') $$`

/** A function of mallory_plants's that counts its calls and returns something. */
function planted(signature: string, returns: string, result: string): string {
  return `CREATE FUNCTION public.${signature} RETURNS ${returns} LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM m.hit(); RETURN ${result}; END $$`
}

function plantedOperator(name: string, type: string, returns = 'boolean', result = 'true'): string {
  return `${planted(`planted(${type}, ${type})`, returns, result)};
    CREATE OPERATOR public.${name} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = public.planted)`
}

interface Attack {
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

const lower = planted('lower(varchar)', 'text', "'evil'")
const lowerFound = 'function public.lower(character varying)'
const equals = (type: string) => plantedOperator('=', type)
const equalsFound = (type: string) => `operator public.=(${type},${type})`

const attacks: Readonly<Record<string, Attack>> = {
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

function manifestText({ query, table, index, statistics, type, searchPath }: Attack, more = ''): string {
  const view = index || statistics ? 'SELECT id, name, note FROM px.customers' : query
  return `
version: 1
name: attacked
${searchPath ? `search_path: ${searchPath}\n` : ''}${more}
schemas:
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

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let target: TestDatabase
  beforeAll(async () => {
    target = await createDatabase(pair.target)
    await runSql(target.url, prepared)
  })
  afterAll(() => target.drop())

  const asMallory = (sql: string) => runSql(target.url, `SET ROLE mallory_plants; ${sql}`)
  const hits = async () => (await runSql(target.url, 'SELECT is_called FROM m.hits'))[0]
  const codeHazards = ({ changes }: Plan) =>
    changes.flatMap(({ hazards }) => hazards).filter(({ name }) => name === 'untrusted-code')

  test('the detector notices a call', async () => {
    await asMallory("CREATE SEQUENCE m.other; SELECT nextval('m.other')")
    await asMallory(lower)
    await runSql(target.url, "SELECT lower('X'::varchar)")
    expect(await hits()).toEqual({ is_called: true })
    await asMallory(
      "DROP FUNCTION public.lower(varchar); ALTER SEQUENCE m.hits RESTART; SELECT setval('m.hits', 1, false)",
    )
  })

  describe.each(Object.entries(attacks))('%s', (_name, attack) => {
    test('is refused with its name and owner, and does not run', async () => {
      const parsed = await manifestOf(manifestText(attack), {})
      if (!attack.isUnknownBefore) expect(codeHazards(await planFor(parsed, target.url))).toEqual([])
      await asMallory(attack.plant)
      try {
        const [hazard] = codeHazards(await planFor(parsed, target.url))
        expect(hazard?.detail).toContain(attack.finds)
        expect(hazard?.detail).toContain('mallory_plants')
        const refused = await applyTo(parsed, target.url).catch((error: unknown) => error)
        expect(refused).toBeInstanceOf(FdwsyncError)
        expect((refused as FdwsyncError).exitCode).toBe(exitCode.refused)
        expect((refused as FdwsyncError).message).toContain(attack.finds)
        expect(await hits()).toEqual({ is_called: false })
      } finally {
        await runSql(
          target.url,
          'DROP OWNED BY mallory_plants CASCADE; GRANT CREATE, USAGE ON SCHEMA public TO mallory_plants; GRANT USAGE ON SCHEMA px TO mallory_plants',
        )
        await runSql(target.url, prepared.slice(prepared.indexOf('CREATE SCHEMA m ')))
      }
    })

    test('is not refused if the manifest trusts its owner', async () => {
      await asMallory(attack.plant)
      try {
        const parsed = await manifestOf(manifestText(attack, 'trusted_roles: [mallory_plants]'), {})
        expect(codeHazards(await planFor(parsed, target.url))).toEqual([])
      } finally {
        await runSql(
          target.url,
          'DROP OWNED BY mallory_plants CASCADE; GRANT CREATE, USAGE ON SCHEMA public TO mallory_plants; GRANT USAGE ON SCHEMA px TO mallory_plants',
        )
        await runSql(target.url, prepared.slice(prepared.indexOf('CREATE SCHEMA m ')))
      }
    })
  })
})
