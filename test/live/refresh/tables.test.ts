// Tables: a refresh writes the rows that differ, and nothing else.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { status } from '../../../src/library/inspect.ts'
import { verify } from '../../../src/library/refresh.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { changesOf } from '../../support/outcomes.ts'

const columns = {
  id: 'integer',
  part: 'text',
  note: 'text',
  data: 'json',
  amount: 'numeric',
  at: 'timestamptz',
  more: 'bytea',
  list: 'integer[]',
}

const manifest = `
version: 1
name: tables
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
schemas:
  proxy: { foreign_tables: { facts: { server: shop, options: { schema_name: public }, columns: ${JSON.stringify(columns)} } } }
  local:
    tables:
      keyed: { query: SELECT * FROM proxy.facts, primary_key: [id, part] }
      only_key: { query: "SELECT id AS k, part AS t FROM proxy.facts", primary_key: [k, t] }
      exact: { query: "SELECT amount, note FROM proxy.facts WHERE amount IS NOT NULL", primary_key: [amount] }
      heap: { query: SELECT note FROM proxy.facts }
`

const everything = `INSERT INTO facts SELECT id, 'p', 'note ' || id, '{"a": 1}', id / 3.0, '2026-01-01', '\\x00', ARRAY[id, NULL]
  FROM generate_series(1, 50) AS id`

/** Changes at the source, and how many rows of `keyed` they write. */
const changes: readonly (readonly [change: string, inserted: number, updated: number, deleted: number])[] = [
  ['SELECT 1', 0, 0, 0],
  ["INSERT INTO facts (id, part) VALUES (51, 'p'), (51, 'q')", 2, 0, 0],
  ["UPDATE facts SET note = NULL WHERE id = 1; UPDATE facts SET note = '' WHERE id = 51", 0, 3, 0],
  ['UPDATE facts SET data = \'{"a":1}\' WHERE id = 2', 0, 1, 0],
  ['UPDATE facts SET amount = 1.0 WHERE id = 3', 0, 1, 0],
  ['UPDATE facts SET amount = 1.00 WHERE id = 3', 0, 1, 0],
  ["UPDATE facts SET more = '\\x', list = NULL, at = '-infinity' WHERE id = 4", 0, 1, 0],
  ["UPDATE facts SET part = 'q' WHERE id = 5", 1, 0, 1],
  ['DELETE FROM facts WHERE id BETWEEN 6 AND 10', 0, 0, 5],
  ["UPDATE facts SET id = id + 1000, note = 'moved'", 47, 0, 47],
  ['TRUNCATE facts', 0, 0, 47],
  [everything, 50, 0, 0],
]

const logWrites = `
  CREATE TABLE public.log (op text);
  CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (TG_OP); RETURN NULL; END';
  CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON local.keyed FOR EACH ROW EXECUTE FUNCTION public.note()`

