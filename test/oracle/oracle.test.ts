import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pairs, type ServerPair } from '../servers/databases.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { databases } from './database.ts'
import { doings, exported, linesOf, type Rig, rigFor } from './rig.ts'

/** What this release does not read or write yet, and why. Each must fail: one that passes is to be taken out. */
const later: Readonly<Record<string, string>> = {}

describe.each(pairs())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let rig: Rig
  beforeAll(async () => {
    rig = await rigFor(pair)
  })
  afterAll(() => rig.strike())

  const possible = databases.filter(({ since }) => pair.major >= since)

  test.for(
    possible.filter(({ name }) => !(name in later)).map((database) => [database.name, database] as const),
  )('%s', async ([, { before, sql }], { onTestFinished, expect }) => {
    const original = await rig.database(before + sql)
    onTestFinished(() => original.drop())
    const copy = await rig.database(before)
    onTestFinished(() => copy.drop())
    const { parsed, text, warnings } = await exported(rig, original.url)
    expect(warnings).toEqual([])
    expect(doings(await planFor(parsed, original.url)), text).toEqual([])
    const { report } = await applyTo(parsed, copy.url)
    expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
    expect(await linesOf(copy.url), text).toEqual(await linesOf(original.url))
  })
})

test('every name in the list of later is that of a database', () => {
  const names = databases.map(({ name }) => name)
  for (const [name, reason] of Object.entries(later)) {
    process.stdout.write(`later: ${name}: ${reason}\n`)
    expect(names).toContain(name)
  }
})
