// Why an imported object changes: the source, the manifest, drift.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/core/plan.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'

const shop = `
  CREATE TABLE a (id int PRIMARY KEY, name text, total numeric(10,2));
  CREATE INDEX a_name_idx ON a (name);
  CREATE TABLE b (id int PRIMARY KEY);
  CREATE TABLE c (id int PRIMARY KEY, name text)`

/** `alter foreign table proxy.a: source (column total type, column name not null: drift)`. */
function causesOf({ changes }: Plan): readonly string[] {
  return changes.map(({ change, title, cause, causes }) => {
    const fields = 'fields' in change ? change.fields : []
    const why = (of: { readonly cause?: unknown; readonly causes?: readonly string[] }) =>
      of.causes?.join(' and ') ?? String(of.cause)
    const each =
      cause === 'both' && fields.length > 0
        ? ` (${fields.map((field) => `${field.field}: ${why(field)}`).join(', ')})`
        : ''
    return `${change.op} ${title}: ${why({ cause, ...(causes ? { causes } : {}) })}${each}`
  })
}

const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(new URL('../../../schemas/plan.schema.json', import.meta.url), 'utf8')),
)

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  async function applied(text: string): Promise<Fixture> {
    const fixture = await fixtureWithOwnSource(pair, shop)
    await applyTo(await fixture.manifest(text), fixture.url)
    return fixture
  }
  const planned = async (fixture: Fixture, text: string) => planFor(await fixture.manifest(text), fixture.url)

  test('the cause of a change is the source, the manifest or the database', async () => {
    const fixture = await applied(importing('tables: { c: { comment: from here } }'))
    await runSql(
      fixture.source.url,
      'ALTER TABLE a ALTER total TYPE numeric(12,2), ADD new int; ALTER TABLE c ADD new int; DROP TABLE b; CREATE TABLE d ()',
    )
    const same = importing('tables: { c: { comment: from here } }')
    expect(causesOf(await planned(fixture, same))).toEqual([
      'alter foreign table proxy.a: source',
      'alter foreign table proxy.c: source',
      'create foreign table proxy.d: source',
      'drop foreign table proxy.b: source',
    ])
    const { stdout } = await run(fixture, ['plan'], same)
    expect(stdout).toMatch(/~ foreign table proxy\.a +the source changed$/m)
    expect(stdout).toMatch(/\+ foreign table proxy\.d +.*new at the source$/m)
    expect(stdout).toMatch(/- foreign table proxy\.b +dropped at the source$/m)

    await fixture.sql('ALTER FOREIGN TABLE proxy.a ALTER name SET NOT NULL; DROP FOREIGN TABLE proxy.c')
    const other = importing('tables: { a: { columns: { id: bigint } }, c: { comment: other comment } }')
    expect(causesOf(await planned(fixture, other))).toEqual([
      'alter foreign table proxy.a: manifest and source and drift (column id type: manifest, column name not null: drift, column total type: source, column new: source)',
      'create foreign table proxy.c: manifest and source and drift',
      'create foreign table proxy.d: source',
      'drop foreign table proxy.b: source',
    ])
    const text = await run(fixture, ['plan'], other)
    expect(text.stdout).toContain('the manifest and the source changed, and it drifted: altered outside')
    expect(text.stdout).toMatch(/column total type .* source$/m)

    const drift = ['plan', '--drift-only', '--detailed-exitcode']
    const shown = await run(fixture, [...drift, '--format', 'json'], other)
    const plan = JSON.parse(shown.stdout)
    expect(validate(plan), JSON.stringify(validate.errors)).toBe(true)
    expect(shown.code).toBe(2)
    expect(plan.changes).toMatchObject([
      { title: 'foreign table proxy.a', fields: [{ field: 'column name not null', cause: 'drift' }] },
      { title: 'foreign table proxy.c', cause: 'both', causes: ['manifest', 'source', 'drift'] },
    ])
    expect(plan.leftOut).toBe(2)

    await applyTo(await fixture.manifest(other), fixture.url)
    await runSql(fixture.source.url, 'ALTER TABLE a DROP new')
    expect(causesOf(await planned(fixture, other))).toEqual(['alter foreign table proxy.a: source'])
    expect(await run(fixture, drift, other)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 other change not shown'),
    })
  })

  test('causes for a mirror: dependents of a table, its indexes, and limit_to', async () => {
    const fixture = await applied(mirroring('except: [c]'))
    await runSql(
      fixture.source.url,
      'DROP INDEX a_name_idx; CREATE INDEX a_name_idx ON a (name DESC); CREATE INDEX a_total_idx ON a (total)',
    )
    expect(causesOf(await planned(fixture, mirroring('except: [c]')))).toEqual([
      'replace index local.a_name_idx: source',
      'create index local.a_total_idx: source',
    ])
    expect(causesOf(await planned(fixture, mirroring()))).toEqual([
      'create foreign table proxy.c: undefined',
      'create materialized view local.c: undefined',
      'replace index local.a_name_idx: source',
      'create index local.a_total_idx: source',
      'create index local.c_pkey: undefined',
    ])
    await runSql(fixture.source.url, 'ALTER TABLE a ADD new int; DROP TABLE b')
    expect(causesOf(await planned(fixture, mirroring('limit_to: [a]')))).toEqual([
      'alter foreign table proxy.a: source',
      'replace materialized view local.a: dependency',
      'replace index local.a_name_idx: source',
      'create index local.a_total_idx: source',
      'drop index local.b_pkey: manifest',
      'drop materialized view local.b: manifest',
      'drop foreign table proxy.b: manifest',
    ])
    expect(causesOf(await planned(fixture, mirroring('except: [c]')))).toContain(
      'drop materialized view local.b: source',
    )
    // No longer copied, or requested differently: the cause is the manifest.
    const uncopied = mirroring('except: [c]').replace('copy: true', 'copy: false')
    expect(causesOf(await planned(fixture, uncopied))).toContain('drop index local.a_name_idx: manifest')
    const options = mirroring('except: [c]\noptions: { import_not_null: false }')
    expect(causesOf(await planned(fixture, options))).toContain(
      'alter foreign table proxy.a: manifest and source (column id not null: manifest, column new: source)',
    )
  })

  test('what the manifest moves to another schema is not new at the source', async () => {
    const types = "CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE a ADD mood mood"
    const fixture = await fixtureWithOwnSource(pair, `${shop}; ${types}`)
    const text = mirroring('limit_to: [a]\ntypes: copy\ntypes_schema: types')
    await applyTo(await fixture.manifest(text), fixture.url)
    const { schema, proxy_schema, types_schema } = {
      schema: 'schema: local',
      proxy_schema: 'proxy_schema: proxy',
      types_schema: 'types_schema: types',
    }
    for (const key of [schema, proxy_schema, types_schema]) {
      const causes = causesOf(await planned(fixture, text.replace(`  ${key}\n`, `  ${key}2\n`)))
      expect(causes.filter((cause) => !/: (?:undefined|manifest|dependency)$/.test(cause))).toEqual([])
      expect(causes).not.toEqual([])
    }
  })

  test('causes for copied types', async () => {
    const more =
      "CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN much AS int; ALTER TABLE b ADD mood mood; ALTER TABLE c ADD much much;"
    const copying = importing('types: copy')
    const fixture = await fixtureWithOwnSource(pair, `${shop}; ${more}`)
    await applyTo(await fixture.manifest(copying), fixture.url)
    await runSql(
      fixture.source.url,
      "ALTER TYPE mood ADD VALUE 'glad'; ALTER TABLE c DROP much; CREATE TYPE place AS (x int); ALTER TABLE a ADD place place",
    )
    expect(causesOf(await planned(fixture, copying))).toEqual([
      'alter type public.mood: source',
      'create type public.place: source',
      'alter foreign table proxy.a: source',
      'alter foreign table proxy.c: source',
      'drop type public.much: source',
    ])
    // The manifest's own declaration: the cause is the manifest.
    const spelled = `${copying.trimEnd()}\n  public: { types: { mood: { enum: [sad, glad, mad] } } }\n`
    expect(causesOf(await planned(fixture, spelled))).toContain('alter type public.mood: manifest')
  })

  test('a ledger without records of the source', async () => {
    const fixture = await applied(importing())
    await fixture.sql('UPDATE fdwsync.object SET source = NULL')
    await runSql(fixture.source.url, 'ALTER TABLE a ADD new int')
    expect(causesOf(await planned(fixture, importing()))).toEqual(['alter foreign table proxy.a: manifest'])
    // The next apply records it for all imported objects.
    await applyTo(await fixture.manifest(importing()), fixture.url)
    await runSql(fixture.source.url, 'ALTER TABLE b ADD new int')
    expect(causesOf(await planned(fixture, importing()))).toEqual(['alter foreign table proxy.b: source'])
    // An apply that does not ask the source keeps the records.
    const [before] = await fixture.sql('SELECT count(source)::int AS count FROM fdwsync.object')
    await fixture.sql('DROP FOREIGN TABLE proxy.a')
    expect((await run(fixture, ['apply', '--auto-approve', '--offline'], importing())).code).toBe(0)
    expect(await fixture.sql('SELECT count(source)::int AS count FROM fdwsync.object')).toEqual([before])
    expect(causesOf(await planned(fixture, importing()))).toEqual(['alter foreign table proxy.b: source'])
  })
})
