// plan --check-source and status --check: foreign tables against the tables of their sources.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importHead, importing } from '../../support/manifests.ts'
import { type ProxyMode, proxyTo } from '../../support/proxy.ts'

const source = `
  CREATE TABLE orders (id bigint, total numeric(10,2), note text);
  CREATE TYPE mood AS ENUM ('sad');
  CREATE TABLE moods (id int, m mood);
  CREATE TABLE things (id int); CREATE TABLE kept (id int, thing things, more things[]);
  CREATE SCHEMA audit; CREATE TABLE audit.events (id int, body jsonb);
  CREATE TABLE parted (id int, day date) PARTITION BY RANGE (day);
  CREATE TABLE parted_1 PARTITION OF parted DEFAULT`

/** A second server for the same source, and a third one with a wrapper that cannot be asked. */
const manifest = `${importHead}  again:
    options: { host: "\${env:AGAIN_HOST}", port: "\${env:AGAIN_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
  files: { foreign_data_wrapper: none }
foreign_data_wrappers: { none: {} }
schemas:
  public:
    foreign_tables:
      orders: { server: shop, columns: { id: bigint, total: "numeric(10,2)", note: text } }
      renamed:
        server: shop
        options: { table_name: orders }
        columns: { number: { type: bigint, options: { column_name: id } }, total: "numeric(10,2)", note: text }
      moods: { server: shop, columns: { id: integer, m: text } }
      kept: { server: shop, columns: { id: integer, thing: text, more: "text[]" } }
      part: { server: shop, options: { table_name: parted_1 }, columns: { id: integer, day: date } }
      logs: { server: files, columns: { line: text } }
  proxy:
    foreign_tables:
      events: { server: again, options: { schema_name: audit }, columns: { id: integer, body: jsonb } }
`

const moved = `
  ALTER TABLE orders DROP note, ALTER total TYPE numeric(12,3);
  ALTER TABLE orders RENAME id TO "number";
  ALTER TABLE orders ADD "new one" text[];
  ALTER TABLE moods DROP id, ADD more int;
  DROP TABLE parted`

