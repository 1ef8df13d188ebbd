// The example of the library: its types, against the published declarations, and what it does. Needs a build.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { exitCode } from '../../src/core/errors.ts'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { newestMajor } from '../support/majors.ts'
import { shopManifest } from '../support/manifests.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'examples/library')

test('compiles against the declarations of the package, which are checked, too', () => {
  const { status, stdout } = spawnSync('npx', ['tsc', '-p', folder], { cwd: root, encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('plans, applies and lists what is in sync; errors have codes', async () => {
    const fixture = await fixtureFor(pair, source)
    const file = join(mkdtempSync(join(tmpdir(), 'fdwsync-library-')), 'shop.yaml')
    onTestFinished(() => rmSync(join(file, '..'), { recursive: true }))
    writeFileSync(file, shopManifest({ orders: 'SELECT * FROM proxy.orders' }))
    const run = (path: string) =>
      spawnSync(process.execPath, ['--import', 'tsx', join(folder, 'apply.mts'), path], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, ...fixture.env, DATABASE_URL: fixture.url },
      })
    const first = run(file)
    expect(first, first.stderr).toMatchObject({ status: 0 })
    expect(first.stdout).toContain('create materialized view local.orders')
    expect(first.stdout).toContain('applied: materialized view local.orders')
    expect(first.stdout).toMatch(/\d+ steps, 7 objects in sync/)
    expect(run(file).stdout).toMatch(/^0 steps, 7 objects in sync/)
    writeFileSync(file, 'version: 1\nname: m\nservrs: {}\n')
    expect(run(file)).toMatchObject({
      status: exitCode.failed,
      stderr: expect.stringContaining('manifest/unknown-key: '),
    })
  })
})

test('can be loaded without a connection', () => {
  const code =
    "import { loadManifest } from 'fdwsync'; console.log((await loadManifest(process.argv[1], { resolve: false })).manifest.name)"
  const manifest = join(root, 'examples/shop/fdwsync.yaml')
  const run = () =>
    execFileSync(process.execPath, ['--input-type=module', '-e', code, manifest], { cwd: root, encoding: 'utf8' })
  expect(run().trim()).not.toBe('')
})
