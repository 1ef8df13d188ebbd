// What property tests of definitions share: a database for a run, and how a random manifest is applied until nothing is left to do.

import { readFileSync } from 'node:fs'
import type fc from 'fast-check'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { FdwsyncError } from '../../src/core/errors.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { createDatabase, runSql, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { changesOf, missedOf } from '../support/outcomes.ts'
import { withoutCopies } from './manifests.ts'
import type { ManifestData } from './parts.ts'

/** The roles that random manifests name. */
export async function createRoles(pair: ServerPair): Promise<void> {
  await runSql(pair.target.url, readFileSync(new URL('../cases/roles.sql', import.meta.url), 'utf8'))
}

/** A database with the relations that random manifests name as parents. */
export async function inDatabase<Result>(
  pair: ServerPair,
  use: (database: TestDatabase) => Promise<Result>,
): Promise<Result> {
  const database = await createDatabase(pair.target)
  try {
    await runSql(database.url, parents)
    return await use(database)
  } finally {
    await database.drop()
  }
}

const parents = `
  CREATE TABLE base (id int NOT NULL DEFAULT 1, note text, CONSTRAINT sane CHECK (id > 0));
  CREATE TABLE other (mark int, CONSTRAINT marked CHECK (mark > 0));
  CREATE TABLE days (id int NOT NULL, day date) PARTITION BY RANGE (id);
  CREATE TABLE "Other days" (land text COLLATE "C", id int) PARTITION BY LIST (land)`

/** Applies a manifest until a plan changes nothing; first without copies, where these keep something from being changed. */
export async function converge(url: string, data: ManifestData): Promise<void> {
  const manifest = await parse(data)
  try {
    await applyAll(url, manifest)
  } catch (error) {
    if (!(error instanceof FdwsyncError) || !error.message.includes('while something depends on it')) throw error
    await applyAll(url, await parse(withoutCopies(data)))
    await applyAll(url, manifest)
  }
  await expectNoChanges(url, manifest)
}

export function parse(data: ManifestData): Promise<ParsedManifest> {
  return manifestOf(stringify(data, { aliasDuplicateObjects: false }), {})
}

async function applyAll(url: string, manifest: ParsedManifest): Promise<void> {
  const { report } = await applyTo(manifest, url, { allow: ['drops-data'] })
  expect(missedOf(report)).toEqual([])
}

export async function expectNoChanges(url: string, manifest: ParsedManifest): Promise<void> {
  const plan = await planFor(manifest, url)
  expect([changesOf(plan), plan.undetermined]).toEqual([[], []])
}

// The suite runs a property for some seconds per major, from a fixed seed, so that what fails once fails again. `npm run test:property`
// runs for long, from another seed each time; what it finds becomes a case folder.
const secondsGiven = process.env.FDWSYNC_PROPERTY_SECONDS
export const isLong = secondsGiven !== undefined
const firstSeed = Number(process.env.FDWSYNC_PROPERTY_SEED ?? (isLong ? Date.now() % 2 ** 31 : 20260101))

/**
 * Repeats a run, each time with a seed of its own, which the message of a failure names: FDWSYNC_PROPERTY_SEED repeats it first.
 * @param fewest the number of runs on a slow machine
 */
export async function repeat(
  seconds: number,
  fewest: number,
  run: (options: Pick<fc.Parameters, 'numRuns' | 'seed' | 'endOnFailure' | 'interruptAfterTimeLimit'>) => Promise<void>,
): Promise<void> {
  const end = Date.now() + Number(secondsGiven ?? seconds) * 1000
  for (let at = 0; at < fewest || Date.now() < end; at += 1) {
    // A failure is reduced to a smaller one, if for long.
    await run({
      numRuns: 1,
      seed: firstSeed + at,
      endOnFailure: !isLong,
      interruptAfterTimeLimit: 300_000,
    })
  }
}
