// Imports of tables: what is declared about them, what is missing at the source, sources that do not answer.

import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, planFor } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { eachMajor, isNewest, newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { type ProxyMode, proxyTo } from '../../support/proxy.ts'

const two = `
  CREATE TABLE a (id int PRIMARY KEY, name text DEFAULT 'x', total numeric(10,2));
  CREATE TABLE b (id int PRIMARY KEY, day date)`

/** Columns of all foreign tables, as text. */
const columns = `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) AS text
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relkind = 'f' AND attnum > 0 AND NOT attisdropped ORDER BY c.relname, attnum`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('imported tables are altered in place, and keep what the manifest declares about them', async () => {
    const fixture = await fixtureWithOwnSource(pair, two)
    const parsed = await fixture.manifest(
      importing(`options: { import_default: true }
tables:
  a:
    options: { fetch_size: 500 }
    columns: { total: text, name: { comment: from here, options: { column_name: name } } }
    checks: { sane: id > 0 }
    comment: all of a`),
    )
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect((await fixture.sql(columns)).map(({ text }) => text)).toEqual([
      'a.id integer',
      'a.name text',
      'a.total text',
      'b.id integer',
      'b.day date',
    ])
    expect(
      await fixture.sql(`SELECT ftoptions, obj_description(ftrelid) AS comment, pg_get_expr(adbin, adrelid) AS "default"
      FROM pg_foreign_table JOIN pg_attrdef ON adrelid = ftrelid`),
    ).toEqual([
      {
        ftoptions: expect.arrayContaining(['schema_name=public', 'table_name=a', 'fetch_size=500']),
        comment: 'all of a',
        default: "'x'::text",
      },
    ])
    const [before] = await fixture.sql("SELECT 'proxy.b'::regclass::oid AS oid")
    await runSql(
      fixture.source.url,
      'ALTER TABLE b ADD more text[], ALTER day TYPE timestamptz; ALTER TABLE b DROP CONSTRAINT b_pkey, DROP id; CREATE TABLE c ()',
    )
    await fixture.sql('CREATE VIEW public.others AS SELECT id FROM proxy.a')
    const { plan } = await applyTo(parsed, fixture.url)
    expect(changesOf(plan)).toEqual(['alter foreign table proxy.b', 'create foreign table proxy.c'])
    expect((await fixture.sql(columns)).slice(3).map(({ text }) => text)).toEqual([
      'b.day timestamp with time zone',
      'b.more text[]',
    ])
    expect(await fixture.sql("SELECT 'proxy.b'::regclass::oid AS oid")).toEqual([before])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a declared table takes precedence over an imported one; limit_to and except limit the import', async () => {
    const fixture = await fixtureWithOwnSource(pair, `${two}; CREATE TABLE c (id int); CREATE TABLE d (id int)`)
    const text = importing('except: [c]').replace(
      'schemas:\n  proxy:\n',
      'schemas:\n  proxy:\n    foreign_tables: { b: { server: shop, columns: { day: text } } }\n',
    )
    await applyTo(await fixture.manifest(text), fixture.url)
    expect((await fixture.sql(columns)).map(({ text }) => text)).toEqual([
      'a.id integer',
      'a.name text',
      'a.total numeric(10,2)',
      'b.day text',
      'd.id integer',
    ])
    const { plan } = await applyTo(await fixture.manifest(importing('limit_to: [c, d]')), fixture.url)
    expect(changesOf(plan)).toEqual([
      'create foreign table proxy.c',
      'drop foreign table proxy.a',
      'drop foreign table proxy.b',
    ])
  })

  test('what the source does not have is an error with its place', async () => {
    const fixture = await fixtureWithOwnSource(pair, two)
    const problemsOf = async (text: string) =>
      planFor(await fixture.manifest(text), fixture.url).then(
        () => 'fine',
        (error: { problems: unknown }) => error.problems,
      )
    expect(
      await problemsOf(importing('limit_to: [a, nope, A]\ntables: { z: {}, a: { columns: { z: text } } }')),
    ).toMatchObject([
      {
        message: 'the source has no table "nope" in schema "public"',
        place: { excerpt: expect.stringContaining('limit_to') },
      },
      { message: 'the source has no table "A" in schema "public"; did you mean "a"?' },
      { message: expect.stringContaining('no table "z" is imported: the source does not have it, or it is excluded') },
    ])
    expect(await problemsOf(importing('tables: { a: { columns: { z: text } } }'))).toMatchObject([
      { message: `table "a" at the source has no column "z"` },
    ])
    expect(await problemsOf(importing().replace('remote_schema: public', 'remote_schema: nope'))).toMatchObject([
      {
        message: expect.stringContaining('schema "nope" is not present on foreign server "shop"'),
        place: { excerpt: expect.stringContaining('nope') },
      },
    ])
    expect(await problemsOf(importing().replace('server: shop', 'server: other'))).toMatchObject([
      { message: expect.stringContaining('server other does not exist') },
    ])
    expect(await problemsOf(mirroring('tables: { z: { comment: none } }'))).toMatchObject([
      { message: expect.stringContaining('the mirror has no table "z"') },
    ])
  })

  test('tables with missing types are reported, and the others are imported', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `${two}; CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN zip AS text; CREATE TABLE c (m mood); CREATE TABLE d (z zip); CREATE TABLE e (m mood[])`,
    )
    const parsed = await fixture.manifest(mirroring())
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect(plan.undetermined.map(({ title, reason }) => `${title}: ${reason}`)).toEqual([
      'foreign table proxy.c: it cannot be imported: type public.mood does not exist here',
      'foreign table proxy.d: it cannot be imported: type public.zip does not exist here',
      'foreign table proxy.e: it cannot be imported: type public.mood does not exist here',
    ])
    expect(missedOf(report)).toEqual([])
    await expect(planFor(await fixture.manifest(importing('limit_to: [a, c]')), fixture.url)).rejects.toThrow(
      'the table "c" cannot be imported: type public.mood does not exist here',
    )
    await fixture.sql("CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN zip AS text")
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    await runSql(
      fixture.source.url,
      `CREATE TYPE more AS ENUM ('x'); ALTER TABLE c ADD more more; ALTER TABLE d ADD more int;
       ALTER TABLE e RENAME TO renamed; ALTER TABLE renamed ADD more more`,
    )
    const again = await planFor(parsed, fixture.url)
    expect(again.undetermined.map(({ title, reason }) => `${title}: ${reason}`)).toEqual([
      'foreign table proxy.c: it cannot be imported, and is kept as it was last applied: type public.more does not exist here',
      'foreign table proxy.renamed: it cannot be imported, and is kept as it was last applied, as e: type public.more does not exist here',
    ])
    expect(changesOf(again)).toEqual(['alter foreign table proxy.d', 'replace materialized view local.d'])
  })

  test('a server that is to be altered is asked as declared', async () => {
    const fixture = await fixtureWithOwnSource(pair, two)
    await applyTo(await fixture.manifest(importing()), fixture.url)
    const other = await fixtureWithOwnSource(pair, 'CREATE TABLE a (other int)')
    const parsed = await fixture.manifest(importing(), { SOURCE_DATABASE: other.source.name })
    const { plan } = await applyTo(parsed, fixture.url)
    expect(changesOf(plan)).toEqual(['alter server shop', 'alter foreign table proxy.a', 'drop foreign table proxy.b'])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    const wrong = await fixture.manifest(importing(), { SOURCE_DATABASE: other.source.name, SOURCE_PASSWORD: 'wrong' })
    const { undetermined, changes } = await planFor(wrong, fixture.url)
    // A source with trust authentication accepts a wrong password.
    expect([0, 1]).toContain(undetermined.length)
    expect(changes.map(({ title }) => title)).toEqual(['user mapping for public on shop'])
  })
})

