// A source is not trusted with code: of its expressions, only those of immutable built-in functions are taken over.

import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { countRuns, detectors } from '../probe/detectors.ts'

/** The detectors exist at the source and here, so that everything the source names is found here. */
const typesAtSource = `${detectors};
  CREATE SCHEMA own;
  CREATE FUNCTION own.unknown(text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT true $$;
  CREATE DOMAIN fine AS text DEFAULT lower('X') CHECK (VALUE ~ '^[a-z]+$' AND length(VALUE) BETWEEN 1 AND 10) CONSTRAINT short CHECK (upper(VALUE) <> 'Y');
  CREATE DOMAIN object AS text CONSTRAINT leaves CHECK (lo_from_bytea(0, 'x') > 0) CONSTRAINT kept CHECK (VALUE <> 'a');
  CREATE DOMAIN reads AS text CHECK (length(pg_read_file('PG_VERSION')) > 0);
  CREATE DOMAIN sets AS text CHECK (set_config('work_mem', '1MB', false) <> '');
  CREATE DOMAIN queries AS text CHECK (query_to_xml('SELECT 1', true, true, '') IS NOT NULL);
  CREATE DOMAIN rewrites AS text CHECK (ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery') IS NOT NULL);
  CREATE DOMAIN counts AS bigint DEFAULT nextval('app.runs') CHECK (nextval('app.runs') > 0);
  CREATE DOMAIN of_user AS text DEFAULT app.f('x') CHECK (app.is_fine(VALUE));
  CREATE DOMAIN of_operator AS text CHECK (VALUE OPERATOR(app.@#@) 'a' <> '');
  CREATE DOMAIN of_cast AS int CHECK (VALUE::app.mood = 'ok');
  CREATE DOMAIN of_literal AS text CHECK ('{x}'::app.checked[] IS NOT NULL);
  CREATE DOMAIN of_domain AS text CHECK (VALUE::app.checked IS NOT NULL);
  CREATE DOMAIN of_time AS date DEFAULT CURRENT_DATE CHECK (VALUE < now());
  CREATE DOMAIN missing AS text CHECK (own.unknown(VALUE));
  CREATE TABLE typed (a fine, b object, c reads, d sets, e queries, f rewrites, g counts, h of_user, i of_operator, j of_cast, k of_literal,
                      l of_domain, m of_time, n missing)`

/** The part that is left out, and what it uses. */
const omittedOfTypes: readonly (readonly [type: string, part: string, use: string])[] = [
  ['counts', 'default', 'nextval()'],
  ['counts', 'check counts_check', 'nextval()'],
  ['missing', 'check missing_check', 'own.unknown()'],
  ['object', 'check leaves', 'lo_from_bytea()'],
  ['of_cast', 'check of_cast_check', 'app.mood_of(integer)'],
  ['of_domain', 'check of_domain_check', 'the checks of domain app.checked'],
  ['of_literal', 'check of_literal_check', 'the checks of domain app.checked'],
  ['of_operator', 'check of_operator_check', 'app.@#@'],
  ['of_time', 'default', 'SQLValueFunction'],
  ['of_time', 'check of_time_check', 'now()'],
  ['of_user', 'default', 'app.f()'],
  ['of_user', 'check of_user_check', 'app.is_fine()'],
  ['queries', 'check queries_check', 'query_to_xml()'],
  ['reads', 'check reads_check', 'pg_read_file()'],
  ['rewrites', 'check rewrites_check', 'ts_rewrite(tsquery,text)'],
  ['sets', 'check sets_check', 'set_config()'],
]

const columnsAtSource = `${detectors};
  CREATE SCHEMA own;
  CREATE FUNCTION own.unknown() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;
  CREATE TABLE shop (
    id serial, plain text DEFAULT lower('X'), negative int DEFAULT -5, at timestamptz DEFAULT now(), f text DEFAULT app.f('x'),
    words app.checked[] DEFAULT '{x}', mood app.mood DEFAULT 'ok', unknown int DEFAULT own.unknown(), file text DEFAULT pg_read_file('PG_VERSION'),
    twice int GENERATED ALWAYS AS (negative * 2) STORED, of_user text GENERATED ALWAYS AS (app.f(plain)) STORED,
    of_constant text GENERATED ALWAYS AS (plain || app.f('x')) STORED, of_cast int GENERATED ALWAYS AS ((1::app.mood = mood)::int) STORED);
  CREATE TABLE other (id int DEFAULT 1)`

