// References that a command does not need may be missing, and one that hangs is not read.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run, runBuilt } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { mirroring, shopManifest } from '../../support/manifests.ts'

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-references-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('refresh, status and history need no secret', async () => {
    const fixture = await fixtureFor(pair, source)
    const manifest = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
    const file = join(folderWith({ 'shop.yaml': manifest }), 'shop.yaml')
    expect((await run(fixture, ['apply', '--auto-approve', '-f', file], undefined)).code).toBe(0)
    const unset = { ...fixture, env: {} }
    const call = (...args: readonly string[]) => run(unset, [...args, '-f', file], undefined)

    expect(await call('refresh')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') })
    expect((await call('history')).stdout).toContain('applied')
    const status = await call('status', '--check')
    expect(status.code).toBe(6)
    expect(status.stdout).toMatch(
      /server +shop +unknown\n +it was not compared: \$\{env:SOURCE_HOST\}: the variable is not set/,
    )
    expect(status.stdout).toMatch(/user mapping +public on shop +unknown/)
    expect(status.stdout).toMatch(/foreign table +proxy\.orders +in sync/)
    expect(status.stdout).toMatch(/materialized view +local\.orders +in sync/)
    const withHost = await run(
      { ...fixture, env: { ...fixture.env, SOURCE_PASSWORD: '' } },
      ['status', '-f', file],
      undefined,
    )
    expect(withHost.stdout).toMatch(/server +shop +in sync/)
    expect(withHost.stdout).toContain('it was not compared: ${env:SOURCE_PASSWORD}: set, but empty')

    const plan = await call('plan')
    expect([plan.code, plan.stderr]).toEqual([
      1,
      expect.stringMatching(/\$\{env:SOURCE_HOST\}: the variable is not set[\s\S]*\$\{env:SOURCE_PASSWORD\}/),
    ])
    const named = join(folderWith({ 'm.yaml': manifest.replace('name: faults', 'name: "${env:NAME}"') }), 'm.yaml')
    expect((await run(unset, ['history', '-f', named], undefined)).stderr).toContain(
      '${env:NAME}: the variable is not set',
    )
    const known = await run({ ...fixture, env: { NAME: 'faults' } }, ['history', '-f', named], undefined)
    expect(known.stdout).toContain('applied')
  })

  test('a plan shows references, not what they resolve to, unless it is asked to', async () => {
    const fixture = await fixtureFor(pair, source)
    const manifest = `
version: 1
name: references
foreign_data_wrappers: { api_fdw: {} }
servers:
  api:
    foreign_data_wrapper: api_fdw
    version: "\${env:VERSION}"
    options: { host: "\${env:HOST}", port: "\${env:PORT}", pair: "\${env:HOST}:\${env:PORT}", plain: "5432" }
    user_mappings: { public: { user: "\${env:ROLE}", password: "\${env:PASSWORD}" } }
schemas:
  p:
    comment: "\${env:COMMENT}"
    foreign_tables:
      t:
        server: api
        options: { path: "\${env:HOST}" }
        columns: { id: { type: bigint, options: { name: "\${env:HOST}" } }, region: { type: text, default: "'\${env:REGION}'" } }
        checks: { in_region: "region = '\${env:REGION}'" }
    materialized_views:
      v: { query: "SELECT id FROM p.t WHERE region = '\${env:REGION}'", populate: false, comment: "about \${env:REGION}" }
`
    const names = ['VERSION', 'HOST', 'ROLE', 'PASSWORD', 'COMMENT', 'REGION']
    const env = (suffix: string, port: string) => ({
      ...Object.fromEntries(names.map((name) => [name, `resolved-${suffix}-${name}`])),
      PORT: port,
    })
    const plan = async (values: Readonly<Record<string, string>>, ...args: readonly string[]) =>
      (await run(fixture, ['plan', '--width', '200', ...args], manifest, values)).stdout
    const first = await plan(env('first', '5432'))
    expect(first).not.toContain('resolved')
    expect(first).toContain('options  host ${env:HOST} · port ${env:PORT} · pair ${env:HOST}:${env:PORT} · plain 5432')
    expect(first).toContain('user ${env:ROLE} · password (secret)')
    expect(first).toContain("columns          id bigint (name ${env:HOST}) · region text default '${env:REGION}'")
    expect(first).toContain('comment  about ${env:REGION}')
    expect(first).toContain("query    SELECT id FROM p.t WHERE region = '${env:REGION}'")
    expect(await plan(env('first', '5432'), '--format', 'json')).not.toContain('resolved')
    const withValues = await plan(env('first', '5432'), '--show-values')
    expect(withValues).toContain('host resolved-first-HOST · port 5432 · pair resolved-first-HOST:5432')
    expect(withValues).not.toContain('resolved-first-PASSWORD')

    const applied = await run(fixture, ['apply', '--auto-approve'], manifest, env('first', '5432'))
    expect([applied.code, applied.stdout]).toEqual([0, expect.not.stringContaining('resolved')])
    expect(await plan(env('first', '5432'))).toContain('Nothing to change')
    await fixture.sql("ALTER SERVER api OPTIONS (SET plain '1')")
    const second = await plan(env('second', '5433'))
    expect(second).not.toContain('resolved-second')
    expect(second).toMatch(/option port +5432 → \$\{env:PORT\}/)
    expect(second).toMatch(/option plain +1 → 5432/)
    expect(second).toMatch(/\+ +WHERE \((?:t\.)?region = '\$\{env:REGION\}'::text\)/)
    expect(second).toMatch(
      /check in_region +\(region = 'resolved-first-REGION'::text\) → \(region = '\$\{env:REGION\}'::text\)/,
    )
    expect(await plan(env('second', '5433'), '--format', 'json')).not.toContain('resolved-second')
  })

  test('so do errors, reports, the history and the ledger', async () => {
    const fixture = await fixtureFor(pair, source)
    const manifest = `${shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })}  owned: { owner: "\${env:OWNER}" }\n`
    const values = { OWNER: fixture.env.SOURCE_USER ?? '', SOURCE_DATABASE: 'resolved_database' }
    const call = async (args: readonly string[], more = {}) => {
      const ended = await run(fixture, args, manifest, { ...values, ...more })
      return `${ended.stdout}${ended.stderr}`
    }
    const named = manifest.replace('name: faults', 'name: "${env:OWNER}"')
    for (const args of [['validate'], ['plan', '--format', 'json'], ['status', '--format', 'json']]) {
      const { stdout } = await run(fixture, args, named, { ...values, OWNER: 'resolved_owner' })
      expect(stdout).not.toContain('resolved_owner')
    }
    const joined = manifest.replace('SELECT id,', 'SELECT id AS x${env:A}${env:B}x,')
    const ended = await run(fixture, ['plan', '--format', 'json'], joined, { ...values, A: 'one', B: 'two' })
    expect([ended.code, ended.stdout]).toEqual([0, expect.not.stringContaining('xonetwox')])
    expect(await call(['plan'], { OWNER: 'resolved_owner' })).toContain('role "${env:OWNER}" does not exist')
    expect(await call(['plan', '--show-values'], { OWNER: 'resolved_owner' })).toContain(
      'role "resolved_owner" does not',
    )
    const shown = 'port ${env:SOURCE_PORT} failed: FATAL:  database "${env:SOURCE_DATABASE}" does not exist'
    expect(await call(['apply', '--auto-approve', '--no-check-source'])).toContain(shown)
    expect(await call(['refresh'])).toContain(shown)
    expect(await call(['status', '--check-source'])).toContain(shown)
    expect(
      JSON.parse((await run(fixture, ['plan', '--check-source', '--format', 'json'], manifest, values)).stdout),
    ).toMatchObject({
      undetermined: [{ reason: expect.stringContaining(shown) }],
    })
    expect(await fixture.sql('SELECT reason FROM fdwsync.step WHERE reason IS NOT NULL')).toEqual([
      { reason: expect.stringContaining(shown) },
    ])
  })

  test('pin --check and status --check-source ask through the servers that exist', async () => {
    const fixture = await fixtureFor(pair, source, '')
    const file = join(folderWith({ 'shop.yaml': mirroring() }), 'shop.yaml')
    expect((await run(fixture, ['apply', '--auto-approve', '-f', file], undefined)).code).toBe(0)
    expect((await run(fixture, ['pin', '-f', file], undefined)).code).toBe(0)
    const unset = { ...fixture, env: {} }
    expect(await run(unset, ['pin', '--check', '-f', file], undefined)).toMatchObject({ code: 0, stderr: '' })
    const status = await run(unset, ['status', '--check-source', '-f', file], undefined)
    expect(status.stdout).toMatch(/server +shop +unknown/)
    expect(status.stdout).toMatch(/foreign table +proxy\.orders +in sync/)
  })
})

test('validate does not wait for a device or a pipe', async () => {
  const folder = folderWith({})
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const path of ['pipe', '/dev/zero', '/dev/tty', '/dev/stdin']) {
    const text = `version: 1\nname: a\nservers: { s: { user_mappings: { etl: { password: "\${file:${path}}" } } } }\n`
    writeFileSync(join(folder, 'm.yaml'), text)
    const ended = await runBuilt({ url: '', env: {} }, ['validate', '-f', join(folder, 'm.yaml')], undefined)
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`\${file:${path}}: `) })
  }
})
