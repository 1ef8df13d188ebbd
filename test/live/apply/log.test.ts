// --verbose and --log json: every statement with its time and rows, as text or among all else as JSON lines, and never a secret.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('statements, without secrets', async () => {
    const fixture = await fixtureFor(pair, source)
    const { code, stdout, stderr } = await run(fixture, ['apply', '--auto-approve', '--verbose'], shop)
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/^\[define, \d+ ms\] ALTER USER MAPPING FOR PUBLIC .*\(ADD password '\(secret\)'\)$/m)
    expect(stderr).toMatch(/^\[plan, \d+ ms, \d+ rows?\] .{200}…$/m)
    expect(stderr).toMatch(/^\[.*, \d+ ms.*\] .*REFRESH MATERIALIZED VIEW local\.orders/m)
    expect(stderr).toMatch(/^\[ledger, \d+ ms, \d+ rows?\] INSERT INTO fdwsync\./m)
    expect(stdout + stderr).not.toContain(fixture.env.SOURCE_PASSWORD)
  })

  test('json: one document on each line, errors included', async () => {
    const fixture = await fixtureFor(pair, source)
    const applied = await run(fixture, ['apply', '--auto-approve', '--log', 'json'], shop)
    const lines = applied.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const types = new Set(lines.map(({ type }) => type))
    expect([applied.code, [...types].sort()]).toEqual([
      0,
      ['stage-started', 'statement', 'step-finished', 'step-started'],
    ])
    expect(lines.find(({ type }) => type === 'step-finished')).toMatchObject({ address: { kind: expect.any(String) } })
    expect(applied.stderr).not.toContain(fixture.env.SOURCE_PASSWORD)
    const failed = await run(fixture, ['plan', '--log', 'json'], 'version: 2\nname: x\n')
    const messages = failed.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([failed.code, messages.at(-1)]).toEqual([
      1,
      { type: 'message', text: expect.stringContaining('standard input:1:') },
    ])
  })
})
