// The built command at its boundaries: exit codes, JSON on standard output, terminals, pipes, signals.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { command, run, runBuilt, start } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  totals: 'SELECT sum(total) FROM local.orders',
})
const broken = shopManifest({
  orders: 'SELECT id, total / (id - 7) AS total FROM proxy.orders',
  here: 'SELECT 1 AS id',
})
/** Runs the command on a pseudo-terminal, and answers its prompt. */
async function onTerminal(args: string, keys: string) {
  const child = spawn('script', ['-qec', `${process.execPath} ${command} ${args}`, '/dev/null'])
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (text) => {
    const hasAsked = output.includes('to confirm: ')
    output += String(text)
    if (!hasAsked && output.includes('to confirm: ')) child.stdin.write(keys)
  })
  const [code] = await once(child, 'close')
  return { code, output }
}

const apply = ['apply', '--auto-approve']

// This tests the terminal, so one server version is enough.
describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('plan and apply, with their exit codes', async () => {
    const fixture = await fixtureFor(pair, source)
    const populated = async () =>
      (await fixture.sql("SELECT relname FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY relname")).map(
        (row) => row.relname,
      )

    const unseen = await runBuilt(fixture, ['apply'], shop)
    expect([unseen.code, unseen.stderr]).toEqual([4, expect.stringContaining('cannot prompt for confirmation')])
    expect((await runBuilt(fixture, ['plan', '--detailed-exitcode'], shop)).code).toBe(2)
    expect((await runBuilt(fixture, [...apply, '--no-populate'], shop)).code).toBe(0)
    expect(await populated()).toEqual([])
    expect((await runBuilt(fixture, ['plan', '--no-populate'], shop)).stdout).toMatch(/orders/)
    expect((await runBuilt(fixture, apply, shop)).code).toBe(0)
    expect(await populated()).toEqual(['orders', 'totals'])
    expect((await runBuilt(fixture, ['plan', '--detailed-exitcode'], shop)).code).toBe(0)
    const dropped = await runBuilt(fixture, apply, shopManifest({ orders: 'SELECT id, total FROM proxy.orders' }))
    expect([dropped.code, dropped.stderr]).toEqual([4, expect.stringContaining('--allow drops-data')])
    expect(await populated()).toEqual(['orders', 'totals'])
  })

  test('--format json: one document on standard output and nothing else, also when parts fail', async () => {
    const fixture = await fixtureFor(pair, source)
    const steps = (stdout: string) =>
      JSON.parse(stdout).steps.map(
        (step: { title: string; action: string; outcome: { status: string } }) =>
          `${step.outcome.status} ${step.action} ${step.title}`,
      )
    const plan = await runBuilt(fixture, ['plan', '--format', 'json'], broken)
    expect(JSON.parse(plan.stdout)).toMatchObject({ format: 'fdwsync.plan/1' })
    const part = await runBuilt(fixture, [...apply, '--format', 'json'], broken)
    expect(part.code).toBe(5)
    expect(steps(part.stdout)).toContain('failed populate materialized view local.orders')
    expect(steps(part.stdout)).toContain('applied populate materialized view local.here')
    const refreshed = await runBuilt(fixture, ['refresh', '--format', 'json'], broken)
    expect([refreshed.code, JSON.parse(refreshed.stdout).views.length]).toEqual([5, 2])
    const nothing = await runBuilt(fixture, [...apply, '--no-populate', '--format', 'json'], broken)
    expect([nothing.code, JSON.parse(nothing.stdout).format]).toEqual([0, 'fdwsync.report/1'])
    const failed = await runBuilt(fixture, [...apply, '--format', 'json'], broken.replace('bigint', 'no_such_type'))
    expect([failed.code, JSON.parse(failed.stdout)]).toMatchObject([1, { format: 'fdwsync.error/1', exitCode: 1 }])
    expect(failed.stderr).toMatch(/^error: /)
    for (const { stderr } of [plan, part, refreshed, nothing, failed]) expect(stderr).not.toMatch(/\n +at |bug/)
  })

  test('lines are as long as they are, unless a width is given', async () => {
    const fixture = await fixtureFor(pair, source)
    const longName = 'a_view_whose_name_is_nearly_as_long_as_names_can_be'
    const long = shopManifest({
      [longName]: `SELECT ${Array.from({ length: 20 }, (_, at) => `id AS a_column_${at}`)} FROM proxy.orders`,
    })
    const widest = async (args: readonly string[], env = {}) => {
      const { stdout } = await run(fixture, args, long, env)
      return Math.max(...stdout.split('\n').map((line) => line.length))
    }
    for (const args of [['plan'], ['status'], ['plan', '--help']]) {
      expect(await widest(args), args.join(' ')).toBeGreaterThan(80)
      expect(await widest(args, { COLUMNS: '80' }), args.join(' ')).toBeLessThanOrEqual(80)
    }
    const hundred = await widest(['plan', '--width', '100'], { COLUMNS: '80' })
    expect(hundred > 80 && hundred <= 100).toBe(true)
    expect(await widest(['plan'], { COLUMNS: 'wide' })).toBeGreaterThan(100)
  })

  test('colour is for terminals, and a reader that closes the pipe is not a failure', async () => {
    const fixture = await fixtureFor(pair, source)
    const escapeCode = String.fromCharCode(27)
    for (const env of [{}, { NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '3' }]) {
      const { stdout, stderr } = await runBuilt(fixture, ['plan'], shop, env)
      expect(`${stdout}${stderr}`).not.toContain(escapeCode)
    }
    const many = shop.replace('SELECT sum', `SELECT '${'more than a pipe holds '.repeat(20_000)}', sum`)
    for (const args of [['plan'], ['plan', '--format', 'json']]) {
      const { child, ended } = start(fixture, args, many)
      child.stdout?.once('data', () => child.stdout?.destroy())
      const { code, stderr } = await ended
      expect([code, stderr]).toEqual([0, ''])
    }
  })

  test.skipIf(!existsSync('/dev/full'))(
    'an apply goes on when nobody can read its report (needs /dev/full)',
    async () => {
      const fixture = await fixtureFor(pair, source)
      const full = openSync('/dev/full', 'w')
      const applyTo = async (stdout: number | 'pipe', name: string) => {
        const manifest = `version: 1\nname: ${name}\nschemas: { ${name}: {} }\n`
        const child = spawn(process.execPath, [command, ...apply, '-f', '-'], {
          env: { ...process.env, ...fixture.env, DATABASE_URL: fixture.url },
          stdio: ['pipe', stdout, 'pipe'],
        })
        child.stdin?.end(manifest)
        child.stdout?.once('data', () => child.stdout?.destroy())
        let stderr = ''
        child.stderr?.on('data', (text) => {
          stderr += String(text)
        })
        const [code] = await once(child, 'close')
        return [code, stderr, (await fixture.sql(`SELECT FROM pg_namespace WHERE nspname = '${name}'`)).length]
      }
      const failure = /^error: standard output cannot be written: the disk is full\n.*fdwsync history$/m
      expect(await applyTo(full, 'on_full_disk')).toEqual([1, expect.stringMatching(failure), 1])
      expect(await applyTo('pipe', 'in_closed_pipe')).toEqual([0, expect.not.stringContaining('error'), 1])
      closeSync(full)
    },
  )

  test('SIGHUP interrupts only what has a terminal, so `nohup` works', async () => {
    const fixture = await fixtureFor(pair, source)
    const gate = await closeGate(fixture)
    const gated = shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' })
    const { child, ended } = start(fixture, apply, gated)
    await waiting(fixture, 'load')
    child.kill('SIGHUP')
    await gate.open()
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })

  test.skipIf(process.platform !== 'linux')('the prompt on a terminal: only "yes" confirms', async () => {
    const fixture = await fixtureFor(pair, source)
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'manifest.yaml')
    writeFileSync(file, 'version: 1\nname: asked\nschemas: { asked: {} }\n')
    const answers = [
      { keys: '\u0003', shows: 'Nothing was changed', exit: 4 },
      { keys: '\u0004', shows: 'Nothing was changed', exit: 4 },
      { keys: 'y\r', shows: 'Nothing was changed', exit: 4 },
      { keys: 'yes\r', shows: 'Applied: 1 created', exit: 0 },
    ]
    for (const { keys, shows, exit } of answers) {
      const { code, output } = await onTerminal(`apply -f ${file} --database ${fixture.url}`, keys)
      expect([code, output]).toEqual([exit, expect.stringContaining(shows)])
      expect(output).not.toContain('bug')
    }
  })

  test('a second SIGINT ends the command at once, and the server rolls back', async () => {
    const fixture = await fixtureFor(pair, source)
    const gate = await closeGate(fixture)
    const gated = shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' })
    const { child, ended } = start(fixture, apply, gated)
    await waiting(fixture, 'load')
    child.kill('SIGINT')
    child.kill('SIGINT')
    const { code, signal } = await ended
    expect(code === 5 || signal === 'SIGINT').toBe(true)
    await until('its sessions to end', async () => {
      const rows = await fixture.sql(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'fdwsync%'",
      )
      return rows.length === 0
    })
    await gate.open()
    expect((await runBuilt(fixture, apply, gated)).code).toBe(0)
  })
})
