// What changes the digest of the catalog that a proof records, and what does not; and that no proof hides drift.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { KindName } from '../../../src/core/object.ts'
import { trusted } from '../../../src/core/sql.ts'
import { codeQuery } from '../../../src/ledger/catalog-code-query.ts'
import { digestedKinds, readCatalogState } from '../../../src/ledger/catalog-state.ts'
import { stateQuery } from '../../../src/ledger/catalog-state-query.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'

const unmanaged = `
  CREATE SCHEMA tools; CREATE SCHEMA later;
  CREATE COLLATION tools.plain FROM "C"; CREATE COLLATION public.basic FROM "C";
  CREATE TYPE public.state AS ENUM ('new'); CREATE TYPE public.pair AS (a int, b int);
  CREATE TABLE public.persons (id int, state public.state, "Name" text); CREATE SEQUENCE public.numbers;
  CREATE VIEW public.everyone AS SELECT * FROM public.persons;
  CREATE TABLE public.days (id bigint) PARTITION BY RANGE (id);
  CREATE FUNCTION public.twice(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
  CREATE FUNCTION tools."Twice"(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
  CREATE FUNCTION public.state_of(int) RETURNS public.state LANGUAGE sql IMMUTABLE AS 'SELECT ''new''::public.state';
  CREATE CAST (int AS public.state) WITH FUNCTION public.state_of(int);
  CREATE FUNCTION public.pick(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE AGGREGATE public.first(int) (SFUNC = public.pick, STYPE = int);
  CREATE FUNCTION public.order_of(public.pair, public.pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
  CREATE TEXT SEARCH CONFIGURATION public.words (COPY = simple)`

const manifest = `
version: 1
name: proven
search_path: [later, public]
extensions: { hstore: { comment: pairs } }
foreign_data_wrappers: { bare: { handler: postgres_fdw_handler, options: { a: '1' }, comment: of its own } }
servers: { shop: { options: { host: localhost }, user_mappings: { public: {} } } }
schemas:
  proxy:
    comment: of the shop
    types: { mood: { enum: [sad, happy] }, size: { domain: int, checks: { positive: value > 0 }, comment: of a shoe } }
    foreign_tables:
      orders:
        server: shop
        columns:
          id: { type: bigint, default: "nextval('numbers')" }
          note: { type: text, collation: { schema: tools, name: plain } }
          pair: public.pair
        checks: { note_set: note <> '' }
        owner: '{{OWNER}}'
        grants: { select: [public] }
        comment: all of them
      day: { server: shop, partition_of: { table: { schema: public, name: days }, for_values: FROM (1) TO (2) } }
  local:
    materialized_views:
      orders:
        query: |
          SELECT o.id, 'half a "quote' AS text, tools."Twice"(o.id), twice(o.id) AS double, first(o.id::int) AS first, pair,
                 to_tsvector('words', max(note COLLATE basic)) AS words
            FROM proxy.orders o JOIN everyone e ON e.id = o.id AND e."Name" <> 'x' WHERE 1::state = e.state GROUP BY o.id, pair
        populate: false
        with: { fillfactor: 90 }
        indexes: { by_id: { columns: [id] } }
        statistics: { stx: { columns: [id, double] } }
        refresh: { max_age: 1h }
    tables:
      kept: { query: SELECT 1 AS id, primary_key: [id], populate: false }
`

