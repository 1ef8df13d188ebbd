// Each database is exported and created from its manifest in an empty one: catalogs and dumps must be equal.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hazardsToAllow } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { eachMajor, isNewest } from '../support/majors.ts'
import { databases, type OracleDatabase } from './database.ts'
import { dumpOf, findDump } from './dump.ts'
import { exported, findings, linesOf, type OracleFixture, oracleFixtureFor } from './oracle-fixture.ts'

describe.each(eachMajor())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let fixture: OracleFixture
  let dump: string | undefined
  beforeAll(async () => {
    fixture = await oracleFixtureFor(pair)
    dump = await findDump(pair.major)
    if (!dump)
      process.stdout.write(`no pg_dump of PostgreSQL ${pair.major} or newer is installed: dumps are not compared\n`)
  })
  afterAll(() => fixture.cleanUp())

  const possible = databases.filter(({ since }) => pair.major >= since)

  for (const { name, before, sql } of possible) {
    test(`${name}: the export plans as nothing, and creates an equal database`, async ({ onTestFinished, expect }) => {
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

  // The tests above show what each version does with a definition. The way from one to another is the differ's, on any version.
  for (const [from, to] of isNewest(pair) ? changesBetween(possible) : []) {
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

/** What is left as it is, by contract, differs from a database that is created from nothing: these are not changed into others. */
const leavesTraces: Readonly<Record<string, string>> = {
  'comments-everywhere': 'the comment that the schema public had before is removed, not restored',
  'extensions-in-their-schemas': 'an extension stays in its schema where none is declared',
}

/** Pairs of databases that need no unmanaged objects, each with one some places further on. */
function changesBetween(all: readonly OracleDatabase[]): readonly (readonly [OracleDatabase, OracleDatabase])[] {
  const eligible = all.filter(({ name, before }) => before === '' && !(name in leavesTraces))
  return eligible.flatMap((from, at) => {
    const to = eligible[(at + 5 + (at % 3)) % eligible.length]
    return to ? [[from, to] as const] : []
  })
}

/** The order of a foreign table's columns is that of its creation. */
function isCompared(line: string): boolean {
  return !/^foreign table [^:]*: columns = /.test(line)
}
