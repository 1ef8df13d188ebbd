import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { FdwsyncError } from '../../src/core/errors.ts'
import { connect, createDatabase, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { catalogLines } from '../support/catalog.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { eachMajor } from '../support/majors.ts'
import { type ManifestData, manifests, withoutViews } from './manifests.ts'

// A fixed seed and few runs, so that every run of the suite does the same. `npm run test:property` runs for long, from
// another seed each time; what it finds becomes a case folder.
const runs = Number(process.env.FDWSYNC_PROPERTY_RUNS ?? 8)
const seed = process.env.FDWSYNC_PROPERTY_SEED ?? (process.env.FDWSYNC_PROPERTY_RUNS ? undefined : '20260101')

/**
 * The order of a foreign table's columns is that in which they came. A column that a child had before it got its parent is
 * its own as well, and nothing takes that away: ALTER … INHERIT asks for the column to be there; it is the
 * same with a check. From PostgreSQL 18 on its NOT NULL
 * has a name that tells on which of the two it was made first.
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

/** Applies it, by way of the same without views where those stand in the way, until a plan says that nothing is to do. */
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

async function inDatabase<Result>(pair: ServerPair, act: (database: TestDatabase) => Promise<Result>): Promise<Result> {
  const database = await createDatabase(pair.target)
  try {
    await makeParents(database.url)
    return await act(database)
  } finally {
    await database.drop()
  }
}

test.each(eachMajor())('PostgreSQL $name: from any manifest to any other, and back', {
  timeout: 0,
}, async (pair: ServerPair) => {
  const client = await connect(pair.target.url)
  await client.query(readFileSync(new URL('../cases/roles.sql', import.meta.url), 'utf8'))
  await client.end()
  await fc.assert(
    fc.asyncProperty(manifests(pair.target.major), manifests(pair.target.major), (from, to) =>
      inDatabase(pair, async ({ url }) => {
        await converge(url, from)
        const [before, after] = await Promise.all([fromScratch(pair, from), fromScratch(pair, to)])
        expect(await catalogOf(url)).toEqual(before)
        await converge(url, to)
        expect(await catalogOf(url)).toEqual(after)
        await converge(url, from)
        expect(await catalogOf(url)).toEqual(before)
      }),
    ),
    {
      numRuns: runs,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      endOnFailure: process.env.FDWSYNC_PROPERTY_RUNS === undefined,
    },
  )
})

function yamlOf(data: ManifestData): string {
  return stringify(data, { aliasDuplicateObjects: false })
}

async function makeParents(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(`
    CREATE TABLE base (id int NOT NULL DEFAULT 1, note text, CONSTRAINT sane CHECK (id > 0));
    CREATE TABLE other (mark int, CONSTRAINT marked CHECK (mark > 0));
    CREATE TABLE days (id int NOT NULL, day date) PARTITION BY RANGE (id);
    CREATE TABLE "Other days" (land text COLLATE "C", id int) PARTITION BY LIST (land)`)
  await client.end()
}
