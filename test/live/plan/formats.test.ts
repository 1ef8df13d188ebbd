// The formats of a plan on real servers: psql runs the script, and GitHub's annotations are at the right lines.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const hasPsql = spawnSync('psql', ['--version']).status === 0

const first = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  totals: 'SELECT sum(total) FROM local.orders',
})
/** Everything that is altered in place or created, with a comment that a terminal must not obey. */
const second = first
  .replace('dbname:', 'fetch_size: "50", dbname:')
  .replace('id: bigint, name: text', 'id: bigint, name: varchar(20), "größe\u200b": text')
  .replace(
    'sum(total) FROM local.orders" }',
    'sum(total) FROM local.orders", comment: "::error::it\'s \\\\ \\u001b[31m" }',
  )
  .concat(`
      members: { query: "SELECT id, 'a\\tb' AS tab FROM proxy.customers", indexes: { members_id: { columns: [id] } }, refresh: { max_age: 1h } }
`)

/** Two views that are replaced, with an unmanaged view and index. */
const third = second
  .replace('SELECT id, total FROM', 'SELECT id, total * 2 AS total FROM')
  .replace('sum(total)', 'max(total)')
const added = `
  CREATE INDEX by_hand ON local.orders (total);
  CREATE VIEW public.reader AS SELECT id, total FROM local.orders`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test.skipIf(!hasPsql)('sql: psql runs the script, and then there is nothing to do', async () => {
    const fixture = await fixtureFor(pair, source)
    const psql = (script: string, ...args: readonly string[]) =>
      spawnSync('psql', ['-X', '-q', '-f', '-', ...args, fixture.url], { input: script, encoding: 'utf8' })
    const password = ['-v', `shop_public_password=${fixture.env.SOURCE_PASSWORD}`]
    for (const manifest of [first, second, third]) {
      if (manifest === third) await fixture.sql(added)
      const { stdout, stderr, code } = await run(fixture, ['plan', '--format', 'sql'], manifest)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).not.toContain(fixture.env.SOURCE_PASSWORD)
      if (manifest === first) expect(psql(stdout).stderr).toContain('the psql variable shop_public_password is not set')
      if (manifest === third) {
        await fixture.sql('GRANT SELECT ON local.orders TO PUBLIC')
        expect(psql(stdout, ...password).stderr).toContain('what this script replaces has changed since it was written')
        await fixture.sql('REVOKE SELECT ON local.orders FROM PUBLIC')
      }
      expect(psql(stdout, ...password)).toMatchObject({ status: 0, stderr: '' })
      const again = await run(fixture, ['plan', '--detailed-exitcode'], manifest)
      // A refresh policy is in the ledger, which only an apply creates.
      const left = manifest === first ? [0, 'Nothing to change'] : [2, '+ refresh policy of local.members']
      expect([again.code, again.stdout]).toEqual([left[0], expect.stringContaining(String(left[1]))])
      expect(again.stdout).toMatch(/^Nothing to change|^1 to create(?: ·|$)/m)
    }
    expect(
      await fixture.sql('SELECT (SELECT count(*) FROM local.orders)::int AS orders, tab FROM local.members LIMIT 1'),
    ).toEqual([{ orders: 50, tab: 'a\tb' }])
    const read = `SELECT (SELECT max FROM local.totals) = (SELECT max(total) FROM public.reader) AS "isSame",
                         to_regclass('local.by_hand') IS NOT NULL AS "hasIndex"`
    expect(await fixture.sql(read)).toEqual([{ isSame: true, hasIndex: true }])
  })

  test.skipIf(!hasPsql)('sql: the ledger learns of columns that are empty until a refresh', async () => {
    const fixture = await fixtureFor(pair, source)
    const copy = (columns: string) =>
      first.replace(
        '    materialized_views:',
        `    tables: { copied: { query: "SELECT ${columns} FROM proxy.orders", primary_key: [id] } }\n$&`,
      )
    await run(fixture, ['apply', '--auto-approve'], copy('id'))
    const { stdout } = await run(fixture, ['plan', '--format', 'sql'], copy('id, total'))
    const psql = () => spawnSync('psql', ['-X', '-q', '-f', '-', fixture.url], { input: stdout, encoding: 'utf8' })
    await fixture.sql('UPDATE fdwsync.version SET version = version - 1')
    expect(psql().stderr).toMatch(/the ledger in schema "fdwsync" is that of another release\n.*fdwsync apply/)
    await fixture.sql('UPDATE fdwsync.version SET version = version + 1')
    expect(psql().status).toBe(0)
    await run(fixture, ['apply', '--auto-approve'], copy('id, total'))
    const counts = 'SELECT count(*)::int AS rows, count(total)::int AS loaded FROM local.copied'
    expect(await fixture.sql(counts)).toEqual([{ rows: 50, loaded: 0 }])
    await run(fixture, ['refresh', '--stale'], copy('id, total'))
    expect(await fixture.sql(counts)).toEqual([{ rows: 50, loaded: 50 }])
  })

  test('sql: no script for a replacement beside a rename, or in a saved plan', async () => {
    const fixture = await fixtureFor(pair, source)
    await run(fixture, ['apply', '--auto-approve', '--no-populate'], first)
    const file = join(mkdtempSync(join(tmpdir(), 'fdwsync-')), 'plan.json')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    const replacing = first.replace('sum(total)', 'max(total)')
    const saved = await run(fixture, ['plan', '--no-populate', '--out', file, '--format', 'sql'], replacing)
    expect([saved.code, saved.stdout]).toEqual([0, expect.stringContaining('swap materialized view local.totals')])
    const shown = await run(fixture, ['show', file, '--format', 'sql'], undefined)
    expect([shown.code, shown.stdout, shown.stderr]).toEqual([
      4,
      '',
      expect.stringContaining('materialized view local.totals: what depends on it in the database is not known here'),
    ])
    const renaming = replacing
      .replace('orders: { query', 'sales: { renamed_from: orders, query')
      .replace('local.orders"', 'local.sales"')
    const renamed = await run(fixture, ['plan', '--format', 'sql'], renaming)
    expect([renamed.code, renamed.stdout, renamed.stderr]).toEqual([
      4,
      '',
      expect.stringContaining('in a plan that renames materialized view local.sales'),
    ])
  })

  test('github: hazards and errors are annotations of the lines that declare them', async () => {
    const fixture = await fixtureFor(pair, source)
    const one = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
    await run(fixture, ['apply', '--auto-approve', '--no-populate'], one)
    await fixture.sql('CREATE VIEW public.reader AS SELECT total FROM local.orders')
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'shop.yaml')
    const at = (text: string, manifest: string) => manifest.slice(0, manifest.indexOf(text)).split('\n').length
    const without = one.replace('SELECT id, total FROM', 'SELECT id FROM')
    writeFileSync(file, without)
    const refused = await run(fixture, ['plan', '-f', file, '--format', 'github'], undefined)
    expect(refused.code).toBe(4)
    const line = `file=[^,]*shop.yaml,line=${at('orders: { query', without)},col=\\d+,title=fdwsync`
    expect(refused.stdout).toMatch(new RegExp(`^::error ${line} refused::`))
    expect(refused.stdout).toMatch(new RegExp(`^::warning ${line} hazard::.*its columns change`, 'm'))
    const misspelled = first.replace('schema_name', 'schema_nam').replace('columns:', 'colums:')
    writeFileSync(file, misspelled)
    const invalid = await run(fixture, ['validate', '--no-env', '-f', file, '--format', 'github'], undefined)
    expect([invalid.code, invalid.stdout]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(
          `^::error file=[^,]*shop.yaml,line=${at('colums', misspelled)},col=\\d+,title=fdwsync manifest/unknown-key::`,
        ),
      ),
    ])
  })
})
