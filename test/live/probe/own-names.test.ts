// What the probe makes of SQL over relations that the same plan changes: the tables that a query reads gain a column, so it
// is tried out over stand-ins. The live text of every view must come out as it is: then the column is all that changes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/core/plan.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'

/** Unmanaged objects that the queries use, in schemas that the plan changes. */
const unmanaged = `
  CREATE EXTENSION postgres_fdw SCHEMA public;
  CREATE EXTENSION citext SCHEMA public;
  CREATE EXTENSION hstore SCHEMA public;
  CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
  CREATE SCHEMA "Odd one";
  CREATE TYPE public.mood AS ENUM ('sad', 'ok');
  CREATE TYPE public.pair AS (x int, y text);
  CREATE DOMAIN public.positive AS int CHECK (value > 0);
  CREATE COLLATION public.plain (provider = libc, locale = 'C');
  CREATE SEQUENCE public.numbers;
  CREATE FUNCTION public.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
  CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
  CREATE FUNCTION public.rows(int) RETURNS TABLE (n int, m int) LANGUAGE sql AS 'SELECT 1, 2';
  CREATE AGGREGATE public.total(int) (sfunc = int4pl, stype = int);
  CREATE OPERATOR public.+! (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
  CREATE TEXT SEARCH CONFIGURATION public.words (COPY = simple);
  CREATE TABLE public.plain_table (id int, note text);
  CREATE VIEW public.plain_view AS SELECT id, note FROM public.plain_table`

const columns =
  '{ id: int, c: citext, t: text, v: "varchar(20)", n: "numeric(10,2)", m: mood, p: pair, h: hstore, d: date }'
const added = columns.replace('}', ', more: text }')

