// From any manifest to any other and back: an apply of random manifests results in the same catalog as one in an empty database.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { connect } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { catalogLines, linesOf } from '../support/catalog.ts'
import { tables } from '../support/catalog-beside.ts'
import { newestMajor } from '../support/majors.ts'
import { converge, createRoles, inDatabase, repeat } from './converge.ts'
import { manifests } from './manifests.ts'
import type { ManifestData } from './parts.ts'

/**
 * Lines that depend on the way and not on the manifest. Columns are in the order in which they were added. A column or a check that
 * a child had before it got its parent stays its own as well. From PostgreSQL 18 on the name of a NOT NULL constraint depends on
 * which of the two had it first.
 */
const leavesTraces =
  /^(foreign )?table .*: columns = |^schema fdwsync_source: |^foreign table column proxy\.(child|part)\..*: local = |^foreign table constraint proxy\.(child|part)\..*_not_null|^foreign table constraint proxy\.(child|part)\..*: local = /

async function catalogOf(url: string): Promise<readonly string[]> {
  const client = await connect(url)
  try {
    const lines = [...(await catalogLines(client)), ...(await linesOf(client, tables))]
    return lines.filter((line) => !leavesTraces.test(line))
  } finally {
    await client.end()
  }
}

async function fromScratch(pair: ServerPair, data: ManifestData): Promise<readonly string[]> {
  return inDatabase(pair, async ({ url }) => {
    await converge(url, data)
    return catalogOf(url)
  })
}

test.each(newestMajor())('PostgreSQL $name: from any manifest to any other, and back', {
  timeout: 0,
}, async (pair: ServerPair) => {
  await createRoles(pair)
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
  await repeat(4, 2, (options) => fc.assert(thereAndBack, options))
})