const noticed: Readonly<Record<string, string>> = {
  // The objects themselves
  'the options of a foreign table': "ALTER FOREIGN TABLE proxy.orders OPTIONS (ADD table_name 'x')",
  'the options of a column': "ALTER FOREIGN TABLE proxy.orders ALTER id OPTIONS (ADD column_name 'x')",
  'the default of a column': 'ALTER FOREIGN TABLE proxy.orders ALTER id SET DEFAULT 1',
  'the default of a column of a partition': 'ALTER FOREIGN TABLE proxy.day ALTER id SET DEFAULT 1',
  'the statistics target of a column': 'ALTER FOREIGN TABLE proxy.orders ALTER id SET STATISTICS 7',
  'NOT NULL': 'ALTER FOREIGN TABLE proxy.orders ALTER id SET NOT NULL',
  'a column': 'ALTER FOREIGN TABLE proxy.orders ADD more int',
  'the name of a column of a foreign table': 'ALTER FOREIGN TABLE proxy.orders RENAME note TO other',
  'a check': 'ALTER FOREIGN TABLE proxy.orders DROP CONSTRAINT note_set',
  'a declared owner': 'ALTER FOREIGN TABLE proxy.orders OWNER TO CURRENT_USER',
  'declared grants': 'REVOKE SELECT ON proxy.orders FROM PUBLIC',
  'grants on a column where grants are declared': 'GRANT SELECT (id) ON proxy.orders TO {{OWNER}}',
  'a declared comment': "COMMENT ON FOREIGN TABLE proxy.orders IS 'x'",
  'the parent of a partition': 'ALTER TABLE public.days DETACH PARTITION proxy.day',
  'a column of the parent of a partition': 'ALTER TABLE public.days ADD more int',
  'a value of an enumeration': "ALTER TYPE proxy.mood RENAME VALUE 'sad' TO 'glad'",
  'the check of a domain': 'ALTER DOMAIN proxy.size DROP CONSTRAINT positive',
  'the default of a domain': 'ALTER DOMAIN proxy.size SET DEFAULT 1',
  'the comment of a domain': "COMMENT ON DOMAIN proxy.size IS 'x'",
  'a storage parameter': 'ALTER MATERIALIZED VIEW local.orders SET (fillfactor = 50)',
  'a storage parameter of TOAST': 'ALTER MATERIALIZED VIEW local.orders SET (toast.autovacuum_enabled = false)',
  'the name of a column of a view': 'ALTER MATERIALIZED VIEW local.orders RENAME double TO triple',
  'the name of a view': 'ALTER MATERIALIZED VIEW local.orders RENAME TO other',
  'the schema of a view': 'ALTER MATERIALIZED VIEW local.orders SET SCHEMA public',
  'the owner of a table': 'ALTER TABLE local.kept OWNER TO {{OWNER}}',
  'a dropped view': 'DROP MATERIALIZED VIEW local.orders',
  'CLUSTER ON': 'ALTER MATERIALIZED VIEW local.orders CLUSTER ON by_id',
  'a storage parameter of an index': 'ALTER INDEX local.by_id SET (fillfactor = 50)',
  'the name of an index': 'ALTER INDEX local.by_id RENAME TO other',
  'the target of statistics': 'ALTER STATISTICS local.stx SET STATISTICS 7',
  'the name of statistics': 'ALTER STATISTICS local.stx RENAME TO other',
  'the options of a wrapper': "ALTER FOREIGN DATA WRAPPER bare OPTIONS (SET a '2')",
  'the handler of a wrapper': 'ALTER FOREIGN DATA WRAPPER bare NO HANDLER',
  'the name of the handler of a wrapper': 'ALTER FUNCTION public.postgres_fdw_handler() RENAME TO other',
  'the comment of a wrapper': "COMMENT ON FOREIGN DATA WRAPPER bare IS 'x'",
  'what the manifest declared last': `UPDATE fdwsync.object SET declared = declared || '{"with":{}}' WHERE address LIKE '%local%'`,

  // What names in the SQL find
  'an overload of a function': "CREATE FUNCTION public.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
  'the same in another schema of the path':
    "CREATE FUNCTION later.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
  'the same in pg_catalog': `SET LOCAL allow_system_table_mods = on;
    CREATE FUNCTION pg_catalog.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`,
  'an overload of a function whose name is quoted': `CREATE FUNCTION tools."Twice"(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`,
  'a function of the name of a built-in one':
    "CREATE FUNCTION public.max(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
  'the name of a function': 'ALTER FUNCTION public.twice(numeric) RENAME TO other',
  'the schema of a function': 'ALTER FUNCTION public.twice(numeric) SET SCHEMA later',
  'the owner of a function': 'ALTER FUNCTION public.twice(numeric) OWNER TO {{OWNER}}',
  'the owner of the function of an aggregate': 'ALTER FUNCTION public.pick(int, int) OWNER TO {{OWNER}}',
  'the owner of the function of a cast': 'ALTER FUNCTION public.state_of(int) OWNER TO {{OWNER}}',
  'an operator that the SQL names': `CREATE FUNCTION public.same(public.state, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR public.= (LEFTARG = public.state, RIGHTARG = text, FUNCTION = public.same)`,
  'an operator that syntax names': `CREATE FUNCTION later.less(public.state, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR later.< (LEFTARG = public.state, RIGHTARG = text, FUNCTION = later.less)`,
  'a cast': 'CREATE CAST (public.state AS bigint) WITH INOUT AS IMPLICIT',
  'a default operator class': `CREATE OPERATOR CLASS tools.pairs DEFAULT FOR TYPE public.pair USING hash AS STORAGE public.pair`,
  'a relation that hides another': 'CREATE TABLE later.everyone (id int)',
  'a sequence that hides another': 'CREATE SEQUENCE later.numbers',
  'the name of a sequence': 'ALTER SEQUENCE public.numbers RENAME TO other',
  'a type that hides another': "CREATE TYPE later.state AS ENUM ('new')",
  'a type that hides a built-in one': "CREATE TYPE public.text AS ENUM ('new')",
  'the name of a type': 'ALTER TYPE public.pair RENAME TO other',
  'an attribute of a type in use': 'ALTER TYPE public.pair RENAME ATTRIBUTE a TO c',
  'a value of a type in use': "ALTER TYPE public.state ADD VALUE 'old'",
  'the name of a collation': 'ALTER COLLATION tools.plain RENAME TO other',
  'the schema of a collation': 'ALTER COLLATION public.basic SET SCHEMA later',
  'the name of a text search configuration': 'ALTER TEXT SEARCH CONFIGURATION public.words RENAME TO other',
  'a column of a view that a query reads':
    'CREATE OR REPLACE VIEW public.everyone AS SELECT *, 1 AS more FROM public.persons',
  'the owner of a view that a query reads': 'ALTER VIEW public.everyone OWNER TO {{OWNER}}',
  'the name of a schema that the SQL names': 'ALTER SCHEMA tools RENAME TO other',
  'a schema of the path that is gone': 'DROP SCHEMA later',
  'another manifest that has the same view': `INSERT INTO fdwsync.object SELECT (o).* FROM (
    SELECT jsonb_populate_record(o, '{"manifest":"other"}') AS o FROM fdwsync.object o WHERE address LIKE '%local%orders"]') AS other`,
}

