import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hazardsToAllow } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { eachMajor, newestMajor } from '../support/majors.ts'
import { databases, type OracleDatabase } from './database.ts'
import { dumpOf, findDump } from './dump.ts'
import { exported, findings, linesOf, type OracleFixture, oracleFixtureFor } from './oracle-fixture.ts'

describe.each(eachMajor())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let fixture: OracleFixture
  let dump: string | undefined
  beforeAll(async () => {
    fixture = await oracleFixtureFor(pair)
    dump = await findDump(pair.major)
    if (!dump) process.stdout.write(`no pg_dump of PostgreSQL ${pair.major} or newer: its dumps are not compared\n`)
  })
  afterAll(() => fixture.cleanUp())

  const possible = databases.filter(({ since }) => pair.major >= since)

  for (const { name, before, sql } of possible) {
    test(`${name}: what is exported plans as nothing, and makes the same elsewhere`, async ({
      onTestFinished,
      expect,
    }) => {
      const original = await fixture.database(before + sql)
      onTestFinished(() => original.drop())
      const copy = await fixture.database(before)
      onTestFinished(() => copy.drop())

      const { parsed, text, warnings } = await exported(fixture, original.url)
      expect(warnings).toEqual([])
      expect(findings(await planFor(parsed, original.url)), text).toEqual([])
      await applyAll(parsed, copy.url)
      expect(await linesOf(copy.url), text).toEqual(await linesOf(original.url))
      if (dump) expect(await dumpOf(dump, copy.url), text).toEqual(await dumpOf(dump, original.url))
    })
  }

  // What a server makes of a definition is tried out above; from one to the other it is the differ's to find the way.
  const isNewest = newestMajor().some(({ name }) => name === pair.name)
  for (const [from, to] of isNewest ? changesBetween(possible) : []) {
    test(`from ${from.name} to ${to.name}`, async ({ onTestFinished, expect }) => {
      const [before, after, target] = await Promise.all([from.sql, to.sql, ''].map((sql) => fixture.database(sql)))
      onTestFinished(async () => {
        await Promise.all([before, after, target].map((one) => one?.drop()))
      })
      if (!before || !after || !target) throw new Error('three databases are three')
      await applyAll((await exported(fixture, before.url)).parsed, target.url)
      await applyAll((await exported(fixture, after.url)).parsed, target.url)
      expect((await linesOf(target.url)).filter(isCompared)).toEqual((await linesOf(after.url)).filter(isCompared))
    })
  }
})

async function applyAll(parsed: ParsedManifest, url: string): Promise<void> {
  const { report } = await applyTo(parsed, url, { allow: hazardsToAllow })
  expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
}

/** What the contract leaves as it is makes another database than one from scratch: they are not changed to others. */
const leavesTraces: Readonly<Record<string, string>> = {
  'comments-everywhere': 'a comment that was there before, on the schema public, is removed rather than given back',
  'extensions-in-their-schemas': 'an extension stays in its schema where none is declared',
}

/** Pairs of databases that rest on nothing else, each with one some places on. */
function changesBetween(all: readonly OracleDatabase[]): readonly (readonly [OracleDatabase, OracleDatabase])[] {
  const eligible = all.filter(({ name, before }) => before === '' && !(name in leavesTraces))
  return eligible.flatMap((from, at) => {
    const to = eligible[(at + 5 + (at % 3)) % eligible.length]
    return to ? [[from, to] as const] : []
  })
}

/** The order of a foreign table's columns is set when it is made. */
function isCompared(line: string): boolean {
  return !/^foreign table [^:]*: columns = /.test(line)
}
