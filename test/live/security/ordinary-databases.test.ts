// Databases as they are everywhere: extensions in public, an application's own functions and types. None of them needs a flag.
import { afterEach, describe, expect, test } from 'vitest'
import { createDatabase, runSql, type TestDatabase, urlOf } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { newestMajor } from '../../support/majors.ts'

interface Ordinary {
  /** What a superuser has set up. The roles `ordinary_app` and `ordinary_deployer` exist; neither is a superuser. */
  readonly before: string
  /** Who applies. Default: a superuser. */
  readonly as?: 'ordinary_app' | 'ordinary_deployer'
  readonly query: string
  readonly more?: string
  /** At the top of the manifest. */
  readonly head?: string
  /** Announced, without a need to allow anything. */
  readonly announces?: string
}

const rows =
  'CREATE TABLE public.items (id int, name text, tags int[]); INSERT INTO public.items VALUES (1, $$Ann$$, $${1,2}$$)'
const twice = (schema: string) =>
  `CREATE FUNCTION ${schema}.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2'`
const asApp = (sql: string) => `SET ROLE ordinary_app; ${sql}; RESET ROLE`

const databases: Readonly<Record<string, Ordinary>> = {
  'pg_trgm in public': {
    before: `CREATE EXTENSION pg_trgm SCHEMA public; ${rows}`,
    query: "SELECT id, name, similarity(name, 'Anna') AS s FROM items WHERE name % 'Anna'",
    more: ', indexes: { v_trgm: { method: gin, columns: [{ column: name, operator_class: gin_trgm_ops }] } }',
  },
  'citext in public': {
    before: `CREATE EXTENSION citext SCHEMA public; ${rows}`,
    query:
      "SELECT DISTINCT name::citext AS name FROM items WHERE name::citext = 'ANN' AND name::citext IN ('ann') ORDER BY 1",
    more: ', indexes: { v_name: { unique: true, columns: [name] } }',
  },
  'hstore in public': {
    before: `CREATE EXTENSION hstore SCHEMA public; ${rows}`,
    query: "SELECT id, hstore('a', name) -> 'a' AS a, 'a=>1'::hstore ? 'a' AS has FROM items",
  },
  'intarray in public': {
    before: `CREATE EXTENSION intarray SCHEMA public; ${rows}`,
    query: "SELECT id, tags, tags & '{1}' AS common FROM items WHERE tags @> '{1}' AND tags @@ '1&2'::query_int",
    more: ', indexes: { v_tags: { method: gin, columns: [{ column: tags, operator_class: gin__int_ops }] } }',
    announces: 'hides-built-in',
  },
  'ltree in public': {
    before: `CREATE EXTENSION ltree SCHEMA public; ${rows}`,
    query: "SELECT name::ltree AS path FROM items WHERE name::ltree <@ 'Ann'",
    more: ', indexes: { v_path: { method: gist, columns: [path] } }',
  },
  'extensions in a schema of their own': {
    before: `CREATE SCHEMA extensions; CREATE EXTENSION unaccent SCHEMA extensions; CREATE EXTENSION pgcrypto SCHEMA extensions;
      CREATE EXTENSION cube SCHEMA extensions; CREATE EXTENSION earthdistance SCHEMA extensions; ${rows}`,
    head: 'search_path: [public, extensions]',
    query:
      "SELECT id, unaccent(name) AS n, encode(digest(name, 'sha1'), 'hex') AS d, earth_distance(ll_to_earth(1, 2), ll_to_earth(3, 4)) AS e FROM items",
  },
  "an application's functions, called by their schema": {
    before: `CREATE SCHEMA app AUTHORIZATION ordinary_app; ${asApp(twice('app'))}; ${rows}`,
    query: 'SELECT id, app.twice(id) AS n FROM items',
    more: ', indexes: { v_twice: { columns: [{ expression: app.twice(id) }] } }',
    announces: 'names-untrusted-code',
  },
  "an application's types and operators, named with their schema": {
    before: `CREATE SCHEMA app AUTHORIZATION ordinary_app; ${rows};
      ${asApp(`CREATE TYPE app.mood AS ENUM ('ok'); CREATE DOMAIN app.positive AS int CHECK (VALUE > 0); ${twice('app')};
        CREATE FUNCTION app.mood_of(text) RETURNS app.mood IMMUTABLE LANGUAGE sql AS 'SELECT $$ok$$::app.mood'; CREATE CAST (text AS app.mood) WITH FUNCTION app.mood_of(text);
        CREATE OPERATOR app.*! (RIGHTARG = int, FUNCTION = app.twice)`)}`,
    query:
      "SELECT 'ok'::app.mood AS m, name::app.mood AS c, id::app.positive AS p, OPERATOR(app.*!) id AS n FROM items",
    announces: 'names-untrusted-code',
  },
  "an application's functions in public, trusted by the manifest": {
    before: `GRANT CREATE ON SCHEMA public TO ordinary_app; ${asApp(twice('public'))}; ${rows}`,
    head: 'trusted_roles: [ordinary_app]',
    query: 'SELECT id, twice(id) AS n FROM items',
  },
  "an application's tables and their types, without naming these": {
    before: `GRANT CREATE ON SCHEMA public TO ordinary_app;
      ${asApp(`CREATE TYPE public.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
        CREATE TYPE public.pair AS (x int, y text); CREATE TABLE public.items (id public.positive, m public.mood, p public.pair, t public.mood[])`)}`,
    query: "SELECT *, (p).x AS x FROM items WHERE m = 'ok' AND id > 1 AND m IN ('sad') AND 'ok' = ANY (t)",
  },
  'an application that owns everything': {
    as: 'ordinary_app',
    before: `GRANT CREATE ON SCHEMA public TO ordinary_app; ${asApp(`${twice('public')}; ${rows};
      CREATE TYPE public.mood AS ENUM ('ok'); CREATE VIEW public.plain AS SELECT twice(id) AS n FROM public.items`)}`,
    query: "SELECT twice(n) AS n, 'ok'::mood AS m FROM plain",
  },
  'an extension that the owner of the database has installed': {
    as: 'ordinary_app',
    before: `GRANT CREATE ON SCHEMA public TO ordinary_app; ${asApp(`CREATE EXTENSION citext SCHEMA public; ${rows}`)}`,
    query: "SELECT name::citext AS name FROM items WHERE name::citext = 'ANN'",
  },
  "a superuser's functions, applied by another role": {
    as: 'ordinary_deployer',
    before: `${twice('public')}; CREATE EXTENSION pg_trgm SCHEMA public; ${rows}; GRANT SELECT ON public.items TO ordinary_deployer`,
    query: "SELECT id, twice(id) AS n FROM items WHERE name % 'Ann'",
  },
  'a function of a superuser that hides a built-in one': {
    before: `CREATE FUNCTION public.lower(varchar) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)'; ${rows}`,
    query: 'SELECT lower(name::varchar) AS n FROM items',
    announces: 'hides-built-in',
  },
  'functions of a member of the role that applies': {
    as: 'ordinary_deployer',
    before: `GRANT ordinary_deployer TO ordinary_app; GRANT CREATE ON SCHEMA public TO ordinary_app; ${asApp(twice('public'))};
      ${rows}; GRANT SELECT ON public.items TO ordinary_deployer`,
    query: 'SELECT id, twice(id) AS n FROM items',
  },
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let target: TestDatabase
  afterEach(async () => {
    await target.drop()
    await runSql(pair.target.url, 'REVOKE ordinary_deployer FROM ordinary_app')
  })

  test.each(Object.entries(databases))('%s', async (_name, { before, as, query, more = '', head = '', announces }) => {
    target = await createDatabase(pair.target)
    for (const role of ['ordinary_app', 'ordinary_deployer']) {
      await runSql(
        target.url,
        `DO $$ BEGIN CREATE ROLE ${role} LOGIN PASSWORD 'x'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         GRANT CREATE ON DATABASE ${target.name} TO ${role}`,
      )
    }
    await runSql(target.url, before)
    const url = as ? urlOf(pair.target, target.name, { user: as, password: 'x' }) : target.url
    const parsed = await manifestOf(
      `version: 1\nname: ordinary\n${head}\nschemas:\n  shop:\n    materialized_views: { v: { query: ${JSON.stringify(query)}${more} } }`,
      {},
    )
    const { plan, report } = await applyTo(parsed, url)
    expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied')).toEqual([])
    const hazards = new Set(plan.changes.flatMap(({ hazards }) => hazards.map(({ name }) => name)))
    expect([...hazards].filter((name) => name !== 'reads-source')).toEqual(announces ? [announces] : [])
    expect(await planFor(parsed, url)).toMatchObject({ changes: [], undetermined: [], warnings: [] })
  })
})