const ignored: Readonly<Record<string, string>> = {
  'a function of a name that no SQL has': "CREATE FUNCTION public.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  'a function of a used name, in a schema that no name reaches':
    "CREATE SCHEMA others; CREATE FUNCTION others.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
  'an operator in such a schema': `CREATE SCHEMA others; CREATE TYPE others.one AS (a int);
    CREATE FUNCTION others.same(others.one, others.one) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR others.= (LEFTARG = others.one, RIGHTARG = others.one, FUNCTION = others.same)`,
  'a cast of a type that is not used':
    'CREATE TYPE public.other AS (a int); CREATE CAST (public.other AS text) WITH INOUT',
  'a schema, and a table in it': 'CREATE SCHEMA others; CREATE TABLE others.orders (id int)',
  'a table of another name in the schemas of the manifest':
    'CREATE TABLE local.other (x int); CREATE TABLE proxy.other (x int)',
  'a grant on a view': 'GRANT SELECT ON local.orders TO PUBLIC',
  'a grant on a column of a view': 'GRANT SELECT (id) ON local.orders TO PUBLIC',
  'the owner of a view': 'ALTER MATERIALIZED VIEW local.orders OWNER TO {{OWNER}}',
  'a comment on a view': "COMMENT ON MATERIALIZED VIEW local.orders IS 'x'",
  'a comment on a column of a view': "COMMENT ON COLUMN local.orders.id IS 'x'",
  'a grant on what a query reads': 'GRANT SELECT ON public.persons, public.everyone TO PUBLIC',
  'a comment on what a query reads': "COMMENT ON VIEW public.everyone IS 'x'",
  'a check on a table that a view reads': 'ALTER TABLE public.persons ADD CHECK (id > 0)',
  'an unmanaged index': 'CREATE INDEX other ON local.orders (double)',
  'another partition': 'CREATE TABLE public.day2 PARTITION OF public.days FOR VALUES FROM (3) TO (4)',
  'new statistics about the data': 'ANALYZE local.orders',
  'a collation and a text search configuration': `CREATE COLLATION public.other FROM "C";
    CREATE TEXT SEARCH CONFIGURATION public.other (COPY = simple)`,
  'a grant on a wrapper': 'GRANT USAGE ON FOREIGN DATA WRAPPER bare TO PUBLIC',
  'a wrapper': 'CREATE FOREIGN DATA WRAPPER other',
  'a role': 'CREATE ROLE fdwsync_other',
  'another manifest in the same schemas': `INSERT INTO fdwsync.object SELECT (o).* FROM (
    SELECT jsonb_populate_record(o, '{"manifest":"other"}') AS o FROM fdwsync.object o WHERE address LIKE '["schema%') AS other`,
}

