// Pinned imports: the lock file, and plans that ask no source.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pin } from '../../../src/api/pin.ts'
import { loadLock, readManifestTexts } from '../../../src/manifest/load.ts'
import { parseManifestFiles } from '../../../src/manifest/parse.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { proxyTo } from '../../support/proxy.ts'
import { sourceSql } from './varied-source.ts'

const two = `
  CREATE TABLE a (id int PRIMARY KEY, name text DEFAULT 'x', total numeric(10,2));
  CREATE INDEX a_name_idx ON a (lower(name)) WHERE total > 0;
  CREATE TABLE b (id int PRIMARY KEY, "a b" text COLLATE "C")`

/** A manifest in a folder of its own, and the command run on it. */
function project(fixture: Fixture, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-pin-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'shop.yaml')
  const lock = join(folder, 'shop.lock.yaml')
  writeFileSync(file, text)
  return {
    file,
    lock,
    files: () => readdirSync(folder).toSorted(),
    text: () => readFileSync(lock, 'utf8'),
    run: (args: readonly string[], env = {}) => run(fixture, [...args, '-f', file], undefined, env),
    /** Parses it as the command does. */
    async parsed() {
      const readStandardInput = () => Promise.reject(new Error('not expected to read standard input'))
      const texts = await readManifestTexts({
        paths: [file],
        variables: {},
        env: fixture.env,
        unresolved: false,
        allowedFolders: [],
        readStandardInput,
      })
      const parsed = await parseManifestFiles(texts)
      const pinned = await loadLock(lock)
      return pinned ? { ...parsed, lock: pinned } : parsed
    },
  }
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('a pinned manifest is planned without the source, until it is pinned again', async () => {
    const fixture = await fixtureWithOwnSource(pair, two)
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const where = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
    const shop = project(fixture, mirroring())
    expect(await shop.run(['pin'], where)).toMatchObject({
      code: 0,
      stdout: `Wrote ${shop.lock}: 2 tables and 3 indexes\n`,
    })
    expect(shop.files()).toEqual(['shop.lock.yaml', 'shop.yaml'])
    const first = shop.text()
    expect(first).not.toContain(fixture.env.SOURCE_PASSWORD)
    expect(first).toContain(`schemas:
  proxy:
    foreign_tables:
      a:
        server: shop
        options: { schema_name: public, table_name: a }
        columns:
          id: { type: integer, not_null: true, options: { column_name: id } }
`)
    await shop.run(['pin'], where)
    expect(shop.text()).toBe(first)

    await runSql(fixture.source.url, 'DROP TABLE b; ALTER TABLE a ADD new int; CREATE TABLE c (id int)')
    proxy.mode = 'refuse'
    const planned = await shop.run(['plan', '--detailed-exitcode', '--format', 'json'], where)
    expect(planned.code, planned.stderr).toBe(2)
    expect(JSON.parse(planned.stdout)).toMatchObject({ undetermined: [], refusals: [] })
    expect(await shop.run(['pin', '--check', '--source-timeout', '1s'], where)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('import of schema "public" of server shop into schema proxy'),
    })
    expect(shop.text()).toBe(first)

    proxy.mode = 'forward'
    const checked = await shop.run(['pin', '--check'], where)
    expect(checked.code, checked.stderr).toBe(2)
    expect(checked.stdout).toBe(`- ${shop.lock}
+ the sources now

mirrors › shop › tables › b
-b: { indexes: { b_pkey: { unique: true, columns: [id] } } }

mirrors › shop › tables › c
+c: { indexes: {} }

schemas › proxy › foreign_tables › a
+    new: { type: integer, options: { column_name: new } }

schemas › proxy › foreign_tables › b
-b:
-  server: shop
-  options: { schema_name: public, table_name: b }
-  columns:
-    id: { type: integer, not_null: true, options: { column_name: id } }
-    a b: { type: text, collation: C, options: { column_name: a b } }

schemas › proxy › foreign_tables › c
+c:
+  server: shop
+  options: { schema_name: public, table_name: c }
+  columns:
+    id: { type: integer, options: { column_name: id } }

${shop.lock} is out of date. Run fdwsync pin to update it.
`)
    expect(shop.text()).toBe(first)
    // A table of the lock is compared like one that the manifest declares.
    const compared = await shop.run(['plan', '--check-source', '--format', 'json'], where)
    expect(JSON.parse(compared.stdout).source.findings).toMatchObject([
      { title: 'foreign table proxy.a', finding: 'column new', column: 'new', there: 'integer' },
      { title: 'foreign table proxy.b', finding: 'table gone' },
    ])
    expect(await shop.run(['pin'], where)).toMatchObject({ code: 0 })
    expect(await shop.run(['pin', '--check'], where)).toMatchObject({
      code: 0,
      stdout: `${shop.lock} is up to date: 2 tables and 2 indexes\n`,
    })

    // A lock takes nothing from the last apply, and does not say so.
    expect(await shop.run(['apply', '--auto-approve', '--no-populate'], where)).toMatchObject({ code: 0 })
    proxy.mode = 'refuse'
    const second = shop.text()
    expect(await shop.run(['pin', '--source-timeout', '1s'], where)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/into schema proxy: its source could not be asked: could not connect/),
    })
    expect(shop.text()).toBe(second)
  })

  test('a lock has the same result as the source', async () => {
    const types = `;
      CREATE TYPE mood AS ENUM ('sad', 'yes', '1'); CREATE DOMAIN few AS mood[] CHECK (cardinality(VALUE) < 3);
      CREATE TYPE twofold AS (second few, first mood); CREATE TABLE typed (b twofold PRIMARY KEY, m mood DEFAULT 'yes')`
    const fixture = await fixtureWithOwnSource(pair, `${sourceSql}${types}`)
    const shop = project(
      fixture,
      mirroring(
        'types: copy\nrelations: [tables, views, materialized_views]\ntables: { plain_view: { exclude: true } }',
      ),
    )
    const connect = connectTo(fixture.url)
    const session = await connect('pin')
    const sources = { connect, timeoutMilliseconds: 60_000 }
    const pinned = await pin(session, await shop.parsed(), sources).finally(() => session.close())
    expect(pinned.warnings).toEqual([
      expect.stringContaining('index parent_pkey of the source is not created'),
      expect.stringContaining('index own_function_idx of the source is not created'),
    ])
    writeFileSync(shop.lock, pinned.text)
    const locked = await shop.parsed()
    expect(missedOf((await applyTo(locked, fixture.url)).report)).toEqual([])
    const { lock: _, ...unlocked } = locked
    for (const parsed of [locked, unlocked]) {
      const plan = await planFor(parsed, fixture.url)
      expect(changesOf(plan)).toEqual([])
      expect(plan.undetermined).toEqual([])
    }
  })

  test('an outdated or edited lock is refused', async () => {
    const fixture = await fixtureWithOwnSource(pair, two)
    const shop = project(fixture, importing('limit_to: [a]'))
    await shop.run(['pin'])
    const errorOf = async (manifest: string, edit = (text: string) => text) => {
      writeFileSync(shop.file, manifest)
      const before = shop.text()
      writeFileSync(shop.lock, edit(before))
      const { code, stderr } = await shop.run(['plan'])
      writeFileSync(shop.lock, before)
      expect(code).toBe(1)
      return stderr.replaceAll(shop.file, 'shop.yaml').replaceAll(shop.lock, 'shop.lock.yaml')
    }
    expect(await errorOf(importing('limit_to: [a, b]'))).toContain(
      'the lock shop.lock.yaml was created for another limit_to\n',
    )
    expect(await errorOf(importing('limit_to: [a]\ntypes: copy'))).toContain(
      'the lock shop.lock.yaml was created for another types\n',
    )
    const withType = (text: string) => text.replace(/^schemas:$/m, 'schemas:\n  x: { types: { mood: { enum: [a] } } }')
    expect(await errorOf(importing('limit_to: [a]'), withType)).toContain('no import in the lock copies type "mood"')
    expect(await errorOf(importing('limit_to: [a]'), (text) => text.replace('integer', '"integer; x"'))).toMatch(
      /^error: shop\.lock\.yaml:\d+:\d+: /,
    )
    // The place of a table from the lock is its line in the lock.
    expect(await errorOf(importing('limit_to: [a]'), (text) => text.replace('integer', 'nope'))).toMatch(
      /shop\.lock\.yaml:\d+:\d+: foreign table proxy\.a: .*type "nope" does not exist/,
    )
  })
})
