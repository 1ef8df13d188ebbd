// The history command, through the built CLI.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run, start } from '../../support/command.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const apply = ['apply', '--auto-approve']
const gated = shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' })
const loads = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fdwsync load'"
const pipeline = {
  GITHUB_SHA: '4f1c2ab9d0',
  GITHUB_SERVER_URL: 'https://git.example',
  GITHUB_REPOSITORY: 'shop/mirror',
}

function isValid(name: string, document: unknown): unknown {
  const file = new URL(`../../../schemas/${name}.schema.json`, import.meta.url)
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(file, 'utf8')))
  return validate(document) ? [] : validate.errors
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function outcomes(fixture: Fixture): Promise<readonly string[]> {
    const { stdout } = await run(fixture, ['history', '--format', 'json'], gated)
    return JSON.parse(stdout).applies.map(({ outcome }: { outcome: string }) => outcome)
  }

  test('an apply in progress, an interrupted one beside it, and both after all have ended', async () => {
    const fixture = await fixtureFor(pair, source)
    expect((await run(fixture, ['history'], gated)).stdout).toContain('No applies are recorded.')
    const gate = await closeGate(fixture)
    const killed = start(fixture, apply, gated)
    await waiting(fixture, 'load')
    expect(await outcomes(fixture)).toEqual(['in progress'])
    killed.child.kill('SIGKILL')
    await killed.ended
    await until('its lease to be gone', async () => (await outcomes(fixture))[0] === 'interrupted')
    // Until the server has noticed that the killed apply is gone, its load holds a lock, and what it loads is undetermined.
    await until('its load to be gone', async () => (await fixture.sql(loads)).length === 0)
    const other = start(fixture, apply, gated, pipeline)
    await until('the other to run', async () => (await outcomes(fixture)).join() === 'in progress,interrupted')
    await gate.open()
    expect((await other.ended).code).toBe(0)
    expect(await outcomes(fixture)).toEqual(['applied', 'interrupted'])

    const { stdout } = await run(fixture, ['history', '--limit', '1'], gated)
    expect(stdout).toMatch(/^ {2}[0-9a-f]{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}applied {2}faults$/m)
    expect(stdout).toContain('commit 4f1c2ab9d0')
    expect(stdout).toContain('Older applies exist')
    const listed = JSON.parse((await run(fixture, ['history', '--format', 'json'], gated)).stdout)
    expect(isValid('history', listed)).toEqual([])
    expect(listed.applies[0]).toMatchObject({
      repository: 'https://git.example/shop/mirror',
      clientHost: expect.any(String),
    })

    const one = (await run(fixture, ['history', listed.applies[0].id, '--format', 'json'], undefined)).stdout
    expect(isValid('apply', JSON.parse(one))).toEqual([])
    const text = (await run(fixture, ['history', listed.applies[0].id.slice(0, 8)], undefined)).stdout
    expect(text).toContain('applied  populate materialized view local.orders')
    expect(text).toMatch(/local\.orders {2}plain, .*, 50 rows/)
    expect(text).not.toContain(pair.source.password)
  })

  test('the applies of one manifest, by its name or its file', async () => {
    const fixture = await fixtureFor(pair, source)
    const empty = (name: string) => `version: 1\nname: ${name}\nschemas: { ${name}: {} }\n`
    for (const name of ['one', 'two']) expect((await run(fixture, apply, empty(name))).code).toBe(0)
    const manifests = async (args: readonly string[]) => {
      const { stdout } = await run(fixture, ['history', '--format', 'json', ...args], undefined)
      return JSON.parse(stdout).applies.map(({ manifest }: { manifest: string }) => manifest)
    }
    expect(await manifests([])).toEqual(['two', 'one'])
    expect(await manifests(['--manifest', 'one'])).toEqual(['one'])
    const { stdout } = await run(fixture, ['history', '--format', 'json'], empty('two'))
    expect(JSON.parse(stdout).applies).toHaveLength(1)
    const both = await run(fixture, ['history', '--manifest', 'one'], empty('two'))
    expect([both.code, both.stderr]).toEqual([64, expect.stringContaining('exclude each other')])
  })
})