const omittedOfColumns: readonly (readonly [column: string, use: string])[] = [
  ['at', 'now()'],
  ['f', 'app.f()'],
  ['file', 'pg_read_file()'],
  ['id', 'nextval()'],
  ['of_cast', 'a user-defined cast'],
  ['of_constant', 'app.f()'],
  ['of_user', 'app.f()'],
  ['twice', 'a user-defined cast'],
  ['unknown', 'own.unknown()'],
  ['words', 'the checks of domain app.checked'],
]

const indexesAtSource = `${detectors};
  CREATE TABLE shop (id int, v text, m app.mood, words app.checked[]);
  CREATE INDEX plain ON shop (id) INCLUDE (v);
  CREATE INDEX lowered ON shop (lower(v));
  CREATE INDEX present ON shop (id) WHERE v IS NOT NULL;
  CREATE INDEX of_user ON shop (app.f(v));
  CREATE INDEX of_constant ON shop ((app.f('x') || v));
  CREATE INDEX of_predicate ON shop (id) WHERE app.is_fine(v);
  CREATE INDEX of_cast ON shop ((m::text));
  CREATE INDEX of_constant_cast ON shop (id) WHERE m = 1::app.mood;
  CREATE INDEX of_literal ON shop (id) WHERE words = '{x}'`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  async function fixtureOf(source: string): Promise<Fixture & { runs(): Promise<number> }> {
    const fixture = await fixtureWithOwnSource(pair, source)
    await fixture.sql(detectors)
    return { ...fixture, runs: async () => Number((await fixture.sql(countRuns))[0]?.runs) }
  }

  test('checks and defaults of types', async () => {
    const { manifest, url, runs, sql } = await fixtureOf(typesAtSource)
    const parsed = await manifest(mirroring('types: copy\nlimit_to: [typed]'))
    const { warnings, undetermined } = await planFor(parsed, url)
    expect(undetermined).toEqual([])
    expect(warnings).toHaveLength(omittedOfTypes.length)
    for (const [type, part, use] of omittedOfTypes) {
      const own = warnings.filter(({ message }) =>
        message.startsWith(`type public.${type} of the source: its ${part} is`),
      )
      expect(own.map(({ message }) => message).join(), `${type} ${part}`).toContain(use)
      expect(own[0]?.message).toContain(
        `To have it, declare the type below "types" of schema public: {"${type}":{"domain":`,
      )
    }
    expect(await runs()).toBe(0)
    const { report } = await applyTo(parsed, url)
    expect(missedOf(report)).toEqual([])
    expect(await runs()).toBe(0)
    expect(
      await sql(
        "SELECT conname AS name FROM pg_constraint WHERE contypid <> 0 AND connamespace = 'public'::regnamespace ORDER BY 1",
      ),
    ).toEqual(['fine_check', 'kept', 'short'].map((name) => ({ name })))
    expect(
      await sql("SELECT typdefault FROM pg_type WHERE typname IN ('fine', 'counts', 'of_user') ORDER BY typname"),
    ).toEqual([{ typdefault: null }, { typdefault: "lower('X'::text)" }, { typdefault: null }])
    expect(await sql('SELECT count(*)::int AS n FROM pg_largeobject_metadata')).toEqual([{ n: 0 }])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  })

  test('a plan tries no check of the source on rows of the target', async () => {
    const { manifest, url, runs, sql, source } = await fixtureOf(
      `${detectors}; CREATE DOMAIN word AS text; CREATE TABLE t (id int, word word); INSERT INTO t VALUES (1, 'canary')`,
    )
    const parsed = await manifest(mirroring('types: copy\nlimit_to: [t]'))
    await applyTo(parsed, url)
    await runSql(
      source.url,
      `UPDATE t SET word = '1';
       ALTER DOMAIN word ADD CONSTRAINT called CHECK (app.is_fine(VALUE));
       ALTER DOMAIN word ADD CONSTRAINT number CHECK (VALUE::int > 0)`,
    )
    const plan = await planFor(parsed, url)
    expect(await runs()).toBe(0)
    expect(JSON.stringify(plan)).not.toContain('canary')
    expect(changesOf(plan)).toEqual(['alter type public.word'])
    expect(plan.warnings).toHaveLength(1)
    expect(await sql("SELECT count(*)::int AS n FROM pg_constraint WHERE contypid = 'public.word'::regtype")).toEqual([
      { n: 0 },
    ])
  })

  test('defaults and generated columns', async () => {
    const { manifest, url, runs, sql } = await fixtureOf(columnsAtSource)
    const parsed = await manifest(importing('options: { import_default: true }\nlimit_to: [shop, other]'))
    const { warnings, undetermined, refusals } = await planFor(parsed, url)
    expect([...undetermined, ...refusals]).toEqual([])
    expect(warnings).toHaveLength(omittedOfColumns.length)
    for (const [column, use] of omittedOfColumns) {
      const own = warnings.filter(({ message }) => message.includes(`of column ${column} is not imported`))
      expect(own.map(({ message }) => message).join(), column).toContain(use)
      expect(own[0]?.message).toContain(`declare it below "tables" of the import: {"shop":{"columns":{"${column}":{`)
    }
    expect(await runs()).toBe(0)
    const { report } = await applyTo(parsed, url)
    expect(missedOf(report)).toEqual([])
    expect(await runs()).toBe(0)
    expect(
      await sql(
        `SELECT attname AS name, pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
          WHERE adrelid IN ('proxy.shop'::regclass, 'proxy.other'::regclass) ORDER BY adrelid::regclass::text, 1`,
      ),
    ).toEqual([
      { name: 'id', text: '1' },
      { name: 'mood', text: "'ok'::app.mood" },
      { name: 'negative', text: "'-5'::integer" },
      { name: 'plain', text: "lower('X'::text)" },
    ])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  })

  test('through a wrapper of another name, and one with a validator', async () => {
    const { manifest, url, runs, sql } = await fixtureOf(
      `${detectors}; CREATE TABLE shop (v text DEFAULT app.f('x'), g text GENERATED ALWAYS AS (v || app.f('x')) STORED)`,
    )
    await sql(
      `CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE FOREIGN DATA WRAPPER renamed HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator`,
    )
    const through = (wrapper: string) =>
      importing('options: { import_default: true }\nlimit_to: [shop]').replace(
        '  shop:\n',
        `  shop:\n    foreign_data_wrapper: ${wrapper}\n`,
      )
    const plan = await planFor(await manifest(through('renamed')), url)
    expect(await runs()).toBe(0)
    expect(changesOf(plan)).toContain('create foreign table proxy.shop')
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('the generation expression of column g is not imported'),
      expect.stringContaining('the default of column v is not imported'),
    ])
    await sql('CREATE FOREIGN DATA WRAPPER validated HANDLER postgres_fdw_handler VALIDATOR app.validate')
    const before = await runs()
    const refused = await planFor(await manifest(through('validated')), url)
    expect(await runs()).toBe(before)
    expect(refused.refusals.map(({ reason }) => reason).join()).toContain('app.validate(text[],oid)')
  })

  test('indexes', async () => {
    const { manifest, url, runs, sql } = await fixtureOf(indexesAtSource)
    const parsed = await manifest(mirroring('limit_to: [shop]'))
    const { warnings } = await planFor(parsed, url)
    const left = ['of_cast', 'of_constant', 'of_constant_cast', 'of_literal', 'of_predicate', 'of_user']
    expect(
      warnings.map(({ message }) => /^index (\w+) of the source is not created/.exec(message)?.[1]).sort(),
    ).toEqual(left)
    expect(await runs()).toBe(0)
    const { report } = await applyTo(parsed, url)
    expect(missedOf(report)).toEqual([])
    expect(await sql("SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'local' ORDER BY 1")).toEqual(
      ['lowered', 'plain', 'present'].map((name) => ({ name })),
    )
    expect(await runs()).toBe(0)
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  })

  test.each([
    ['the definition of a table', 'bigint) SERVER other; CREATE FOREIGN TABLE more (x int'],
    ['a default', "text DEFAULT app.f('x'), more int"],
    ['a check', 'text CHECK (app.is_fine(id)), more int'],
  ])('SQL in the name of a type: %s', async (_what, type) => {
    const { manifest, url, sql, source } = await fixtureOf('CREATE TABLE shop (id int)')
    await sql('CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw')
    const text = `'${type.replaceAll("'", "''")}'`
    await runSql(
      source.url,
      `CREATE OR REPLACE FUNCTION pg_catalog.format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT ${text} $$`,
    )
    const plan = await planFor(await manifest(importing('limit_to: [shop]')), url)
    expect(plan.refusals.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('a definition of public.shop that contains SQL which is not a type'),
    ])
    expect(changesOf(plan).filter((change) => change.includes('table'))).toEqual([])
  })
})
