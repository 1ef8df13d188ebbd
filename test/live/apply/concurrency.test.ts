// Applies at the same time, and DDL of other sessions: the lease, lock timeouts, retries, stale plans.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Approve, planAndApply } from '../../../src/api/apply.ts'
import type { ApplyOptions } from '../../../src/applier/context.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { start } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, gateAtDefinitions, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { head, shopManifest } from '../../support/manifests.ts'
import { changesOf, eventLog, missedOf } from '../../support/outcomes.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const changed = shop.replace('note: text', 'note: text, more: text').replace('name: text }', 'name: text, more: text }')

async function applyUnattended(
  fixture: Fixture,
  manifest: string,
  options: Partial<ApplyOptions> = {},
  approve: Approve = async () => true,
) {
  const parsed = await fixture.manifest(manifest)
  const request = { parsed, connect: connectTo(fixture.url), populate: true, unattended: true }
  return planAndApply({ ...request, options: { ...applyDefaults, ...options } }, approve)
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('two applies of one manifest at once: the second reports who holds the lease, waits, and has nothing to do', async () => {
    const fixture = await fixtureFor(pair, source)
    await gateAtDefinitions(fixture)
    const gate = await closeGate(fixture)
    const one = applyUnattended(fixture, shop, { lockTimeoutMilliseconds: 60_000 })
    await waiting(fixture, 'define')
    const holder = expect.stringMatching(/an apply by \w+ \(process \d+\) since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/)

    const impatient = await applyUnattended(fixture, shop, { leaseTimeoutMilliseconds: 200 }).catch(
      (error: unknown) => error,
    )
    expect(impatient).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/an apply of "faults" is running: \w+ \(process \d+\) since /),
      problems: [{ hint: expect.stringContaining('--lease-timeout') }],
    })

    const log = eventLog()
    const two = applyUnattended(fixture, shop, log)
    await waiting(fixture, 'lease')
    expect(log.events).toContainEqual({ type: 'waiting-for-lease', holder })
    await gate.open()
    expect(missedOf((await one).report)).toEqual([])
    expect((await two).report).toMatchObject({ applyId: undefined, steps: [] })
  })

  test('an apply that waits for the lease can be interrupted', async () => {
    const fixture = await fixtureFor(pair, source)
    await gateAtDefinitions(fixture)
    const gate = await closeGate(fixture)
    const one = applyUnattended(fixture, shop, { lockTimeoutMilliseconds: 60_000 })
    await waiting(fixture, 'define')
    const { child, ended } = start(fixture, ['apply', '--auto-approve'], shop)
    await waiting(fixture, 'lease')
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(stderr).toMatch(/waiting for an apply by .*\n.*interrupted by SIGINT/)
    expect(code).toBe(1)
    await gate.open()
    expect(missedOf((await one).report)).toEqual([])
  })

  test('two manifests at once in an empty database: both create the ledger and the extension, and both succeed', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql('DROP EXTENSION postgres_fdw')
    await gateAtDefinitions(fixture, 'CREATE EXTENSION')
    const gate = await closeGate(fixture)
    const manifestOf = (name: string) =>
      `${head(name).replace('shop:', `${name}:`)}\nextensions: { postgres_fdw: {} }\nschemas: { shared: {}, ${name}: {} }\n`
    const options = { lockTimeoutMilliseconds: 60_000 }
    // Neither applies before both have planned: a plan cannot probe the extension while the other apply is creating it.
    const planned = new Set<string>()
    const approve: Approve = async ({ manifest }) => {
      planned.add(manifest)
      await until('both plans', () => planned.size === 2)
      return true
    }
    const both = ['one', 'two'].map((name) => applyUnattended(fixture, manifestOf(name), options, approve))
    await until('both to wait, one at the gate and one for the other', async () => {
      const rows = await fixture.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'fdwsync define' AND wait_event_type = 'Lock'`)
      return rows.length === 2
    })
    await gate.open()
    for (const { report } of await Promise.all(both)) expect(missedOf(report)).toEqual([])
    for (const name of ['one', 'two'])
      expect(changesOf(await planFor(await fixture.manifest(manifestOf(name)), fixture.url))).toEqual([])
  })

  test('the lease is lost during an apply: nothing is committed', async () => {
    const fixture = await fixtureFor(pair, source)
    await gateAtDefinitions(fixture)
    const gate = await closeGate(fixture)
    const applying = applyTo(await fixture.manifest(shop), fixture.url, { lockTimeoutMilliseconds: 60_000 })
    const failure = applying.catch((error: unknown) => error)
    await waiting(fixture, 'define')
    await fixture.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'fdwsync lease'`)
    await until('the lease to be gone', async () => {
      const rows = await fixture.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'fdwsync lease'`)
      return rows.length === 0
    })
    await gate.open()
    expect(await failure).toMatchObject({
      message: expect.stringContaining('the connection that holds the lease was lost'),
    })
    expect(await fixture.sql("SELECT FROM pg_namespace WHERE nspname IN ('proxy', 'fdwsync')")).toEqual([])
  })

  /** DDL of another session during an apply. `what` is the error of the apply. */
  const concurrentDdl: readonly { readonly what: string; readonly sql: string; readonly end: 'COMMIT' | 'ROLLBACK' }[] =
    [
      { what: 'lock timeout', sql: "COMMENT ON FOREIGN TABLE proxy.orders IS 'x'", end: 'ROLLBACK' },
      {
        what: 'tuple concurrently updated',
        // The two cancel out, so the plan does not become stale.
        sql: 'GRANT USAGE ON FOREIGN SERVER shop TO PUBLIC; REVOKE USAGE ON FOREIGN SERVER shop FROM PUBLIC',
        end: 'COMMIT',
      },
    ]
  test.each(concurrentDdl)('DDL of another session at the same time: $what', async ({ what, sql, end }) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const other = await fixture.client()
    await other.query('BEGIN')
    await other.query(sql)
    const log = eventLog()
    const manifest = changed.replace('options: { host', 'options: { fetch_size: 5, host')
    const lockTimeoutMilliseconds = what === 'lock timeout' ? 50 : 60_000
    const parsed = await fixture.manifest(manifest)
    const applying = applyTo(parsed, fixture.url, { ...log, lockTimeoutMilliseconds })
    if (what === 'lock timeout') await until('a retry', () => log.events.some(({ type }) => type === 'retrying'))
    else await waiting(fixture, 'define')
    await other.query(end)
    expect(missedOf((await applying).report)).toEqual([])
    expect(log.events).toContainEqual(
      expect.objectContaining({ type: 'retrying', reason: expect.stringContaining(what) }),
    )
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('an apply gives way in a deadlock with another session, and tries again', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const other = await fixture.client()
    await other.query('BEGIN')
    // The apply alters tables in the order of the manifest: orders first, then customers.
    await other.query("COMMENT ON FOREIGN TABLE proxy.customers IS 'x'")
    const log = eventLog()
    const parsed = await fixture.manifest(changed)
    const applying = applyTo(parsed, fixture.url, { ...log, lockTimeoutMilliseconds: 60_000 })
    await waiting(fixture, 'define')
    await other.query("COMMENT ON FOREIGN TABLE proxy.orders IS 'x'")
    await other.query('ROLLBACK')
    expect(missedOf((await applying).report)).toEqual([])
    expect(log.events).toContainEqual(
      expect.objectContaining({ type: 'retrying', reason: expect.stringContaining('deadlock detected') }),
    )
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test.each([
    ['creates an object of the plan', 'CREATE TABLE local.members (theirs int)'],
    ['changes an object before it is altered', 'ALTER FOREIGN TABLE proxy.customers ADD COLUMN theirs int'],
  ])('another session %s, during the apply: the plan is stale', async (_, statement) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await gateAtDefinitions(fixture)
    const gate = await closeGate(fixture)
    const more = changed.replace(
      '      customers:',
      '      clients: { server: shop, columns: { id: bigint } }\n      customers:',
    )
    const parsed = await fixture.manifest(`${more}      members: { query: SELECT 1 AS id }\n`)
    const applying = applyTo(parsed, fixture.url, { lockTimeoutMilliseconds: 60_000 })
    const failure = applying.catch((error: unknown) => error)
    await waiting(fixture, 'define')
    await fixture.sql(statement)
    await gate.open()
    expect(await failure).toMatchObject({ exitCode: 3 })
    const theirs = `SELECT attrelid::regclass::text AS relation FROM pg_attribute WHERE attname = 'theirs'`
    expect(await fixture.sql("SELECT to_regclass('proxy.clients') AS applied")).toEqual([{ applied: null }])
    expect(await fixture.sql(theirs)).toEqual([{ relation: / ((?:local|proxy)\.\w+) /.exec(statement)?.[1] }])
  })

  test('a concurrent change of the same table is not overwritten: the plan is stale', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const other = await fixture.client()
    await other.query('BEGIN')
    await other.query('ALTER FOREIGN TABLE proxy.customers ADD COLUMN theirs int')
    const log = eventLog()
    const applying = applyTo(await fixture.manifest(changed), fixture.url, { ...log, lockTimeoutMilliseconds: 50 })
    const failure = applying.catch((error: unknown) => error)
    await until('a retry', () => log.events.some(({ type }) => type === 'retrying'))
    await other.query('COMMIT')
    expect(await failure).toMatchObject({ exitCode: 3 })
    const columns = "SELECT attname FROM pg_attribute WHERE attrelid = 'proxy.customers'::regclass AND attnum > 0"
    expect(await fixture.sql(columns)).toEqual([{ attname: 'id' }, { attname: 'name' }, { attname: 'theirs' }])
  })
})
