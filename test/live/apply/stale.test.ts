import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import { FdwsyncError } from '../../../src/core/errors.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf, snapshot } from '../../support/outcomes.ts'

const first = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const second = shopManifest({
  orders: 'SELECT id, total * 2 AS total FROM proxy.orders',
  people: 'SELECT * FROM proxy.customers',
})

/** What somebody else does between the plan and its confirmation. */
const meddling: Readonly<Record<string, string>> = {
  'an option of the server': "ALTER SERVER shop OPTIONS (ADD fetch_size '7')",
  'an option of the mapping': "ALTER USER MAPPING FOR public SERVER shop OPTIONS (SET user 'somebody')",
  'a column more': 'ALTER FOREIGN TABLE proxy.orders ADD COLUMN extra text',
  'a table renamed': 'ALTER FOREIGN TABLE proxy.customers RENAME TO clients',
  'a view gone': 'DROP MATERIALIZED VIEW local.orders',
  'a view made anew':
    'DROP MATERIALIZED VIEW local.orders; CREATE MATERIALIZED VIEW local.orders AS SELECT 1 AS id, 2 AS total',
  'a wanted name taken by a view': 'CREATE MATERIALIZED VIEW local.people AS SELECT 1 AS id',
  'a wanted name taken by a table': 'CREATE TABLE local.people (id int)',
  // A replacement would carry over the grants that the plan has seen.
  'a grant on a view': 'GRANT SELECT ON local.orders TO PUBLIC',
  'the ledger': "DELETE FROM fdwsync.object WHERE address LIKE '%customers%'",
}

/** What is nobody's business leaves the plan valid. */
const unrelated: Readonly<Record<string, string>> = {
  'a table elsewhere': 'CREATE TABLE public.elsewhere (id int)',
  'a foreign table that nobody declares': 'CREATE FOREIGN TABLE proxy.elsewhere (id int) SERVER shop',
  'a refresh': 'REFRESH MATERIALIZED VIEW local.orders',
}

async function forEach(all: Readonly<Record<string, string>>, act: (what: string, sql: string) => Promise<void>) {
  await Promise.all(Object.entries(all).map(([what, sql]) => act(what, sql)))
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applied(rig: Fixture, meanwhile: string, unattended: boolean) {
    const parsed = await rig.manifest(second)
    let asked = 0
    let before: unknown
    const request = { parsed, connect: connectTo(rig.url), populate: true, unattended, options: applyDefaults }
    const outcome = await planAndApply(request, async () => {
      asked += 1
      if (asked === 1) {
        await rig.sql(meanwhile)
        before = await snapshot(rig)
      }
      return true
    }).catch((error: unknown) => error)
    return { outcome, before, asked, parsed }
  }

  // Each on a target of its own, all at once.
  test('somebody changes something before the answer: exit 3, nothing done', () =>
    forEach(meddling, async (what, sql) => {
      const rig = await fixtureFor(pair, source)
      await applyTo(await rig.manifest(first), rig.url)
      const { outcome, before } = await applied(rig, sql, false)
      expect(outcome, what).toBeInstanceOf(FdwsyncError)
      expect(outcome, what).toMatchObject({ exitCode: 3, message: expect.stringContaining('the plan is stale') })
      expect(await snapshot(rig), what).toEqual(before)
    }))

  test('what is nobody’s business is no reason to refuse', () =>
    forEach(unrelated, async (what, sql) => {
      const rig = await fixtureFor(pair, source)
      await applyTo(await rig.manifest(first), rig.url)
      const { outcome, parsed } = await applied(rig, sql, false)
      expect(outcome, what).toMatchObject({ report: { steps: expect.any(Array) } })
      expect(changesOf(await planFor(parsed, rig.url)), what).toEqual([])
    }))

  test('where nobody is asked, the plan is made again', async () => {
    const rig = await fixtureFor(pair, source)
    await applyTo(await rig.manifest(first), rig.url)
    const { outcome, asked, parsed } = await applied(rig, meddling['a column more'] ?? '', true)
    expect(asked).toBe(2)
    expect(missedOf((outcome as Awaited<ReturnType<typeof planAndApply>>).report)).toEqual([])
    expect(changesOf(await planFor(parsed, rig.url))).toEqual([])
  })

  test('a plan that is not approved changes nothing', async () => {
    const rig = await fixtureFor(pair, source)
    const before = await snapshot(rig)
    const parsed = await rig.manifest(first)
    const request = { parsed, connect: connectTo(rig.url), populate: true, options: applyDefaults }
    expect((await planAndApply(request, async () => false)).report).toBeUndefined()
    expect(await snapshot(rig)).toEqual(before)
  })
})
