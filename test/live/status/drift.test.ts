// plan --drift-only.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
/** A changed view, a changed table, and a new view. */
const changed = shopManifest({ orders: 'SELECT id FROM proxy.orders', here: 'SELECT 1 AS one' }).replace(
  'note: text',
  'note: varchar',
)
const drift = ['plan', '--drift-only', '--detailed-exitcode']

// The same on every server: one will do.
describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('plan --drift-only shows and exits by what was altered outside alone', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const none = await run(fixture, drift, changed)
    expect([none.code, none.stdout]).toEqual([
      0,
      expect.stringContaining('Nothing was altered outside fdwsync · 3 other changes not shown'),
    ])
    await fixture.sql(`
      ALTER FOREIGN TABLE proxy.orders ALTER COLUMN id SET NOT NULL;
      ALTER FOREIGN TABLE proxy.customers RENAME TO clients;
      ALTER SERVER shop OPTIONS (ADD fetch_size '7')`)
    const some = await run(fixture, drift, changed)
    expect(some.code).toBe(2)
    expect(some.stdout).toMatch(/~ server shop +drifted: altered outside fdwsync\n +option fetch_size/)
    expect(some.stdout).toMatch(/column id not null +yes → no/)
    expect(some.stdout).toMatch(
      /~ foreign table proxy\.customers +drifted: renamed outside fdwsync\n +name +proxy\.clients → proxy\.customers/,
    )
    expect(some.stdout).not.toMatch(/varchar|character varying|local\.here/)
    const json = JSON.parse((await run(fixture, [...drift, '--format', 'json'], changed)).stdout)
    expect(json.leftOut).toBe(2)
    expect((await run(fixture, ['plan'], changed)).stdout).toMatch(/column note type .* manifest$/m)
  })

  test('what is taken over is shown, in text and in JSON', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const mine = changed.replace('name: faults', 'name: mine')
    expect((await run(fixture, ['plan'], mine)).code).toBe(4)
    const plan = await run(fixture, ['plan', '--take-over'], mine)
    expect([plan.code, plan.stdout]).toEqual([0, expect.stringContaining('taken over from manifest faults')])
    expect(plan.stdout).toMatch(/takes over server shop +from manifest faults/)
    expect((await run(fixture, ['apply', '--auto-approve', '--take-over'], mine)).code).toBe(0)
    const theirs = await run(fixture, ['plan'], shop)
    expect([theirs.code, theirs.stdout]).toEqual([4, expect.stringContaining('it belongs to the manifest "mine"')])
  })
})
