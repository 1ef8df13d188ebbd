// Files of targets, and which of them a run is about.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { chooseTargets } from '../../../src/cli/fleet/choose.ts'
import { type FleetFlags, fleet } from '../../../src/cli/fleet/fleet.ts'
import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import { readTargets } from '../../../src/library/fleet-targets.ts'

function read(text: string, env: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-targets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'targets.yaml'), text)
  return readTargets(join(folder, 'targets.yaml'), env)
}

test('a target has a URL or a service, labels and variables', async () => {
  const text = `targets:
  eu: { database: "postgresql://app:\${env:PASSWORD}@eu/shop", labels: { region: eu }, vars: { stage: prod, port: 5432 } }
  us: { service: us-shop }
  dev: postgresql://localhost/dev
`
  expect(await read(text, { PASSWORD: 'x' })).toEqual([
    {
      name: 'eu',
      env: { DATABASE_URL: 'postgresql://app:x@eu/shop' },
      labels: { region: 'eu' },
      vars: { stage: 'prod', port: '5432' },
    },
    { name: 'us', env: { PGSERVICE: 'us-shop' }, labels: {}, vars: {} },
    { name: 'dev', env: { DATABASE_URL: 'postgresql://localhost/dev' }, labels: {}, vars: {} },
  ])
})

test.each([
  ['targets: {}', ':1:1: there are no targets'],
  ['target: {}', 'unknown key "target"'],
  ['targets:\n  a: { datbase: x }', ':2:8: unknown key "datbase"'],
  ['targets:\n  a: { database: x, service: y }', ':2:3: "a" needs either a database (a URL) or a service'],
  ['targets:\n  a: { database: "${env:NOPE}" }', ':2:8: ${env:NOPE}: the variable is not set'],
  ['targets:\n  a: ""', ':2:3: the URL is empty'],
  ['targets:\n  a: { service: "" }', ':2:8: "service" is empty'],
  ['targets:\n  a: { database: "${env:EMPTY}" }', ':2:8: ${env:EMPTY}: the URL is empty'],
  ['targets:\n  a: { service: s, vars: [x] }', ':2:20: "vars" must be a map of texts'],
])('a wrong file: %s', async (text, message) => {
  const error: unknown = await read(text, { EMPTY: '' }).catch((reason: unknown) => reason)
  if (!(error instanceof FdwsyncError)) throw new Error('it was accepted')
  expect(error.exitCode).toBe(64)
  expect(error.problems.map(formatProblem).join('\n')).toContain(message)
})

test.each<[string, Partial<FleetFlags>]>([
  ['--database', { database: 'postgresql://localhost/one' }],
  ['--out', { out: 'plan.json' }],
  ['--events', { events: 'events.json' }],
  ['-f -', { file: ['fdwsync.yaml', '-'] }],
])('many databases cannot share %s', async (option, flags) => {
  const run = fleet('plan', { targets: 'targets.yaml', parallel: 4, label: [], ...flags })
  await expect(run).rejects.toThrow(`option '${option}' cannot be used with option '--targets'`)
})

test('a saved plan is of one database', async () => {
  const run = fleet('apply', { targets: 'targets.yaml', label: [], planFile: 'plan.json' })
  await expect(run).rejects.toThrow('a saved plan is of one database')
})

test('a shard without a target is reported', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-targets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'targets.yaml'), 'targets: { a: postgresql://localhost/a }')
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => written.mockRestore())
  const run = fleet('plan', { targets: join(folder, 'targets.yaml'), label: [], shard: { index: 1, count: 2 } })
  await expect(run).resolves.toBe(0)
  expect(written.mock.calls.map(([text]) => text).join('')).toBe('0 targets in this shard\n')
})

describe('a run is about', () => {
  const targets = ['c', 'a', 'b', 'd'].map((name) => ({ name, env: {}, labels: { odd: String(name > 'b') }, vars: {} }))
  const names = (choice: Partial<Parameters<typeof chooseTargets>[1]>) => {
    const { canary, others } = chooseTargets(targets, { label: [], shard: undefined, canary: undefined, ...choice })
    return [canary?.name, ...others.map(({ name }) => name)]
  }
  test.each([
    ['all, by name', {}, [undefined, 'a', 'b', 'c', 'd']],
    ['a label', { label: ['odd=true'] }, [undefined, 'c', 'd']],
    ['a shard', { shard: { index: 1, count: 2 } }, [undefined, 'b', 'd']],
    ['a canary and the others', { canary: 'c' }, ['c', 'a', 'b', 'd']],
    ['the canary, in every shard', { canary: 'c', shard: { index: 1, count: 2 } }, ['c', 'b']],
  ])('%s', (_, choice, expected) => {
    expect(names(choice)).toEqual(expected)
  })
  test('no unknown canary, and no label that none has', () => {
    expect(() => names({ canary: 'e' })).toThrow('--canary e: there is no such target')
    expect(() => names({ label: ['odd=maybe'] })).toThrow('no target has the labels odd=maybe')
    expect(() => names({ label: ['odd'] })).toThrow('--label odd: expected NAME=VALUE')
  })
})