/** A drift of each kind. */
const drift: Readonly<Record<Exclude<KindName, 'view' | 'scheduledJob'>, string>> = {
  schema: "COMMENT ON SCHEMA proxy IS 'x'",
  extension: "COMMENT ON EXTENSION hstore IS 'x'",
  foreignDataWrapper: "ALTER FOREIGN DATA WRAPPER bare OPTIONS (SET a '2')",
  type: "ALTER TYPE proxy.mood ADD VALUE 'angry'",
  server: "ALTER SERVER shop OPTIONS (SET host 'x')",
  userMapping: "ALTER USER MAPPING FOR PUBLIC SERVER shop OPTIONS (ADD user 'x')",
  foreignTable: 'ALTER FOREIGN TABLE proxy.orders ALTER note SET NOT NULL',
  materializedView: 'ALTER MATERIALIZED VIEW local.orders SET (fillfactor = 50)',
  table: 'CREATE OR REPLACE VIEW fdwsync_source."local.kept" AS SELECT 2 AS id',
  index: 'DROP INDEX local.by_id; CREATE INDEX by_id ON local.orders (id DESC)',
  refreshPolicy: "UPDATE fdwsync.policy SET max_age = '2h'",
  statistics: 'DROP STATISTICS local.stx; CREATE STATISTICS local.stx (ndistinct) ON id, double FROM local.orders',
}

interface Proven {
  readonly fixture: Fixture
  readonly parsed: ParsedManifest
  /** The digest after some SQL, which is rolled back. */
  stateAfter(sql: string): Promise<string>
  /** The answers for a manifest that owns objects of one kind only: of its own queries, and of those for all kinds. */
  statesOf(kind: KindName): Promise<readonly unknown[]>
}

/** A database in which the manifest was applied, with a proof. */
async function prepare(pair: ServerPair, source: TestDatabase): Promise<Proven> {
  const fixture = await fixtureFor(pair, source)
  const { user } = await fixture.role()
  const asOwner = (text: string) => text.replaceAll('{{OWNER}}', user)
  await fixture.sql(unmanaged)
  const parsed = await fixture.manifest(asOwner(manifest))
  await applyTo(parsed, fixture.url)
  const [proof] = await fixture.sql('SELECT names FROM fdwsync.proof')
  const request = { manifest: 'proven', searchPath: ['later', 'public'], names: proof?.names as readonly string[] }
  const session = await connectTo(fixture.url)('plan')
  onTestFinished(() => session.close())
  return {
    fixture,
    parsed,
    async stateAfter(sql) {
      await session.run(trusted('BEGIN'))
      try {
        await session.run(trusted(asOwner(sql)))
        const { digest } = await readCatalogState(session, request)
        return digest
      } finally {
        await session.run(trusted('ROLLBACK'))
      }
    },
    async statesOf(kind) {
      await session.run(trusted('BEGIN; SET LOCAL search_path = pg_catalog, pg_temp'))
      try {
        await session.query(
          trusted(`INSERT INTO fdwsync.object SELECT (o).* FROM (SELECT jsonb_populate_record(o, '{"manifest":"one kind"}') AS o
                     FROM fdwsync.object o WHERE split_part(address, '"', 2) = $1) AS copied`),
          [kind],
        )
        const catalogs = Object.fromEntries(digestedKinds.map((each) => [each.kind, each.catalog]))
        const parameters = ['one kind', JSON.stringify(catalogs), request.searchPath, request.names]
        const answers = [new Set([kind]), new Set(Object.keys(catalogs))].map(async (kinds) => {
          const [{ mayUseCode: _, ...state } = {}] = await session.query<Record<string, unknown>>(
            stateQuery(kinds),
            parameters,
          )
          return [state, await session.query(codeQuery(kinds), parameters)]
        })
        return await Promise.all(answers)
      } finally {
        await session.run(trusted('ROLLBACK'))
      }
    },
  }
}

async function isProven({ fixture, parsed }: Proven): Promise<boolean> {
  const { fingerprint } = await planFor(parsed, fixture.url)
  const proofs = await fixture.sql('SELECT catalog_state FROM fdwsync.proof')
  return proofs.some(({ catalog_state: state }) => state === fingerprint)
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('the digest of the catalog', async () => {
    const { stateAfter, statesOf } = await prepare(pair, source)
    const before = await stateAfter('SELECT 1')
    expect(await stateAfter('SELECT 1')).toBe(before)
    for (const [what, sql] of Object.entries(noticed)) expect.soft(await stateAfter(sql), what).not.toBe(before)
    for (const [what, sql] of Object.entries(ignored)) expect.soft(await stateAfter(sql), what).toBe(before)
    for (const { kind } of digestedKinds) {
      const [own, ofAll] = await statesOf(kind)
      expect.soft(own, `the queries for ${kind} alone`).toEqual(ofAll)
    }
  })

  test('no proof hides a drift of any kind', async () => {
    const proven = await prepare(pair, source)
    for (const [kind, sql] of Object.entries(drift)) {
      expect.soft(await isProven(proven), `before: ${kind}`).toBe(true)
      await proven.fixture.sql(sql)
      const { plan } = await applyTo(proven.parsed, proven.fixture.url)
      expect
        .soft(
          plan.changes.map(({ change }) => 'from' in change && change.from.id.kind),
          kind,
        )
        .toEqual([kind])
    }
  })
})
