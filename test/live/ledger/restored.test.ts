// A database that was dumped and restored, with its ledger: all OIDs are others, and nothing else differs.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { plan } from '../../../src/library/plan.ts'
import { caseFixtureFor, prepareServers } from '../../cases/case-fixture.ts'
import { readCase } from '../../cases/read-case.ts'
import { findDump } from '../../oracle/dump.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, manifestOf, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const run = promisify(execFile)

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let shared: TestDatabase
  beforeAll(async () => {
    shared = await prepareServers(pair)
  })
  afterAll(() => shared.drop())

  // Cases with other objects than these were tried by hand, and dumps of 14 restored on 18.
  test('a plan only records the objects again', async ({ skip }) => {
    const dump = await findDump(pair.major)
    if (dump === undefined) return skip(`no pg_dump for PostgreSQL ${pair.major} is installed`)
    const testCase = readCase('everything-from-nothing')
    const fixture = await caseFixtureFor(pair, shared, testCase)
    const parsed = await manifestOf(testCase.manifest, fixture.env)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    const restored = await restore(pair, dump, fixture.url)
    const recorded = await planFor(parsed, restored.url)
    expect(recorded.changes.length).toBeGreaterThan(5)
    expect(changesOf(recorded).filter((change) => !change.startsWith('adopt '))).toEqual([])
    expect([recorded.undetermined, recorded.refusals]).toEqual([[], []])
    await applyTo(parsed, restored.url)
    expect(changesOf(await planFor(parsed, restored.url))).toEqual([])
    await restored.drop()
    await fixture.cleanUp()
  })

  test('tables have their rows while the source is away, and are refreshed once it is back', async ({ skip }) => {
    const dump = await findDump(pair.major)
    if (dump === undefined) return skip(`no pg_dump for PostgreSQL ${pair.major} is installed`)
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, 'note ' || i FROM generate_series(1, 5) AS i`,
    )
    const parsed = await fixture.manifest(mirror)
    await applyTo(parsed, fixture.url)
    const restored = await restore(pair, dump, fixture.url)
    onTestFinished(() => restored.drop())
    const allowConnections = (isAllowed: boolean) =>
      runSql(pair.source.url, `ALTER DATABASE "${fixture.env.SOURCE_DATABASE}" ALLOW_CONNECTIONS ${isAllowed}`)
    await allowConnections(false)
    const rows = 'SELECT count(*)::int AS count, max(note) AS note FROM shop.orders'
    expect(await runSql(restored.url, rows)).toEqual([{ count: 5, note: 'note 5' }])
    const offline = await plan(parsed, { database: restored.url, offline: true })
    expect(changesOf(offline).filter((change) => !change.startsWith('adopt '))).toEqual([])
    expect([offline.undetermined, offline.refusals]).toEqual([[], []])
    await allowConnections(true)
    await runSql(fixture.source.url, "UPDATE orders SET note = 'new' WHERE id = 5; DELETE FROM orders WHERE id = 1")
    await applyTo(parsed, restored.url)
    const { views } = await refresh(parsed, [], connectTo(restored.url), refreshDefaults)
    expect(views.map(({ written }) => written)).toEqual([{ inserted: '0', updated: '1', deleted: '1' }])
    expect(changesOf(await planFor(parsed, restored.url))).toEqual([])
  })
})

const mirror = `
version: 1
name: mirror
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
mirrors:
  shop: { server: shop, remote_schema: public, limit_to: [orders], proxy_schema: proxy, schema: shop, as: tables }
`

/** A new database with all that the other one has. */
async function restore(pair: ServerPair, dump: string, url: string): Promise<TestDatabase> {
  const restored = await createDatabase(pair.target)
  const script = 'set -o pipefail; "$0" -d "$1" | psql -q -v ON_ERROR_STOP=1 -d "$2"'
  await run('bash', ['-c', script, dump, url, restored.url])
  return restored
}
