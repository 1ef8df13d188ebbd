// Each database is exported and created from its manifest in an empty one: catalogs and dumps must be equal.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { status } from '../../src/api/status.ts'
import { hazardsToAllow } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, connectTo, planFor } from '../support/fdwsync.ts'
import { isNewest, isThorough, newestMajor } from '../support/majors.ts'
import { databases, type OracleDatabase } from './database.ts'
import { dumpOf, findDump } from './dump.ts'
import { exported, findings, linesOf, type OracleFixture, oracleFixtureFor } from './oracle-fixture.ts'

interface Exported {
  readonly parsed: ParsedManifest
  readonly text: string
  readonly warnings: readonly string[]
  /** What a plan of the export changes in the database itself. */
  readonly findings: readonly string[]
  readonly lines: readonly string[]
  readonly dump: readonly string[] | undefined
}

describe.each(newestMajor())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let fixture: OracleFixture
  let dump: string | undefined
  beforeAll(async () => {
    fixture = await oracleFixtureFor(pair)
    dump = await findDump(pair.major)
    if (!dump)
      process.stdout.write(`no pg_dump of PostgreSQL ${pair.major} or newer is installed: dumps are not compared\n`)
  })
  afterAll(() => fixture.cleanUp())

  const known = new Map<string, Promise<Exported>>()
  /** Once for each database, since up to three tests compare with it. */
  function exportOf(database: OracleDatabase): Promise<Exported> {
    const found = known.get(database.name) ?? exportAndRead(database)
    known.set(database.name, found)
    return found
  }

  async function exportAndRead({ before, sql }: OracleDatabase): Promise<Exported> {
    const original = await fixture.database(before + sql)
    try {
      const { parsed, text, warnings } = await exported(fixture, original.url)
      return {
        parsed,
        text,
        warnings,
        findings: findings(await planFor(parsed, original.url)),
        lines: await linesOf(original.url),
        dump: dump === undefined ? undefined : await dumpOf(dump, original.url),
      }
    } finally {
      await original.drop()
    }
  }

  const possible = databases.filter(({ since }) => pair.major >= since)

  for (const database of possible) {
    test(`${database.name}: the export plans as nothing, and creates an equal database`, async ({
      onTestFinished,
      expect,
    }) => {
      const original = await exportOf(database)
      expect(original.warnings).toEqual([])
      expect(original.findings, original.text).toEqual([])
      const copy = await fixture.database(database.before)
      onTestFinished(() => copy.drop())
      await applyAll(original.parsed, copy.url)
      expect(await driftByLedger(copy.url), original.text).toEqual([])
      expect(await linesOf(copy.url), original.text).toEqual(original.lines)
      if (dump) expect(await dumpOf(dump, copy.url), original.text).toEqual(original.dump)
    })
  }

  // The tests above show what each version does with a definition. Changes from one to another depend on the differ alone, so all
  // of them are for thorough runs.
  for (const [from, to] of isNewest(pair) && isThorough() ? changesBetween(possible) : []) {
    test(`from ${from.name} to ${to.name}`, async ({ onTestFinished, expect }) => {
      const [before, after] = [await exportOf(from), await exportOf(to)]
      const target = await fixture.database('')
      onTestFinished(() => target.drop())
      await applyAll(before.parsed, target.url)
      await applyAll(after.parsed, target.url)
      expect((await linesOf(target.url)).filter(isCompared)).toEqual(after.lines.filter(isCompared))
    })
  }
})

async function applyAll(parsed: ParsedManifest, url: string): Promise<void> {
  const { report } = await applyTo(parsed, url, { allow: hazardsToAllow })
  expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
}

/** What `status` without a manifest finds altered. */
async function driftByLedger(url: string): Promise<readonly unknown[]> {
  const session = await connectTo(url)('status')
  try {
    const { objects } = await status(session, { kinds: [], all: false })
    return objects.filter(({ state }) => state !== 'in sync' && state !== 'not populated')
  } finally {
    await session.close()
  }
}

/**
 * Databases with attributes that fdwsync leaves alone, by contract. They are not changed into others, since the result would differ
 * from a new database.
 */
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