const modes: readonly ProxyMode[] = ['refuse', 'silent']

describe.each(eachMajor())('PostgreSQL $name without the source', (pair: ServerPair) => {
  test.each(modes)('%s', async (mode) => {
    const fixture = await fixtureWithOwnSource(pair, two)
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const where = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
    const text = mirroring()
    const parsed = await fixture.manifest(text, where)
    proxy.mode = mode
    const first = await planFor(parsed, fixture.url, 700)
    expect(first.refusals).toMatchObject([{ reason: expect.stringContaining('its source could not be asked') }])
    proxy.mode = 'forward'
    await applyTo(parsed, fixture.url)
    proxy.mode = mode
    await runSql(fixture.source.url, 'DROP TABLE b; ALTER TABLE a ADD new int')
    const { undetermined, changes, refusals } = await planFor(parsed, fixture.url, 700)
    expect({ changes, refusals }).toEqual({ changes: [], refusals: [] })
    expect(undetermined).toMatchObject([
      { reason: expect.stringContaining('so the tables of the last apply are kept') },
    ])
    if (mode === 'silent') {
      // It falls silent only after it was reached.
      proxy.mode = 'forward'
      proxy.onSend = (data) => {
        if (data.includes('FETCH')) proxy.mode = 'silent'
        return proxy.mode === 'silent' ? 'swallow' : undefined
      }
      expect(await planFor(parsed, fixture.url, 700)).toMatchObject({
        changes: [],
        undetermined: [
          { reason: expect.stringMatching(/the tables of the last apply are kept: .* no longer answers/) },
        ],
      })
      proxy.onSend = () => undefined
      proxy.cut()
    }
    if (isNewest(pair)) {
      const plan = ['plan', '--detailed-exitcode']
      expect(await run(fixture, [...plan, '--source-timeout', '700ms'], text, where)).toMatchObject({ code: 6 })
      expect(await run(fixture, [...plan, '--offline'], text, where)).toMatchObject({ code: 0 })
    }
    // All other changes are applied.
    await fixture.sql('DROP INDEX local.a_pkey')
    const { plan, report } = await applyTo(parsed, fixture.url, { ...applyDefaults, sourceTimeoutMilliseconds: 700 })
    expect(changesOf(plan)).toEqual(['create index local.a_pkey'])
    expect(missedOf(report)).toEqual([])
    proxy.mode = 'forward'
    expect(changesOf(await planFor(parsed, fixture.url))).toHaveLength(5)
  })
})

test.each(
  newestMajor(),
)('PostgreSQL $name: a renamed server keeps its tables, whether it is asked or not', async (pair) => {
  const fixture = await fixtureWithOwnSource(pair, two)
  await applyTo(await fixture.manifest(mirroring()), fixture.url)
  const before = await fixture.sql(`SELECT 'local.a'::regclass::oid AS view, 'proxy.a'::regclass::oid AS table`)
  const renamed = mirroring()
    .replace('  shop:\n    options', '  store:\n    renamed_from: shop\n    options')
    .replace('server: shop', 'server: store')
  expect(await run(fixture, ['apply', '--auto-approve', '--offline'], renamed)).toMatchObject({ code: 0 })
  expect(changesOf(await planFor(await fixture.manifest(renamed), fixture.url))).toEqual([])
  expect(await fixture.sql(`SELECT 'local.a'::regclass::oid AS view, 'proxy.a'::regclass::oid AS table`)).toEqual(
    before,
  )
})
