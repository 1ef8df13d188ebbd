// Types of imported columns: domains, enumerations and composites of the source.

import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor, oldSourceNewTarget } from '../../support/majors.ts'
import { importHead, importing, mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { rowsOf } from './varied-source.ts'

const varied = `
  CREATE SCHEMA "Other Types";
  CREATE TYPE "Other Types"."Moo""d" AS ENUM ('sad', 'it''s', 'Ok');
  CREATE TYPE colour AS ENUM ('red', 'green');
  CREATE DOMAIN zip AS varchar(5) COLLATE "C" DEFAULT '00000' NOT NULL CHECK (VALUE ~ '^[0-9]{5}$') CONSTRAINT "odd ""name""" CHECK (VALUE <> 'it''s');
  CREATE DOMAIN fine AS colour DEFAULT 'red' CHECK (VALUE <> 'green');
  CREATE DOMAIN amounts AS numeric(10,2)[];
  CREATE TYPE inner_part AS (fine fine, moods "Other Types"."Moo""d"[], at timestamptz(3), name text COLLATE "C");
  CREATE TYPE a_whole AS (part inner_part, "Odd Name" zip, amounts amounts);
  CREATE TYPE length AS RANGE (subtype = float8, subtype_diff = float8mi);
  CREATE TYPE words AS RANGE (subtype = text, collation = "C", multirange_type_name = "Word sets");
  CREATE DOMAIN short AS length CHECK (upper(VALUE) < 24);
  CREATE DOMAIN known_whole AS a_whole CHECK ((VALUE)."Odd Name" IS NOT NULL);
  CREATE TABLE a (id int PRIMARY KEY, mood "Other Types"."Moo""d" DEFAULT 'sad', moods "Other Types"."Moo""d"[], zip zip);
  CREATE TABLE b (id int PRIMARY KEY, whole known_whole, parts inner_part[], amounts amounts, during length, shorts short[], words words[], sets "Word sets");
  CREATE INDEX b_during_idx ON b USING gist (during);
  CREATE INDEX a_mood_idx ON a (mood) WHERE mood <> 'Ok';
  INSERT INTO a VALUES (1, 'sad', '{sad,Ok}', '12345'), (2, 'Ok', NULL, '00000');
  INSERT INTO b VALUES (1, ROW(ROW('red', '{sad}', '2025-01-01 00:00Z', 'n'), '12345', '{1.5}'), NULL, '{2.25}', '[1,2.5]', '{"[1,2)"}', '{"[a,b]"}', '{[a,b], [x,y]}')`

/** A range with a canonical function, row types, and types that consist of them, also in arrays. */
const notCopyable = `
  CREATE TYPE span;
  CREATE FUNCTION canon(span) RETURNS span LANGUAGE internal IMMUTABLE AS 'int4range_canonical';
  CREATE TYPE span AS RANGE (subtype = int4, canonical = canon, multirange_type_name = spans_set);
  CREATE DOMAIN day AS span CHECK (upper(VALUE) < 24);
  CREATE TYPE stay AS (during span, "where" text);
  CREATE TYPE mood AS ENUM ('ok');
  CREATE TABLE place (id int);
  CREATE TABLE spans (id int PRIMARY KEY, during span, more span[], day day, parts spans_set);
  CREATE TABLE trips (stays stay[], ends place[], mood mood);
  CREATE INDEX spans_during_idx ON spans USING gist (during);
  CREATE COLLATION only_there (provider = icu, locale = 'de');
  CREATE DOMAIN word AS text COLLATE only_there;
  CREATE TYPE letters AS RANGE (subtype = text, collation = only_there);
  CREATE TYPE page AS (words word[], title text COLLATE only_there);
  CREATE TABLE books (word word, pages page[], letters letters);
  INSERT INTO books VALUES ('ä', ARRAY[ROW(ARRAY['ö'], 'ü')::page], '[a,ä]');
  INSERT INTO spans VALUES (1, '[1,2]', '{"[1,2]"}', '[3,4]', '{[1,2]}');
  INSERT INTO trips VALUES (ARRAY[ROW('[1,2]', 'x')::stay], ARRAY[ROW(1)::place], 'ok')`

/** Temporary names are random. */
const withoutSuffix = (change: string) => change.replace(/(fdwsync_old)_[0-9a-f]+_\d+$/, '$1')

const copying = (more = '') => mirroring(`types: copy\n${more}`)

const typesHere = `SELECT n.nspname || '.' || t.typname || ' ' || t.typtype::text || coalesce(' ' || t.typacl::text, '') AS text FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE (t.typtype IN ('e', 'd', 'r', 'm') OR c.relkind = 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'fdwsync') ORDER BY 1`

const values = (type: string) =>
  `SELECT array_agg(enumlabel::text ORDER BY enumsortorder) AS values FROM pg_enum WHERE enumtypid = '${type}'::regtype`

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test('all types that columns use are created in the order of their dependencies, and a second plan is empty', async () => {
    const fixture = await fixtureWithOwnSource(pair, varied)
    const parsed = await fixture.manifest(copying('options: { import_default: true }'))
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect({ undetermined: plan.undetermined, warnings: plan.warnings, missed: missedOf(report) }).toEqual({
      undetermined: [],
      warnings: [],
      missed: [],
    })
    expect(await fixture.sql(typesHere)).toEqual(await runSql(fixture.source.url, typesHere))
    expect(await rowsOf(fixture.url, 'local', ['a', 'b'])).toEqual(
      await rowsOf(fixture.source.url, 'public', ['a', 'b']),
    )
    expect(
      await fixture.sql(
        `SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE contype = 'c' AND contypid <> 0 ORDER BY 1`,
      ),
    ).toEqual(
      expect.arrayContaining([
        { name: 'fine_check', text: "CHECK ((VALUE <> 'green'::colour))" },
        { name: 'odd "name"', text: expect.stringContaining("'it''s'") },
      ]),
    )
    expect(await fixture.sql(`SELECT typdefault, typnotnull FROM pg_type WHERE typname = 'zip'`)).toEqual([
      { typdefault: "'00000'::character varying", typnotnull: true },
    ])
    const again = await planFor(parsed, fixture.url)
    expect({ changes: changesOf(again), undetermined: again.undetermined }).toEqual({ changes: [], undetermined: [] })
  })

  test('a change at the source is altered in place', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int); CREATE DOMAIN small AS int CHECK (VALUE < 10);
       CREATE TABLE t (id int PRIMARY KEY, mood mood, pair pair, small small); INSERT INTO t VALUES (1, 'ok', ROW(7), 3)`,
    )
    const parsed = await fixture.manifest(copying())
    await applyTo(parsed, fixture.url)
    const steps: readonly (readonly [what: string, sql: string, changes: readonly string[]])[] = [
      [
        'a value is added, and used by an index',
        `ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok'; CREATE TABLE other (id int, mood mood)`,
        ['alter type public.mood', 'create foreign table proxy.other', 'create materialized view local.other'],
      ],
      [
        'an attribute is added and one goes',
        'ALTER TYPE pair ADD ATTRIBUTE b text, DROP ATTRIBUTE a',
        // Its values are stored, and a query such as ROW(1, 2)::pair goes by the order of the attributes.
        [
          'create type public.pair',
          'replace foreign table proxy.t',
          'replace materialized view local.t',
          'drop type public.fdwsync_old',
        ],
      ],
      [
        'a check is added, and a default',
        'ALTER DOMAIN small ADD CHECK (VALUE > 0); ALTER DOMAIN small SET DEFAULT 5; ALTER DOMAIN small DROP CONSTRAINT small_check',
        ['alter type public.small'],
      ],
      [
        'a type more',
        `CREATE TYPE more AS ENUM ('x'); CREATE TABLE mores (more more[])`,
        ['create type public.more', 'create foreign table proxy.mores', 'create materialized view local.mores'],
      ],
      [
        'a type less',
        'DROP TABLE mores; DROP TYPE more',
        ['drop materialized view local.mores', 'drop foreign table proxy.mores', 'drop type public.more'],
      ],
    ]
    for (const [what, sql, changes] of steps) {
      await runSql(fixture.source.url, sql)
      const { plan, report } = await applyTo(parsed, fixture.url, { allow: ['drops-data'] })
      expect({ changes: changesOf(plan).map(withoutSuffix), undetermined: plan.undetermined }, what).toEqual({
        changes,
        undetermined: [],
      })
      expect(missedOf(report), what).toEqual([])
      expect(changesOf(await planFor(parsed, fixture.url)), what).toEqual([])
    }
    expect(await fixture.sql(values('public.mood'))).toEqual([{ values: ['sad', 'fine', 'ok'] }])
    await runSql(fixture.source.url, `ALTER TYPE mood ADD VALUE 'new'`)
    await runSql(
      fixture.source.url,
      `CREATE INDEX t_new ON t (id) WHERE mood = 'new'; ALTER TABLE t ALTER mood SET DEFAULT 'new'`,
    )
    const withDefaults = await fixture.manifest(copying('options: { import_default: true }'))
    const { plan } = await applyTo(withDefaults, fixture.url)
    expect(changesOf(plan)).toEqual([
      'alter type public.mood',
      'alter foreign table proxy.t',
      'create index local.t_new',
    ])
    expect(changesOf(await planFor(withDefaults, fixture.url))).toEqual([])
  })

  test('a type that PostgreSQL cannot alter is kept, and everything else is applied', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int); CREATE DOMAIN small AS int; CREATE TYPE level AS ENUM ('low', 'high');
       CREATE TABLE t (mood mood, pair pair, small small, levels level[]); CREATE TABLE u (id int); INSERT INTO t (levels) VALUES ('{low}')`,
    )
    const parsed = await fixture.manifest(copying())
    await applyTo(parsed, fixture.url)
    await fixture.sql('CREATE TABLE unmanaged (small small); CREATE VIEW over AS SELECT (pair).a, levels FROM local.t')
    await runSql(
      fixture.source.url,
      `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'; DROP TABLE t; DROP TYPE pair; DROP DOMAIN small;
       ALTER TYPE level ADD VALUE 'middle' BEFORE 'high'; ALTER TYPE level RENAME VALUE 'low' TO 'none'; CREATE TYPE pair AS (a text); CREATE DOMAIN small AS bigint; CREATE TABLE t (mood mood, pair pair, small small, levels level[]); ALTER TABLE u ADD more int`,
    )
    const { plan, report } = await applyTo(parsed, fixture.url)
    // A value of another name is renamed; what is stored keeps its place. With two changes, it is not known which one was renamed.
    expect(changesOf(plan).map(withoutSuffix)).toEqual([
      'alter type public.mood',
      'create type public.level',
      'create type public.pair',
      'alter foreign table proxy.u',
      'replace foreign table proxy.t',
      'replace materialized view local.u',
      'replace materialized view local.t',
      'replace view public.over',
      'drop type public.fdwsync_old',
      'drop type public.fdwsync_old',
    ])
    expect(missedOf(report)).toEqual([])
    expect(plan.undetermined.map(({ title, reason }) => `${title}: ${reason}`)).toEqual([
      expect.stringMatching(
        /^type public.small: it is kept as it is.*domain integer → bigint.*cannot be replaced because of table public.unmanaged$/,
      ),
    ])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a mirror copies columns of types that cannot be copied as text, until the types exist here', async () => {
    const fixture = await fixtureWithOwnSource(pair, notCopyable)
    const parsed = await fixture.manifest(copying())
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect({ undetermined: plan.undetermined, missed: missedOf(report) }).toEqual({ undetermined: [], missed: [] })
    expect(plan.warnings.map(({ message }) => message).toSorted()).toEqual([
      expect.stringMatching(/^index spans_during_idx of the source is not created .* data type text/),
      expect.stringMatching(/^type public.day of the source consists of public.span, .* as text: spans.day. To have/),
      expect.stringMatching(
        /^type public.letters of the source is a range with a collation that does not exist here, .* as text: books.letters/,
      ),
      expect.stringMatching(/^type public.page of the source: it is copied without the collation public.only_there/),
      expect.stringMatching(/^type public.place of the source is the row type of a relation, .* as text: trips.ends/),
      expect.stringMatching(
        /^type public.span of the source is a range with the canonical function public.canon, .* as text: spans.during, spans.more. To have/,
      ),
      expect.stringMatching(/^type public.spans_set of the source is a range with .* as text: spans.parts/),
      expect.stringMatching(/^type public.stay of the source consists of public.span, .* as text: trips.stays/),
      expect.stringMatching(/^type public.word of the source: it is copied without the collation public.only_there/),
    ])
    expect(await fixture.sql('SELECT word, pages::text, letters FROM local.books')).toEqual([
      { word: 'ä', pages: '{"({ö},ü)"}', letters: '[a,ä]' },
    ])
    expect(await fixture.sql('SELECT *, more[1] AS first FROM local.spans')).toEqual([
      { id: 1, during: '[1,3)', more: ['[1,3)'], day: '[3,5)', parts: '{[1,3)}', first: '[1,3)' },
    ])
    expect(await fixture.sql('SELECT * FROM local.trips')).toEqual([
      { stays: ['("[1,3)",x)'], ends: ['(1)'], mood: 'ok' },
    ])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])

    await fixture.sql('CREATE TYPE public.span AS RANGE (subtype = int4, multirange_type_name = spans_set)')
    const after = await applyTo(parsed, fixture.url)
    expect(missedOf(after.report)).toEqual([])
    expect(changesOf(after.plan)).toEqual(
      expect.arrayContaining([
        'create type public.day',
        'create type public.stay',
        'create index local.spans_during_idx',
      ]),
    )
    expect(await fixture.sql('SELECT during @> 2 AS contains FROM local.spans')).toEqual([{ contains: true }])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('without types: copy all missing types are listed, with hints', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE SCHEMA ext; CREATE EXTENSION citext; CREATE EXTENSION hstore SCHEMA ext; CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN zip AS text;
       CREATE TABLE fine (id int); CREATE TABLE c (m mood, more mood[], z zip, x citext); CREATE TABLE e (h ext.hstore, f fine); CREATE DOMAIN word AS citext; CREATE TABLE w (w word)`,
    )
    const reasonsOf = async (text: string) =>
      (await planFor(await fixture.manifest(text), fixture.url)).undetermined.map(({ title, reason, hint }) => [
        title,
        reason,
        hint,
      ])
    const ofE = [
      'foreign table proxy.e',
      'it cannot be imported: type ext.hstore belongs to the extension hstore, which does not exist here; type public.fine is the row type of a relation at the source, which cannot be copied',
      'Declare it: extensions: { hstore: { schema: ext } }, and schemas: { ext: {} }. Create a type of that name here, or exclude the table with except.',
    ]
    expect(await reasonsOf(importing())).toEqual([
      [
        'foreign table proxy.c',
        'it cannot be imported: type public.citext belongs to the extension citext, which does not exist here; type public.mood does not exist here; type public.zip does not exist here',
        'Declare it: extensions: { citext: {} }. Add "types: copy" to the import, which creates the types here, or declare them. Or exclude the table: except: [c].',
      ],
      ofE,
      [
        'foreign table proxy.w',
        'it cannot be imported: type public.word does not exist here',
        'Add "types: copy" to the import, which creates the types here, or declare them. Or exclude the table: except: [w].',
      ],
    ])
    expect(await reasonsOf(copying())).toEqual([
      [
        'foreign table proxy.c',
        'it cannot be imported: type public.citext belongs to the extension citext, which does not exist here',
        'Declare it: extensions: { citext: {} }. Or exclude the table: except: [c].',
      ],
      [
        'foreign table proxy.e',
        'it cannot be imported: type ext.hstore belongs to the extension hstore, which does not exist here',
        'Declare it: extensions: { hstore: { schema: ext } }, and schemas: { ext: {} }. Or exclude the table: except: [e].',
      ],
      [
        'foreign table proxy.w',
        'it cannot be imported: type public.word consists of public.citext: type public.citext belongs to the extension citext, which does not exist here',
        'Declare it: extensions: { citext: {} }. Or exclude the table: except: [w].',
      ],
    ])
    const all = copying('except: [e]').replace('postgres_fdw: {}', 'postgres_fdw: {}, citext: {}')
    const { plan, report } = await applyTo(await fixture.manifest(all), fixture.url)
    expect({ undetermined: plan.undetermined, missed: missedOf(report) }).toEqual({ undetermined: [], missed: [] })
    expect(changesOf(await planFor(await fixture.manifest(all), fixture.url))).toEqual([])
    expect(
      await fixture.sql("SELECT format_type(typbasetype, -1) AS base FROM pg_type WHERE typname = 'word'"),
    ).toEqual([{ base: 'citext' }])
  })

  test('a declared type takes precedence; two imports share a copied type; a type that the source no longer has is kept', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE own AS ENUM ('theirs'); CREATE TYPE pair AS (zip text, a int); CREATE TABLE a (m mood, o own, p pair); CREATE TABLE b (m mood)`,
    )
    const two = `${importing('types: copy\nlimit_to: [a]').trimEnd()}
      - { server: shop, remote_schema: public, limit_to: [b], types: copy }
  public: { types: { own: { enum: [first, second] } } }
`
    const parsed = await fixture.manifest(two)
    const { plan } = await applyTo(parsed, fixture.url)
    expect(changesOf(plan).filter((change) => change.includes(' type '))).toEqual([
      'create type public.own',
      'create type public.mood',
      'create type public.pair',
    ])
    expect(await fixture.sql(values('public.own'))).toEqual([{ values: ['first', 'second'] }])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])

    await runSql(fixture.source.url, "DROP TABLE a; ALTER TYPE mood ADD VALUE 'fine'")
    const offline = await fixture.manifest(two, { SOURCE_PORT: '1' })
    const without = await planFor(offline, fixture.url)
    // The ledger has the attributes of the composite type in their order.
    expect(changesOf(without)).toEqual(['alter server shop'])
    expect(without.undetermined).toMatchObject([{ title: expect.stringContaining('import') }])
  })
})

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  const reasonsOf = async (fixture: Fixture, text: string, more: Readonly<Record<string, string>> = {}) =>
    planFor(await fixture.manifest(text, more), fixture.url).then(
      () => 'fine',
      (error: { problems: unknown }) => error.problems,
    )

  test('two sources with different types of one name, and a wrapper that has no catalog', async () => {
    const sql = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood)"
    const fixture = await fixtureWithOwnSource(pair, sql)
    const other = await fixtureWithOwnSource(pair, sql.replace('sad', 'ok').replace('TABLE a', 'TABLE b'))
    const second = importHead
      .slice(importHead.indexOf('  shop:'))
      .replace('shop:', 'other:')
      .replace('_DATABASE}', '_OTHER}')
    const two = importing('types: copy').replace(
      'schemas:\n  proxy:\n    imports:\n',
      `${second}schemas:\n  proxy:\n    imports:\n      - { server: other, remote_schema: public, types: copy }\n`,
    )
    const env = { SOURCE_OTHER: other.source.name }
    expect(await reasonsOf(fixture, two, env)).toMatchObject([
      {
        message: expect.stringMatching(/^type "mood" of schema "public" differs between the source of this import/),
        place: { excerpt: expect.stringContaining('types: copy') },
      },
    ])
    const spelled = `${two}  public: { types: { mood: { enum: [sad, ok] } } }\n`
    expect(await reasonsOf(fixture, spelled, env)).toBe('fine')

    await fixture.sql('CREATE EXTENSION postgres_fdw; CREATE FOREIGN DATA WRAPPER bare')
    const bare = importing('types: copy').replace('  shop:\n', '  shop:\n    foreign_data_wrapper: bare\n')
    expect(await reasonsOf(fixture, bare)).toMatchObject([
      {
        message: expect.stringContaining('types can be copied only through postgres_fdw, and server shop uses bare'),
        place: { excerpt: expect.stringContaining('types: copy') },
      },
    ])
    const uncopied = mirroring()
      .replace('  shop:\n', '  shop:\n    foreign_data_wrapper: bare\n')
      .replace('indexes: { copy: true }', '')
    for (const choice of ['relations: [views]', 'partitions: each']) {
      expect(await reasonsOf(fixture, uncopied.replace('schema: local', `schema: local\n    ${choice}`))).toMatchObject(
        [
          {
            message: expect.stringContaining('relations can be chosen only through postgres_fdw'),
            place: { excerpt: expect.stringContaining(choice) },
          },
        ],
      )
    }
  })

  test('a type that another manifest owns is used as it is', async () => {
    const fixture = await fixtureWithOwnSource(pair, "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood)")
    const one = await fixture.manifest(importing('types: copy'))
    await applyTo(one, fixture.url)
    const other = await fixture.manifest(`version: 1
name: other
schemas: { second: { imports: [{ server: shop, remote_schema: public, types: copy }] } }
`)
    const { plan } = await applyTo(other, fixture.url)
    expect(changesOf(plan)).toEqual(['create schema second', 'create foreign table second.a'])
    await runSql(fixture.source.url, "ALTER TYPE mood ADD VALUE 'ok'")
    expect(changesOf(await planFor(other, fixture.url))).toEqual([])
    expect(changesOf(await planFor(one, fixture.url))).toEqual(['alter type public.mood'])
  })

  test('SQL that a source passes off as an expression is not run', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      "CREATE DOMAIN d AS text DEFAULT 'x'; CREATE TABLE a (d d); UPDATE pg_type SET typdefault = '1); CREATE TABLE public.injected(); --' WHERE typname = 'd'",
    )
    const { undetermined, warnings } = await planFor(await fixture.manifest(copying()), fixture.url)
    expect(undetermined).toEqual([])
    expect(warnings).toMatchObject([
      { message: expect.stringContaining('its default is not copied, because fdwsync cannot parse it') },
    ])
  })

  test('types_schema, for a role that may not create types where the source has them', async () => {
    const fixture = await fixtureWithOwnSource(pair, varied)
    await fixture.sql('CREATE EXTENSION postgres_fdw; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    const { url, user } = await fixture.role()
    await fixture.sql(
      `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
    )
    const text = copying('types_schema: Kinds\noptions: { import_default: true }')
      .replace('extensions: { postgres_fdw: {} }\n', '')
      .replace('public: {', `${user}: {`)
    const parsed = await fixture.manifest(text)
    const { plan, report } = await applyTo(parsed, url)
    expect({ undetermined: plan.undetermined, warnings: plan.warnings, missed: missedOf(report) }).toEqual({
      undetermined: [],
      warnings: [],
      missed: [],
    })
    const here = (await fixture.sql(typesHere)).map(({ text: type }) => String(type))
    const there = (await runSql(fixture.source.url, typesHere)).map(({ text: type }) => String(type))
    expect(here).toEqual(there.map((type) => type.replace(/^(public|Other Types)\./, 'Kinds.')).toSorted())
    expect(await rowsOf(fixture.url, 'local', ['a', 'b'])).toEqual(
      await rowsOf(fixture.source.url, 'public', ['a', 'b']),
    )
    expect(
      await fixture.sql(`SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'fine_check'`),
    ).toEqual([{ text: `CHECK ((VALUE <> 'green'::"Kinds".colour))` }])
    expect(changesOf(await planFor(parsed, url))).toEqual([])

    await runSql(
      fixture.source.url,
      `ALTER TYPE colour ADD VALUE 'blue'; ALTER TABLE a RENAME mood TO state;
       CREATE COLLATION only_there (provider = icu, locale = 'de'); ALTER TABLE b ADD c colour, ADD t text COLLATE only_there`,
    )
    const changed = await applyTo(parsed, url)
    expect(changed.plan.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^collation public.only_there .* does not exist here, .* without it: b.t\./),
    ])
    expect(changesOf(changed.plan)).toEqual([
      'alter type "Kinds".colour',
      'alter foreign table proxy.a',
      'alter foreign table proxy.b',
      'alter materialized view local.a',
      'replace materialized view local.b',
      'adopt index local.a_mood_idx',
    ])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
    await runSql(
      fixture.source.url,
      'CREATE SCHEMA twice; CREATE DOMAIN twice.colour AS text; ALTER TABLE b ADD d twice.colour',
    )
    await expect(planFor(parsed, url)).rejects.toMatchObject({
      problems: [
        {
          message: expect.stringContaining('two schemas of the source have a type colour'),
          place: { excerpt: expect.stringContaining('types_schema') },
        },
      ],
    })
  })

  test('a role without superuser, and a source that hides checks', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN zip AS text DEFAULT 'x' CHECK (VALUE <> '');
       CREATE DOMAIN same AS text CONSTRAINT zip_check CHECK (VALUE <> 'a'); ALTER DOMAIN same ADD CONSTRAINT later CHECK (VALUE <> 'b') NOT VALID;
       CREATE TABLE a (id int, mood mood, zip zip); INSERT INTO a VALUES (1, 'sad', 'z'); CREATE TABLE b (s same)`,
    )
    await fixture.sql('CREATE EXTENSION postgres_fdw')
    const { url, user } = await fixture.role()
    await fixture.sql(
      `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}; REVOKE ALL ON SCHEMA public FROM PUBLIC`,
    )
    await runSql(
      fixture.source.url,
      `CREATE ROLE ${user}_there LOGIN PASSWORD 'secret there'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}_there`,
    )
    try {
      const text = copying().replace('extensions: { postgres_fdw: {} }\n', '').replace('public: {', `${user}: {`)
      const parsed = await fixture.manifest(text, { SOURCE_USER: `${user}_there`, SOURCE_PASSWORD: 'secret there' })
      const refused = await planFor(parsed, url)
      expect(refused.undetermined.map(({ reason }) => reason)).toEqual([
        'it cannot be imported: type public.mood cannot be created here: permission denied for schema public; type public.zip cannot be created here: permission denied for schema public',
        'it cannot be imported: type public.same cannot be created here: permission denied for schema public',
      ])
      expect(refused.undetermined.map(({ hint }) => hint)).toEqual([
        expect.stringMatching(`GRANT USAGE, CREATE ON SCHEMA public TO ${user}. .* types_schema`),
        expect.stringContaining('types_schema'),
      ])
      await fixture.sql(`GRANT USAGE, CREATE ON SCHEMA public TO ${user}`)
      const { plan, report } = await applyTo(parsed, url)
      expect({ undetermined: plan.undetermined, missed: missedOf(report) }).toEqual({ undetermined: [], missed: [] })
      const hidden = 'is not created: the source shows it only to members of the role that owns the domain'
      expect(plan.warnings.map(({ message }) => message)).toEqual([
        'type public.same of the source: its check later is not created: it is NOT VALID at the source',
        `type public.same of the source: its check zip_check ${hidden}`,
        `type public.zip of the source: its check zip_check ${hidden}`,
      ])
      const again = await planFor(parsed, url)
      expect(changesOf(again)).toEqual([])
      // They are reported once.
      expect(again.warnings.map(({ isReported }) => isReported)).toEqual([true, true, true])
      await runSql(fixture.source.url, "ALTER TYPE mood ADD VALUE 'ok'")
      expect(changesOf((await applyTo(parsed, url)).plan)).toEqual(['alter type public.mood'])

      // The owner of the domains sees all checks, but not which of two with the same name belongs to which domain.
      await runSql(
        fixture.source.url,
        `ALTER DOMAIN zip OWNER TO ${user}_there; ALTER DOMAIN same OWNER TO ${user}_there`,
      )
      const shown = await planFor(parsed, url)
      expect(shown.warnings.map(({ message }) => message)).toEqual([
        expect.stringContaining('NOT VALID'),
        expect.stringContaining('zip_check is not created: the source has several checks of that name'),
        expect.stringContaining('zip_check is not created: the source has several checks of that name'),
      ])
    } finally {
      await runSql(fixture.source.url, `DROP OWNED BY ${user}_there CASCADE; DROP ROLE ${user}_there`)
    }
  })
})
