// One command on many databases.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { command, runBuilt as run, start } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'

const schema = JSON.parse(readFileSync(new URL('../../../schemas/fleet.schema.json', import.meta.url), 'utf8'))
const isValid = new Ajv2020().compile(schema)
const manifest = `${head('fleet').replace('name: fleet', 'name: fleet\nvars: { size: { type: integer, default: 1 } }').replace('options: { host', 'options: { fetch_size: "${var:size}", host')}`

function indexedJob(): { readonly script: string; readonly completions: number } {
  const file = new URL('../../../examples/pipelines/kubernetes/fleet-job.yaml', import.meta.url)
  const { spec } = parse(readFileSync(file, 'utf8'))
  const [container] = spec.template.spec.containers
  return { script: container.args[0], completions: spec.completions }
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a target that fails stops none of the others, but a canary does', async () => {
    const [one, two] = [await fixtureFor(pair, source), await fixtureFor(pair, source)]
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-fleet-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'fdwsync.yaml')
    const targets = join(folder, 'targets.yaml')
    writeFileSync(file, manifest)
    writeFileSync(
      targets,
      `targets:
  a: { database: "${one.url}", vars: { size: 7 } }
  down: postgresql://nobody@127.0.0.1:1/none
  z: { database: "${two.url}", labels: { region: eu } }
`,
    )
    const fleet = (...args: readonly string[]) => run(one, [...args, '-f', file, '--targets', targets], undefined)

    expect(await fleet('apply')).toMatchObject({ code: 64, stderr: expect.stringContaining('--auto-approve') })
    for (const [option, value] of [
      ['--shard', '0/2'],
      ['--parallel', '2'],
    ] as const) {
      const onOne = await run(one, ['apply', '--auto-approve', '-f', file, option, value], undefined)
      expect(onOne).toMatchObject({ code: 64, stderr: expect.stringContaining(`${option} needs --targets`) })
    }
    const stopped = await fleet('apply', '--auto-approve', '--canary', 'down')
    expect(stopped).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('3 targets: 1 failed (down), 2 skipped (a, z)'),
    })
    const applied = await fleet('apply', '--auto-approve')
    expect(applied, applied.stderr).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('3 targets: 2 done, 1 failed (down)'),
      stderr: expect.stringMatching(/^down: /m),
    })
    // It has printed nothing but errors.
    expect(applied.stdout).not.toContain('== down ==')
    const size = 'SELECT srvoptions FROM pg_foreign_server'
    expect((await one.sql(size))[0]?.srvoptions).toContain('fetch_size=7')
    expect((await two.sql(size))[0]?.srvoptions).toContain('fetch_size=1')

    const planned = await fleet('plan', '--format', 'json', '--label', 'region=eu', '--detailed-exitcode')
    expect(planned.code).toBe(0)
    const document = JSON.parse(planned.stdout)
    expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true)
    expect(document).toMatchObject({
      format: 'fdwsync.fleet/1',
      targets: [{ name: 'z', labels: { region: 'eu' }, exitCode: 0, document: { format: 'fdwsync.plan/1' } }],
    })
    for (const args of [['status'], ['refresh', '--parallel', '1']]) {
      const sharded = await fleet(...args, '--shard', '0/2')
      for (const text of ['== a ==', '== z ==', '2 targets: 2 done']) expect(sharded.stdout).toContain(text)
    }
  })

  test('a target whose process cannot be started fails, and the others go on', async () => {
    const one = await fixtureFor(pair, source)
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-fleet-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'fdwsync.yaml'), 'version: 1\nname: fleet\nvars: { x: a }\nschemas: { s: {} }\n')
    // Longer than an argument of a command may be.
    const long = `{ database: "${one.url}", vars: { x: "${'x'.repeat(200_000)}" } }`
    writeFileSync(join(folder, 'long.yaml'), `targets:\n  a: "${one.url}"\n  long: ${long}\n  z: "${one.url}"\n`)
    const files = ['-f', join(folder, 'fdwsync.yaml'), '--targets', join(folder, 'long.yaml')]
    const { code, stdout, stderr } = await run(one, ['plan', ...files], undefined)
    expect([code, stdout]).toEqual([1, expect.stringContaining('3 targets: 2 done, 1 failed (long)')])
    expect(stderr).toBe('long: error: the process for this target cannot be started: its arguments are too long\n')

    const many = Array.from({ length: 20 }, (_, at) => `  t${at}: "${one.url}"\n`).join('')
    writeFileSync(join(folder, 'many.yaml'), `targets:\n${many}`)
    const script = `ulimit -n 48; exec "$0" ${command} status -f ${files[1]} --targets ${folder}/many.yaml --parallel 20`
    const limited = spawnSync('/bin/sh', ['-c', script, process.execPath], { encoding: 'utf8' })
    expect(limited).toMatchObject({ status: 1, stdout: expect.stringMatching(/^20 targets: \d+ done, \d+ failed/m) })
    expect(limited.stderr).toMatch(/^t\d+: error: the process for this target cannot be started: too many open files$/m)
  })

  test('a signal interrupts what runs and starts nothing else; the JSON log names the target', async () => {
    const [one, two] = [await fixtureFor(pair, source), await fixtureFor(pair, source)]
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-fleet-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(
      join(folder, 'fdwsync.yaml'),
      'version: 1\nname: slow\nschemas: { s: { materialized_views: { v: { query: SELECT pg_sleep(60)::text AS slept } } } }\n',
    )
    writeFileSync(join(folder, 'targets.yaml'), `targets:\n  a: "${one.url}"\n  b: "${two.url}"\n`)
    const files = ['-f', join(folder, 'fdwsync.yaml'), '--targets', join(folder, 'targets.yaml')]
    const { child, ended } = start(
      one,
      ['apply', '--auto-approve', '--parallel', '1', '--log', 'json', ...files],
      undefined,
    )
    child.stderr?.on('data', (text) => String(text).includes('"step-started"') && child.kill('SIGTERM'))
    const { code, stdout, stderr } = await ended
    expect([code, stdout]).toEqual([
      5,
      expect.stringContaining('2 targets: 1 without some of their data (a), 1 skipped (b)'),
    ])
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(lines.map(({ target }) => target))).toEqual(new Set(['a']))
    expect(lines.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['statement', 'step-started', 'step-finished']),
    )
    expect(
      await one.sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'pg_sleep\\(60'"),
    ).toHaveLength(0)
  })

  test('the pods of the Indexed Job in examples/pipelines apply to each target once', async () => {
    const [one, two] = [await fixtureFor(pair, source), await fixtureFor(pair, source)]
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-pods-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'fdwsync.yaml'), manifest)
    writeFileSync(join(folder, 'targets.yaml'), `targets:\n  a: "${one.url}"\n  b: "${two.url}"\n`)
    writeFileSync(join(folder, 'fdwsync'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`)
    chmodSync(join(folder, 'fdwsync'), 0o755)
    const { script, completions } = indexedJob()
    const pod = (index: number) =>
      spawnSync('/bin/sh', ['-euc', script.replaceAll(/\/(?:targets|manifest)\//g, `${folder}/`)], {
        env: { ...process.env, ...one.env, PATH: `${folder}:${process.env.PATH}`, JOB_COMPLETION_INDEX: String(index) },
        encoding: 'utf8',
      })
    const [first, second, last] = [pod(0), pod(1), pod(completions - 1)]
    expect(first, first.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('1 target: 1 done') })
    expect(first.stdout).toContain('== a ==')
    expect(second, second.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('== b ==') })
    expect(last).toMatchObject({ status: 0, stdout: '0 targets in this shard\n' })
  })
})
