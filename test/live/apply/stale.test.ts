// Changes between the plan and its confirmation: relevant ones end it with exit code 3.

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
  members: 'SELECT * FROM proxy.customers',
})

/** Changes of another session between the plan and its confirmation. */
const conflicting: Readonly<Record<string, string>> = {
  'an option of the server': "ALTER SERVER shop OPTIONS (ADD fetch_size '7')",
  'an option of the mapping': "ALTER USER MAPPING FOR public SERVER shop OPTIONS (SET user 'other')",
  'a column more': 'ALTER FOREIGN TABLE proxy.orders ADD COLUMN extra text',
  'a table renamed': 'ALTER FOREIGN TABLE proxy.customers RENAME TO clients',
  'a view gone': 'DROP MATERIALIZED VIEW local.orders',
  'a recreated view':
    'DROP MATERIALIZED VIEW local.orders; CREATE MATERIALIZED VIEW local.orders AS SELECT 1 AS id, 2 AS total',
  'a wanted name taken by a view': 'CREATE MATERIALIZED VIEW local.members AS SELECT 1 AS id',
  'a wanted name taken by a table': 'CREATE TABLE local.members (id int)',
  // A replacement restores the grants that the plan has read.
  'a grant on a view': 'GRANT SELECT ON local.orders TO PUBLIC',
  'the ledger': "DELETE FROM fdwsync.object WHERE address LIKE '%customers%'",
}

/** Changes that do not concern the plan. */
const unrelated: Readonly<Record<string, string>> = {
  'a table elsewhere': 'CREATE TABLE public.elsewhere (id int)',
  'an undeclared foreign table': 'CREATE FOREIGN TABLE proxy.elsewhere (id int) SERVER shop',
  'a refresh': 'REFRESH MATERIALIZED VIEW local.orders',
  'a view over what is replaced': 'CREATE VIEW public.late AS SELECT id FROM local.orders',
}

async function forEach(all: Readonly<Record<string, string>>, run: (what: string, sql: string) => Promise<void>) {
  await Promise.all(Object.entries(all).map(([what, sql]) => run(what, sql)))
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applied(fixture: Fixture, meanwhile: string, unattended: boolean) {
    const parsed = await fixture.manifest(second)
    let asked = 0
    let before: unknown
    const request = { parsed, connect: connectTo(fixture.url), populate: true, unattended, options: applyDefaults }
    const outcome = await planAndApply(request, async () => {
      asked += 1
      if (asked === 1) {
        await fixture.sql(meanwhile)
        before = await snapshot(fixture)
      }
      return true
    }).catch((error: unknown) => error)
    return { outcome, before, asked, parsed }
  }

  // Each in a database of its own, all at once.
  test('a conflicting change before the confirmation: exit 3, nothing is applied', () =>
    forEach(conflicting, async (what, sql) => {
      const fixture = await fixtureFor(pair, source)
      await applyTo(await fixture.manifest(first), fixture.url)
      const { outcome, before } = await applied(fixture, sql, false)
      expect(outcome, what).toBeInstanceOf(FdwsyncError)
      expect(outcome, what).toMatchObject({ exitCode: 3, message: expect.stringContaining('the plan is stale') })
      expect(await snapshot(fixture), what).toEqual(before)
    }))

  test('an unrelated change does not matter', () =>
    forEach(unrelated, async (what, sql) => {
      const fixture = await fixtureFor(pair, source)
      await applyTo(await fixture.manifest(first), fixture.url)
      const { outcome, parsed } = await applied(fixture, sql, false)
      const late =
        'materialized view local.orders: view public.late, which did not read it when this was planned, was repointed, too'
      const warnings = sql.includes('public.late') ? [expect.objectContaining({ message: late })] : []
      expect(outcome, what).toMatchObject({ report: { steps: expect.any(Array), warnings } })
      expect(changesOf(await planFor(parsed, fixture.url)), what).toEqual([])
    }))

  test('without confirmation, apply plans again', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(first), fixture.url)
    const { outcome, asked, parsed } = await applied(fixture, conflicting['a column more'] ?? '', true)
    expect(asked).toBe(2)
    expect(missedOf((outcome as Awaited<ReturnType<typeof planAndApply>>).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a plan that is not approved changes nothing', async () => {
    const fixture = await fixtureFor(pair, source)
    const before = await snapshot(fixture)
    const parsed = await fixture.manifest(first)
    const request = { parsed, connect: connectTo(fixture.url), populate: true, options: applyDefaults }
    expect((await planAndApply(request, async () => false)).report).toBeUndefined()
    expect(await snapshot(fixture)).toEqual(before)
  })
})
