// A long manifest that the ledger proves in place is not parsed, and every change to the database is noticed.

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { digestOf, type ManifestFile } from '../../src/manifest/texts.ts'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { run } from '../support/command.ts'
import { createSource, type Fixture, fixtureFor } from '../support/fixture.ts'
import { newestMajor } from '../support/majors.ts'
import { shopManifest } from '../support/manifests.ts'

/** Long enough for the fast path, and quick to parse all the same: its length is one comment. */
const long = `${shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })}\n# ${'padding '.repeat(150_000)}\n`
const plan = ['plan', '--detailed-exitcode']

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applied(): Promise<Fixture> {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['apply', '--auto-approve'], long)).code).toBe(0)
    return fixture
  }

  test('in place, it is not parsed: with its digest in the ledger, a text that is no manifest plans as well', async () => {
    const fixture = await applied()
    const planned = await run(fixture, plan, long)
    expect([planned.code, planned.stdout]).toEqual([0, expect.stringContaining('Nothing to change: 7 objects')])
    const nonsense = long.replace('version: 1', 'version: [')
    const digest = createHash('sha256').update(nonsense).digest('hex')
    expect((await run(fixture, plan, nonsense)).code).toBe(1)
    await fixture.sql(`UPDATE fdwsync.proof SET manifest_digest = '${digest}'`)
    expect((await run(fixture, plan, nonsense)).stdout).toBe(planned.stdout)
    expect((await run(fixture, ['apply'], nonsense)).stdout).toBe(planned.stdout)
    expect(JSON.parse((await run(fixture, ['apply', '--format', 'json'], nonsense)).stdout)).toMatchObject({
      steps: [],
    })
  })

  test('several files of one folder are not parsed either; those of several folders are', async () => {
    const fixture = await fixtureFor(pair, source)
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-long-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [first, second] = [join(folder, 'a.yaml'), join(folder, 'b.yaml')]
    writeFileSync(first, shopManifest({ orders: 'SELECT id, total FROM proxy.orders' }))
    const more = 'version: 1\nschemas: { more: { comment: "${var:comment}" } }\nvars: { comment: { default: none } }\n'
    writeFileSync(second, more)
    const given = ['--var', 'comment=given']
    const planOf = (...paths: readonly string[]) =>
      run(fixture, [...plan, ...given, ...paths.flatMap((path) => ['-f', path])], undefined)
    const applied = await run(fixture, ['apply', '--auto-approve', '-f', folder, ...given], undefined)
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining('defining')])
    const nonsense = more.replace('version: 1', 'version: [')
    writeFileSync(second, nonsense)
    expect((await planOf(folder)).code).toBe(1)
    const textOf = (file: string): ManifestFile => ({ file, bytes: readFileSync(file), references: undefined })
    const digest = digestOf({ files: [textOf(first), textOf(second)], variables: { comment: 'given' } })
    await fixture.sql(`UPDATE fdwsync.proof SET manifest_digest = '${digest}'`)
    for (const paths of [[folder], [first, second]])
      expect(await planOf(...paths)).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to change') })
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'b.yaml'), nonsense)
    expect((await planOf(first, join(elsewhere, 'b.yaml'))).code).toBe(1)
    await fixture.sql("COMMENT ON SCHEMA more IS 'drifted'")
    expect((await planOf(folder)).code).toBe(1)
  })

  const disturbances: Readonly<Record<string, string>> = {
    'a server that was altered': "ALTER SERVER shop OPTIONS (ADD fetch_size '7')",
    'a user mapping that was dropped': 'DROP USER MAPPING FOR PUBLIC SERVER shop',
    'a column that was added': 'ALTER FOREIGN TABLE proxy.orders ADD COLUMN more int',
    'a comment': "COMMENT ON MATERIALIZED VIEW local.orders IS 'x'; COMMENT ON FOREIGN TABLE proxy.orders IS 'y'",
    'a view that is no longer populated': 'REFRESH MATERIALIZED VIEW local.orders WITH NO DATA',
    'a schema that was renamed': 'ALTER SCHEMA local RENAME TO elsewhere',
  }
  test.each(Object.entries(disturbances).filter(([what]) => what !== 'a comment'))('%s is noticed', async (_, sql) => {
    const fixture = await applied()
    await fixture.sql(sql)
    expect((await run(fixture, plan, long)).code).toBe(2)
  })

  test('a change of what is not declared is no change', async () => {
    const fixture = await applied()
    await fixture.sql(disturbances['a comment'] ?? '')
    expect((await run(fixture, plan, long)).code).toBe(0)
  })

  test('a password is compared each time, and a missing variable is reported with its place', async () => {
    const fixture = await applied()
    const rotated = await run({ ...fixture, env: { ...fixture.env, SOURCE_PASSWORD: 'another' } }, plan, long)
    expect([rotated.code, rotated.stdout]).toEqual([2, expect.stringContaining('(secret changed)')])
    const { SOURCE_PASSWORD: _, ...without } = fixture.env
    const missing = await run({ ...fixture, env: without }, plan, long)
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: standard input:\d+:\d+: .*SOURCE_PASSWORD/),
    ])
  })

  test('a plan does not wait for a REFRESH', async () => {
    const fixture = await applied()
    const other = await fixture.client()
    await other.query('BEGIN; REFRESH MATERIALIZED VIEW local.orders')
    expect((await run(fixture, plan, long)).code).toBe(0)
    await other.query('ROLLBACK')
  })
})