/** How the copies differ from their source. */
async function compare(parsed: ParsedManifest, database: string, names: readonly string[]) {
  const { copies } = await verify(parsed, { database, names })
  return copies.map(({ verification }) => verification)
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
    const list = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    await runSql(source.url, `CREATE TABLE facts (${list.join(', ')}); ${everything}`)
  })
  afterAll(() => source.drop())

  test('after each change at the source, the contents are equal', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest)
    await applyTo(parsed, fixture.url)
    await fixture.sql(logWrites)
    const contents = (table: string) => `SELECT (t.*)::text AS row FROM ${table} AS t ORDER BY 1`
    for (const [change, inserted, updated, deleted] of changes) {
      await runSql(source.url, change)
      await fixture.sql('TRUNCATE public.log')
      const found = await compare(parsed, fixture.url, ['keyed'])
      expect([change, found[0]]).toMatchObject([change, { missing: inserted, different: updated, extra: deleted }])
      const report = await refresh(parsed, [], connectTo(fixture.url), refreshDefaults)
      expect(report.views.map(({ how, outcome }) => [how, outcome.status])).toEqual([
        ['merge', 'applied'],
        ['merge', 'applied'],
        ['merge', 'applied'],
        ['swap', 'applied'],
      ])
      const [counts] = await fixture.sql(
        "SELECT count(*) FILTER (WHERE op = 'INSERT')::int AS i, count(*) FILTER (WHERE op = 'UPDATE')::int AS u, count(*) FILTER (WHERE op = 'DELETE')::int AS d FROM public.log",
      )
      expect([change, counts]).toEqual([change, { i: inserted, u: updated, d: deleted }])
      expect(await fixture.sql(contents('local.keyed'))).toEqual(await fixture.sql(contents('proxy.facts')))
      expect(await fixture.sql(contents('local.only_key'))).toEqual(
        await fixture.sql('SELECT ROW(id, part)::text AS row FROM proxy.facts ORDER BY 1'),
      )
      // 1.0 and 1.00 are the same key, but not the same text.
      expect(await fixture.sql(contents('local.exact'))).toEqual(
        await fixture.sql('SELECT ROW(amount, note)::text AS row FROM proxy.facts WHERE amount IS NOT NULL ORDER BY 1'),
      )
      expect(await fixture.sql('SELECT note FROM local.heap ORDER BY 1')).toEqual(
        await fixture.sql('SELECT note FROM proxy.facts ORDER BY 1'),
      )
    }
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    await fixture.sql("INSERT INTO local.heap VALUES (NULL), ('note 1'); DELETE FROM local.heap WHERE note = 'note 2'")
    const counts = { rows: 51, missing: 1, extra: 2, different: 0 }
    expect(await compare(parsed, fixture.url, [])).toMatchObject([
      { status: 'same', rows: 50 },
      { status: 'same', rows: 50 },
      { status: 'same', rows: 50 },
      { status: 'different', ...counts },
    ])
    const { objects } = await status({ database: fixture.url, manifest: parsed, pattern: 'heap', verify: true })
    expect(objects[0]?.verification).toMatchObject({ status: 'different', ...counts })
  })

  test('rows without a key are compared by texts that distinguish all values, whatever the settings of the role', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest.replace('SELECT note FROM', 'SELECT amount::float8 AS ratio FROM'))
    await applyTo(parsed, fixture.url)
    await fixture.sql(`ALTER DATABASE ${fixture.target.name} SET extra_float_digits = -5`)
    await runSql(source.url, 'UPDATE facts SET amount = amount + 1e-13 WHERE id = 3')
    onTestFinished(() => runSql(source.url, 'UPDATE facts SET amount = 1.0 WHERE id = 3').then(() => {}))
    expect(await compare(parsed, fixture.url, ['heap'])).toMatchObject([{ status: 'different', missing: 1, extra: 1 }])
  })

  test('a table without a column of its query, or with another type of it, is not the same as its source', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest)
    await applyTo(parsed, fixture.url)
    await fixture.sql(
      'ALTER TABLE local.keyed DROP COLUMN note; ALTER TABLE local.exact RENAME note TO "New"; ALTER TABLE local.heap ALTER note TYPE varchar',
    )
    const failed = (column: string) => ({ status: 'failed', reason: expect.stringContaining(`its column ${column} `) })
    expect(await compare(parsed, fixture.url, ['keyed', 'exact', 'heap'])).toMatchObject(
      ['note', 'note', 'note'].map(failed),
    )
  })

  test('a key that is not unique is an error that names it, and nothing is written', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest)
    await applyTo(parsed, fixture.url)
    onTestFinished(() => runSql(source.url, 'DELETE FROM facts WHERE id > 50').then(() => {}))
    for (const [rows, row] of [
      ["(1, 'p')", '{"id":1,"part":"p"'],
      ["(71, 'p'), (71, 'p')", '{"id":71,"part":"p"'],
      ['(70, NULL)', '{"id":70,"part":null'],
    ] as const) {
      await runSql(
        source.url,
        `DELETE FROM facts WHERE id > 50 OR note IS NULL; INSERT INTO facts (id, part) VALUES ${rows}`,
      )
      for (const strategy of ['merge', 'compare'] as const) {
        const names = ['keyed', 'only_key']
        const { views } = await refresh(parsed, names, connectTo(fixture.url), { ...refreshDefaults, strategy })
        expect(views.map(({ outcome }) => 'reason' in outcome && outcome.reason)).toEqual(
          [row, row.replace('"id"', '"k"').replace('"part"', '"t"')].map((key) =>
            expect.stringMatching(`^its query returns the key ${key}`),
          ),
        )
      }
      expect(await fixture.sql('SELECT count(*)::int FROM local.keyed')).toEqual([{ count: 50 }])
    }
    await runSql(source.url, "DELETE FROM facts WHERE id > 50; INSERT INTO facts (id, part) VALUES (73, 'p')")
    await fixture.sql(
      'ALTER TABLE local.only_key ADD CONSTRAINT other FOREIGN KEY (k, t) REFERENCES local.keyed, ADD CONSTRAINT own FOREIGN KEY (k, t) REFERENCES local.only_key',
    )
    const [refused] = (await refresh(parsed, ['only_key'], connectTo(fixture.url), refreshDefaults)).views
    expect(refused?.outcome).toMatchObject({ status: 'failed', hint: expect.stringContaining('strategy: swap') })
    const together = { ...refreshDefaults, strategy: 'swap' } as const
    const { views: swapped } = await refresh(parsed, ['keyed', 'only_key'], connectTo(fixture.url), together)
    expect(swapped.map(({ outcome }) => outcome.status)).toEqual(['applied', 'applied'])
    expect(
      await fixture.sql("SELECT confrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f' ORDER BY 1"),
    ).toEqual([{ name: 'local.keyed' }, { name: 'local.only_key' }])
    await fixture.sql(`CREATE FUNCTION public.shorten() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := left(NEW.note, 4); RETURN NEW; END $$;
      CREATE TRIGGER shorten BEFORE UPDATE ON local.keyed FOR EACH ROW EXECUTE FUNCTION public.shorten();
      UPDATE local.keyed SET amount = 7 WHERE id < 4`)
    for (const strategy of ['merge', 'compare'] as const) {
      const { warnings } = await refresh(parsed, ['keyed'], connectTo(fixture.url), { ...refreshDefaults, strategy })
      expect(warnings.map(({ message }) => message)).toEqual([
        'table local.keyed: the server warns: each refresh writes some rows again (3), since the table stores other values than its query returns: see trigger shorten',
      ])
    }
    await fixture.sql('CREATE RULE ignore AS ON INSERT TO local.keyed DO INSTEAD NOTHING')
    await runSql(source.url, "INSERT INTO facts (id, part) VALUES (72, 'p')")
    const [ignored] = (await refresh(parsed, ['keyed'], connectTo(fixture.url), refreshDefaults)).views
    expect(ignored?.outcome).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('a trigger or a rule of the table keeps 1 of its rows from being written'),
    })
  })

  test('what runs for a load has the rights of the owner of the table, and cannot return to those of the role that loads', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await fixture.sql(`CREATE SCHEMA own AUTHORIZATION ${user};
      CREATE FUNCTION own.who() RETURNS text LANGUAGE sql AS 'SELECT current_user::text'; ALTER FUNCTION own.who() OWNER TO ${user};
      CREATE TABLE own.log (who text); ALTER TABLE own.log OWNER TO ${user}`)
    const parsed = await fixture.manifest(`${manifest}  own:
    tables:
      rows: { query: "SELECT 1 AS id, own.who() AS who", primary_key: [id], owner: ${user} }
`)
    await applyTo(parsed, fixture.url)
    expect(await fixture.sql('SELECT who FROM own.rows')).toEqual([{ who: user }])
    await fixture.sql(`CREATE FUNCTION own.note() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO own.log VALUES (current_user); RETURN NULL; END'; ALTER FUNCTION own.note() OWNER TO ${user};
      CREATE CONSTRAINT TRIGGER note AFTER DELETE OR UPDATE ON own.rows DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION own.note();
      UPDATE own.rows SET who = 'changed'`)
    await fixture.sql('TRUNCATE own.log')
    const [report] = (await refresh(parsed, ['own.rows'], connectTo(fixture.url), refreshDefaults)).views
    expect(report?.outcome.status).toBe('applied')
    expect(await fixture.sql('SELECT who FROM own.rows UNION ALL SELECT who FROM own.log')).toEqual([
      { who: user },
      { who: user },
    ])
    await fixture.sql(
      `CREATE OR REPLACE FUNCTION own.who() RETURNS text LANGUAGE plpgsql AS 'BEGIN RESET ROLE; RETURN current_user; END'`,
    )
    const [refused] = (await refresh(parsed, ['own.rows'], connectTo(fixture.url), refreshDefaults)).views
    expect(refused?.outcome).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('security-definer function'),
    })
    expect(await fixture.sql('SELECT who FROM own.rows')).toEqual([{ who: user }])
    // Rows that their owner does not see would count as missing.
    await fixture.sql('ALTER TABLE own.rows ENABLE ROW LEVEL SECURITY; ALTER TABLE own.rows FORCE ROW LEVEL SECURITY')
    const [blind] = (await refresh(parsed, ['own.rows'], connectTo(fixture.url), refreshDefaults)).views
    const [unverified] = await compare(parsed, fixture.url, ['own.rows'])
    for (const outcome of [blind?.outcome, unverified])
      expect(outcome).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('row-level security is forced'),
      })
  })
})
