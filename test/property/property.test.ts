// From any manifest to any other and back: an apply of random manifests results in the same catalog as one in an empty database.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { FdwsyncError } from '../../src/core/errors.ts'
import { connect, createDatabase, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { catalogLines } from '../support/catalog.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { newestMajor } from '../support/majors.ts'
import { type ManifestData, manifests, withoutViews } from './manifests.ts'

// The suite runs for some seconds per major, from a fixed seed, so that what fails once fails again. `npm run test:property`
// runs for long, from another seed each time; what it finds becomes a case folder.
const seconds = Number(process.env.FDWSYNC_PROPERTY_SECONDS ?? 4)
const isLong = process.env.FDWSYNC_PROPERTY_SECONDS !== undefined
const firstSeed = Number(process.env.FDWSYNC_PROPERTY_SEED ?? (isLong ? Date.now() % 2 ** 31 : 20260101))
/** The minimum on a slow machine. */
const fewestRuns = 3

/**
 * Lines that depend on the way and not on the manifest. Columns are in the order in which they were added. A column or a check that
 * a child had before it got its parent stays its own as well. From PostgreSQL 18 on the name of a NOT NULL constraint depends on
 * which of the two had it first.
 */
const leavesTraces =
  /^foreign table .*: columns = |^foreign table column proxy\.(child|part)\..*: local = |^foreign table constraint proxy\.(child|part)\..*_not_null|^foreign table constraint proxy\.(child|part)\..*: local = /

async function catalogOf(url: string): Promise<readonly string[]> {
  const client = await connect(url)
  try {
    return (await catalogLines(client)).filter((line) => !leavesTraces.test(line))
  } finally {
    await client.end()
  }
}

/** Applies a manifest until a plan changes nothing; first without views, where these keep something from being changed. */
async function converge(url: string, data: ManifestData): Promise<void> {
  const manifest = await manifestOf(yamlOf(data), {})
  try {
    await applyAll(url, manifest)
  } catch (error) {
    if (!(error instanceof FdwsyncError) || !error.message.includes('while something depends on it')) throw error
    await applyAll(url, await manifestOf(yamlOf(withoutViews(data)), {}))
    await applyAll(url, manifest)
  }
  const { changes, undetermined } = await planFor(manifest, url)
  expect([changes.map(({ title, change }) => `${change.op} ${title}`), undetermined]).toEqual([[], []])
}

async function applyAll(url: string, manifest: Awaited<ReturnType<typeof manifestOf>>): Promise<void> {
  const { report } = await applyTo(manifest, url, { allow: ['drops-data'] })
  expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
}

async function fromScratch(pair: ServerPair, data: ManifestData): Promise<readonly string[]> {
  return inDatabase(pair, async ({ url }) => {
    await converge(url, data)
    return catalogOf(url)
  })
}

async function inDatabase<Result>(pair: ServerPair, use: (database: TestDatabase) => Promise<Result>): Promise<Result> {
  const database = await createDatabase(pair.target)
  try {
    await createParents(database.url)
    return await use(database)
  } finally {
    await database.drop()
  }
}

test.each(newestMajor())('PostgreSQL $name: from any manifest to any other, and back', {
  timeout: 0,
}, async (pair: ServerPair) => {
  const client = await connect(pair.target.url)
  await client.query(readFileSync(new URL('../cases/roles.sql', import.meta.url), 'utf8'))
  await client.end()
  const thereAndBack = fc.asyncProperty(manifests(pair.target.major), manifests(pair.target.major), (from, to) =>
    inDatabase(pair, async ({ url }) => {
      await converge(url, from)
      const [before, after] = await Promise.all([fromScratch(pair, from), fromScratch(pair, to)])
      expect(await catalogOf(url)).toEqual(before)
      await converge(url, to)
      expect(await catalogOf(url)).toEqual(after)
      await converge(url, from)
      expect(await catalogOf(url)).toEqual(before)
    }),
  )
  const end = Date.now() + seconds * 1000
  // Each run has a seed of its own, which the message of a failure names: FDWSYNC_PROPERTY_SEED repeats it first.
  for (let run = 0; run < fewestRuns || Date.now() < end; run += 1) {
    await fc.assert(thereAndBack, { numRuns: 1, seed: firstSeed + run, endOnFailure: !isLong })
  }
})

function yamlOf(data: ManifestData): string {
  return stringify(data, { aliasDuplicateObjects: false })
}

async function createParents(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(`
    CREATE TABLE base (id int NOT NULL DEFAULT 1, note text, CONSTRAINT sane CHECK (id > 0));
    CREATE TABLE other (mark int, CONSTRAINT marked CHECK (mark > 0));
    CREATE TABLE days (id int NOT NULL, day date) PARTITION BY RANGE (id);
    CREATE TABLE "Other days" (land text COLLATE "C", id int) PARTITION BY LIST (land)`)
  await client.end()
}