/** By the view's name. A list has the first major that knows such SQL. */
const queries: Readonly<Record<string, string | readonly [query: string, from: number]>> = {
  star: 'SELECT id, c, t, v, n, m, p, h, d FROM a',
  all_columns: 'SELECT * FROM a',
  qualified: 'SELECT public.a.id, a.c FROM public.a',
  extension_type: "SELECT id, c = 'x' AS same, h -> 'k' AS k, h ? 'k' AS has FROM a",
  extension_cast: "SELECT t::citext AS c, 'a=>1'::public.hstore AS h FROM public.a",
  function_of_schema: 'SELECT twice(id) AS one, public.twice(id) AS two FROM a',
  function_hiding_a_builtin: 'SELECT lower(v) AS low, lower(t) AS text FROM a',
  operator_of_schema: 'SELECT id +! 1 AS one, id OPERATOR(public.+!) 2 AS two FROM a',
  aggregate_of_schema: 'SELECT total(id) AS total, count(*) FILTER (WHERE id > 1) AS some FROM a',
  collation: 'SELECT t COLLATE plain AS x, v COLLATE public.plain AS y FROM a ORDER BY t COLLATE "C"',
  sequence: "SELECT nextval('numbers') AS n, nextval('public.numbers'::regclass) AS m FROM a",
  text_search: "SELECT to_tsvector('words', t) AS w, to_tsquery('public.words', 'x') AS q FROM a",
  enum: "SELECT m, 'ok'::mood AS o, m = 'sad' AS s, enum_range(NULL::public.mood) AS r FROM a",
  composite: "SELECT (p).x, (p).y, ROW(1, 'x')::pair AS q, (a.p).x + 1 AS z FROM a",
  domain: 'SELECT id::positive AS id, NULL::public.positive AS nothing FROM a',
  whole_row: 'SELECT a AS r, row_to_json(a) AS j, (a).id AS i, a.* IS NULL AS n FROM a',
  row_type: 'SELECT NULL::a AS x, NULL::public.a AS y, ARRAY(SELECT a FROM a)::public.a[] AS z',
  functional_notation: 'SELECT id(a) AS id, (a.p).y FROM a',
  regclass: "SELECT 'public.a'::regclass AS r, 'a'::regclass::oid AS o, t FROM a",
  cte: 'WITH a AS (SELECT id FROM public.a) SELECT * FROM a JOIN b USING (id)',
  cte_recursive:
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT r.n + 1 FROM r JOIN a ON id = r.n WHERE r.n < 5) SELECT * FROM r',
  cte_materialized: 'WITH x AS MATERIALIZED (SELECT id FROM a), y AS NOT MATERIALIZED (TABLE x) SELECT * FROM y',
  join_using: 'SELECT * FROM (SELECT id, t FROM a) x JOIN (SELECT id, v FROM a) y USING (id)',
  join_using_alias: 'SELECT j.id FROM a JOIN b USING (id) AS j',
  natural: 'SELECT x.id, x.t FROM (SELECT id, t FROM a) x NATURAL JOIN (SELECT id FROM b) y',
  full_join: 'SELECT id, a.t, b.t AS bt FROM a FULL JOIN b USING (id) WHERE a.t IS DISTINCT FROM b.t',
  lateral: 'SELECT a.id, l.n FROM a, LATERAL (SELECT a.id + b.id AS n FROM b LIMIT 1) l',
  rows_from: 'SELECT f.*, x.id FROM ROWS FROM (rows(1), generate_series(1, 2)) WITH ORDINALITY AS f(a, b, c, o), a x',
  set_operation: 'SELECT id FROM a UNION SELECT id FROM b EXCEPT (SELECT 1 INTERSECT ALL SELECT id FROM public.a)',
  values: 'SELECT id, w, column1 FROM a JOIN (VALUES (7)) u ON true JOIN (VALUES (1, 2), (3, 4)) v(id, w) USING (id)',
  window:
    'SELECT id, sum(id) OVER w AS s, rank() OVER (PARTITION BY t ORDER BY v DESC NULLS LAST) AS r FROM a WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES)',
  grouping:
    'SELECT t, v, grouping(t, v) AS g, count(DISTINCT id) AS n FROM a GROUP BY GROUPING SETS ((t), CUBE (v), ()) HAVING count(*) > 1',
  ordered_set:
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS p, string_agg(t, ',' ORDER BY id DESC) AS s FROM a",
  distinct_on: 'SELECT DISTINCT ON (t) t, id FROM a ORDER BY t, id DESC FETCH FIRST 3 ROWS WITH TIES',
  sublinks:
    'SELECT id, (SELECT max(b.id) FROM b WHERE b.t = a.t) AS m, EXISTS (TABLE b) AS e, id = ANY (SELECT id FROM b) AS i, (id, t) IN (SELECT id, t FROM b) AS k, ARRAY(SELECT b.t FROM b) AS l FROM a',
  case_like:
    "SELECT CASE t WHEN 'x' THEN 1 ELSE 2 END AS c, CASE WHEN t LIKE 'a%' ESCAPE '!' THEN coalesce(v, t) END AS d, nullif(t, v) AS e, greatest(id, 2) AS g, t SIMILAR TO 'x' AS s, id BETWEEN SYMMETRIC 1 AND 2 AS b FROM a",
  time: "SELECT d + interval '1 day 02:03' AS x, d AT TIME ZONE 'UTC' AS y, extract(epoch FROM d) AS z, date '2026-01-02' AS w, (d, d) OVERLAPS (d, d) AS o FROM a",
  json: `SELECT jsonb_build_object('a', t) -> 'a' AS x, '{"b": "a.id"}'::jsonb #>> '{b}' AS y, to_jsonb(a) - 'id' AS z FROM a`,
  strings: `SELECT 'public.a' AS one, E'public.a\\n''' AS two, $$public.a$$ AS three, U&'\\0061' AS four FROM a -- public.a
    /* FROM public.a */ WHERE t <> 'FROM a'`,
  quoting: 'SELECT "Select" AS "from", "Odd one"."Tab le"."Select", ("Tab le").id FROM "Odd one"."Tab le"',
  unicode_name: 'SELECT U&"\\0069d" FROM U&"p\\0075blic".a',
  same_alias: 'SELECT public.id AS a, a.id AS b FROM a public, "Odd one"."Tab le" a WHERE true',
  unmanaged_table:
    'SELECT a.id, p.note, w.note AS other FROM a JOIN plain_table p USING (id) JOIN public.plain_view w USING (id)',
  over_a_view: 'SELECT s.id, q.c FROM star s JOIN public.qualified q USING (id)',
  table_sample: 'SELECT id FROM plain_table TABLESAMPLE system (10) REPEATABLE (1) JOIN a USING (id)',
  only: 'SELECT id FROM ONLY a',
  xml_free_subquery: 'SELECT * FROM (SELECT id, t AS id2 FROM a) AS x(a, b) WHERE (a, b) > (1, $$x$$)',
  constants:
    "SELECT 1 AS one, NULL AS nothing, 'x' AS text, 1.0 AS n, true AS b, array_fill(0, ARRAY[2]) AS z, '{1,NULL}'::int[] AS nulls FROM a",
  json_table: ["SELECT j.x FROM a, JSON_TABLE(to_jsonb(a), '$' COLUMNS (x int PATH '$.id')) j", 17],
  merge_free_anyvalue: ['SELECT any_value(t) AS t FROM a', 16],
}