const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(new URL('../../../schemas/plan.schema.json', import.meta.url), 'utf8')),
)

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('missing, new and retyped columns and tables, in a plan and in status', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    const where = { AGAIN_HOST: pair.source.foreignHost, AGAIN_PORT: String(pair.source.foreignPort) }
    await applyTo(await fixture.manifest(manifest, where), fixture.url)
    const check = ['plan', '--check-source', '--detailed-exitcode', '--format', 'json']
    const document = async (args = check, env = {}) => {
      const { code, stdout, stderr } = await run(fixture, args, manifest, { ...where, ...env })
      const plan = stdout === '' ? stderr : JSON.parse(stdout)
      if (args[0] === 'plan') expect(validate(plan), JSON.stringify(validate.errors)).toBe(true)
      return { code, plan }
    }
    const first = await document()
    expect(first.code).toBe(0)
    expect(first.plan).toMatchObject({ changes: [], undetermined: [] })
    expect(first.plan.source).toEqual({
      servers: [
        { name: 'again', reachable: true },
        { name: 'files', reachable: null },
        { name: 'shop', reachable: true },
      ],
      findings: [
        expect.objectContaining({
          title: 'foreign table public.moods',
          finding: 'types not compared',
          message: 'the types of its columns were not compared: type public.mood does not exist here',
        }),
      ],
    })
    expect(first.plan.warnings).toEqual([
      'server files: its wrapper cannot list the columns of its source, so its foreign tables were not compared',
    ])
    expect((await document(['plan', '--format', 'json'])).plan.source).toBe(undefined)
    const statusOf = ['status', '--check-source', '--check', '--format', 'json']
    const fine = await document(statusOf)
    expect(fine.code).toBe(0)
    expect(
      fine.plan.objects.flatMap(({ title, sourceReachable }: Record<string, unknown>) =>
        String(title).startsWith('server ') ? [`${title} ${sourceReachable}`] : [],
      ),
    ).toEqual(['server again true', 'server files null', 'server shop true'])

    await runSql(fixture.source.url, `${moved}; DROP SCHEMA audit CASCADE`)
    const { code, plan } = await document()
    // None of these findings is a change.
    expect(code).toBe(0)
    expect(plan.changes).toEqual([])
    expect(
      plan.source.findings
        .map(({ title, message, readsFail }: Record<string, unknown>) => `${readsFail ? '! ' : ''}${title}: ${message}`)
        .toSorted(),
    ).toEqual([
      '! foreign table proxy.events: schema "audit" is not present on foreign server "again", so reading it fails',
      `! foreign table public.moods: column id: the source's table has no column id, so reading it fails`,
      `! foreign table public.orders: column id: the source's table has no column id, so reading it fails`,
      `! foreign table public.orders: column note: the source's table has no column note, so reading it fails`,
      '! foreign table public.part: the source has no table public.parted_1, so reading it fails',
      `! foreign table public.renamed: column note: the source's table has no column note, so reading it fails`,
      `! foreign table public.renamed: column number: the source's table has no column id, so reading it fails`,
      `foreign table public.moods: the source's table has another column: more`,
      'foreign table public.moods: the types of its columns were not compared: type public.mood does not exist here',
      'foreign table public.orders: column total is numeric(10,2) here, and numeric(12,3) at the source',
      `foreign table public.orders: the source's table has another column: "new one" text[]`,
      `foreign table public.orders: the source's table has another column: number bigint`,
      'foreign table public.renamed: column total is numeric(10,2) here, and numeric(12,3) at the source',
      `foreign table public.renamed: the source's table has another column: "new one" text[]`,
      `foreign table public.renamed: the source's table has another column: number bigint`,
    ])
    const text = await run(fixture, ['plan', '--check-source'], manifest, where)
    expect(text.stdout).toContain('  warning foreign table public.part: the source has no table public.parted_1, so')
    expect(text.stdout.replace(/\s+/g, ' ')).toContain('as declared · 5 foreign tables differ from the source')
    const checked = await document(statusOf)
    expect(checked.code).toBe(2)
    expect(
      checked.plan.objects.flatMap(({ title, state }: Record<string, unknown>) => (state === 'in sync' ? [] : title)),
    ).toEqual([
      'foreign table proxy.events',
      'foreign table public.moods',
      'foreign table public.orders',
      'foreign table public.part',
      'foreign table public.renamed',
    ])
  })

  test.each<ProxyMode>([
    'refuse',
    'silent',
  ])('a source that does not answer is reported, and the other one is compared: %s', async (mode) => {
    const fixture = await fixtureWithOwnSource(pair, source)
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const where = { AGAIN_HOST: '127.0.0.1', AGAIN_PORT: String(proxy.port) }
    await applyTo(await fixture.manifest(manifest, where), fixture.url)
    await runSql(fixture.source.url, 'DROP TABLE orders')
    proxy.mode = mode
    // Long enough for the other source to answer on a busy machine.
    const quick = ['--check-source', '--source-timeout', '3s', '--format', 'json']
    const { code, stdout } = await run(fixture, ['plan', '--detailed-exitcode', ...quick], manifest, where)
    expect(code).toBe(6)
    const plan = JSON.parse(stdout)
    expect(plan.undetermined).toMatchObject([
      { title: 'source of server again', reason: expect.stringContaining('it could not be asked') },
    ])
    expect(plan.source.servers).toContainEqual({ name: 'again', reachable: false })
    expect(plan.source.findings).toMatchObject([
      { title: 'foreign table public.orders', finding: 'table gone' },
      { title: 'foreign table public.renamed', finding: 'table gone' },
      { finding: 'types not compared' },
    ])
    await runSql(fixture.source.url, 'CREATE TABLE orders (id bigint, total numeric(10,2), note text)')
    const status = await run(fixture, ['status', '--check', ...quick], manifest, where)
    expect(status.code).toBe(6)
    expect(JSON.parse(status.stdout).objects).toContainEqual(
      expect.objectContaining({ title: 'server again', state: 'unknown', sourceReachable: false }),
    )
  })

  test('a table that was just imported is not compared, but its server is reported', async () => {
    const fixture = await fixtureWithOwnSource(pair, 'CREATE TABLE a (id int, total numeric(10,2))')
    const text = importing('tables: { a: { columns: { total: text } } }')
    await applyTo(await fixture.manifest(text), fixture.url)
    const { stdout } = await run(fixture, ['plan', '--check-source', '--format', 'json'], text)
    expect(JSON.parse(stdout).source).toEqual({ servers: [{ name: 'shop', reachable: true }], findings: [] })
    expect(await run(fixture, ['plan', '--check-source', '--offline'], text)).toMatchObject({ code: 64 })
  })
})