const indexes: Readonly<Record<string, string>> = {
  star: `{ star_low_idx: { columns: [{ expression: "lower(v)" }, { column: c }], where: "m = 'ok'::mood" }, star_h_idx: { method: gin, columns: [h] } }`,
  function_of_schema: '{ two_idx: { columns: [{ expression: "twice(one)" }], where: "public.twice(two) > 1" } }',
  whole_row: '{ row_idx: { columns: [{ expression: "(r).id" }] } }',
}

function manifestText(major: number, ofTables: string, ofOdd: string): string {
  const views = Object.entries(queries).flatMap(([name, entry]) => {
    const [query, from] = typeof entry === 'string' ? [entry, 0] : entry
    if (major < from) return []
    const own = indexes[name] ? `, indexes: ${indexes[name]}` : ''
    return [`      ${name}: { populate: false, query: ${JSON.stringify(query)}${own} }`]
  })
  return `
version: 1
name: own-names
schemas:
  public:
    foreign_tables:
      a: { server: nowhere, columns: ${ofTables}, checks: { fits: "twice(id) > 0 AND c <> 'x'" } }
      b: { server: nowhere, columns: { id: int, t: text } }
    materialized_views:
${views.join('\n')}
  Odd one:
    foreign_tables:
      Tab le: { server: nowhere, columns: ${ofOdd} }
`
}

const summary = (plan: Plan) =>
  plan.changes.map(({ change, title }) => {
    const fields = 'fields' in change ? `: ${change.fields.map(({ field }) => field).join(', ')}` : ''
    return `${change.op} ${title}${fields}`
  })

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase(pair.target)
    await runSql(database.url, unmanaged)
  })
  afterAll(() => database.drop())

  test('queries over tables that gain a column mean what they meant', async () => {
    const before = await manifestOf(manifestText(pair.major, columns, '{ Select: int, id: int }'), {})
    const { report } = await applyTo(before, database.url)
    expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied')).toEqual([])
    expect(summary(await planFor(before, database.url))).toEqual([])

    const after = await manifestOf(manifestText(pair.major, added, '{ Select: int, id: int, more: text }'), {})
    const plan = await planFor(after, database.url)
    expect(plan.undetermined).toEqual([])
    expect(plan.refusals).toEqual([])
    const own = summary(plan).filter((line) => !line.startsWith('alter foreign table'))
    // What shows all columns is another query now; nothing else is.
    expect(own).toEqual(['replace materialized view public.all_columns: query'])
    expect(summary(plan)).toContain('alter foreign table public.a: column more')
    const applied = await applyTo(after, database.url)
    expect(applied.report?.steps.filter(({ outcome }) => outcome.status !== 'applied')).toEqual([])
    expect(summary(await planFor(after, database.url))).toEqual([])
    await runSql(database.url, 'DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL')
    expect(summary(await planFor(after, database.url)), 'without proofs').toEqual([])
  })

  test('a function over the rows of a table that changes: the views that call it are undetermined, and no others', async () => {
    const manifest = (ofTable: string) => `
version: 1
name: rows
schemas:
  public:
    foreign_tables: { rowed: { server: nowhere, columns: ${ofTable} } }
    materialized_views:
      calls: { populate: false, query: SELECT of_row(r) AS x FROM rowed r }
      constant: { populate: false, query: "SELECT id FROM rowed WHERE of_table('rowed')" }
      other: { populate: false, query: SELECT id FROM rowed }
`
    await runSql(
      database.url,
      'CREATE FUNCTION public.of_table(regclass) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT true $$',
    )
    const first = await manifestOf(manifest('{ id: int }').replace(/ +(calls|constant):.*\n/g, ''), {})
    await applyTo(first, database.url)
    await runSql(
      database.url,
      'CREATE FUNCTION public.of_row(public.rowed) RETURNS int LANGUAGE sql AS $$ SELECT $1.id $$',
    )
    await applyTo(await manifestOf(manifest('{ id: int }'), {}), database.url)
    const plan = await planFor(await manifestOf(manifest('{ id: int, more: text }'), {}), database.url)
    expect(summary(plan)).toEqual(['alter foreign table public.rowed: column more'])
    expect(plan.undetermined.map(({ title }) => title)).toEqual(['materialized view public.calls'])
  })
})
