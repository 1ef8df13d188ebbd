// Ledgers of older releases: a plan reads them as they are, and the next apply migrates them.

import { describe, expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { status } from '../../../src/api/status.ts'
import type { Plan } from '../../../src/core/plan.ts'
import { ledgerTables, ledgerVersion } from '../../../src/ledger/schema.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor, fixtureWithOwnSource } from '../../support/fixture.ts'
import { asVersion1, asVersion6 } from '../../support/ledger.ts'
import { newestMajor } from '../../support/majors.ts'
import { importHead, mirroring, shopManifest } from '../../support/manifests.ts'
import { changesOf, eventLog, missedOf } from '../../support/outcomes.ts'

async function versionOf(fixture: Fixture): Promise<unknown> {
  const [row] = await fixture.sql('SELECT version FROM fdwsync.version')
  return row?.version
}

/** `alter foreign table proxy.a: source`, one per change. */
function causesOf({ changes }: Plan): readonly string[] {
  return changes.map(({ change, title, cause }) => `${change.op} ${title}: ${cause}`)
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('version 1: plan and refresh leave it as it is, and two concurrent applies migrate it once', async () => {
    const source = await createSource(pair)
    onTestFinished(() => source.drop())
    const fixture = await fixtureFor(pair, source)
    const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
    await applyTo(await fixture.manifest(shop), fixture.url)
    const addresses = "SELECT address FROM fdwsync.object WHERE manifest = 'faults' ORDER BY address"
    const before = await fixture.sql(addresses)
    await fixture.sql(asVersion1)
    expect(changesOf(await planFor(await fixture.manifest(shop), fixture.url))).toEqual([])
    const log = eventLog()
    await refresh(await fixture.manifest(shop), [], connectTo(fixture.url), { ...applyDefaults, ...log, hidden: [] })
    expect(log.events.filter(({ type }) => type === 'warning')).toEqual([])
    expect(await versionOf(fixture)).toBe(1)

    const altered = await fixture.manifest(shop.replace('note: text', 'note: varchar'))
    const other = await fixture.manifest(
      shopManifest({ here: 'SELECT 1 AS id' }, 'other')
        .replaceAll('shop', 'other')
        .replaceAll('proxy:', 'proxy2:')
        .replace('local:', 'local2:'),
    )
    const both = await Promise.all([applyTo(altered, fixture.url), applyTo(other, fixture.url)])
    expect(both.flatMap(({ report }) => missedOf(report))).toEqual([])
    expect(await versionOf(fixture)).toBe(ledgerVersion)
    expect(await fixture.sql('SELECT outcome FROM fdwsync.apply ORDER BY started_at LIMIT 1')).toEqual([
      { outcome: null },
    ])
    expect(await fixture.sql(addresses)).toEqual(before)
  })

  test('version 6: plans know what was adopted and what the source returned, and an apply keeps both', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE mood AS ENUM ('happy', 'sad');
       CREATE TABLE a (id int, name text, mood mood); CREATE INDEX a_name_idx ON a (name)`,
    )
    await fixture.sql('CREATE SCHEMA local')
    const mirror = await fixture.manifest(mirroring('types: copy'))
    await applyTo(mirror, fixture.url)
    const rows = 'SELECT address, object_oid, created_by_fdwsync, source FROM fdwsync.object ORDER BY address'
    const before = await fixture.sql(rows)
    const records = before.filter(({ source }) => source !== null)
    expect(records.map(({ address, source }) => [JSON.parse(String(address))[0], source])).toEqual([
      ['foreignTable', { request: expect.anything(), response: expect.anything(), identity: expect.anything() }],
      ['index', { request: expect.anything(), response: expect.anything(), table: 'a' }],
      ['type', { request: expect.anything(), response: expect.anything() }],
    ])

    // Who reads all of it can read what the migration adds, and nobody else can.
    const [monitor, other] = [await fixture.role(), await fixture.role()]
    await fixture.sql(`${asVersion6}; GRANT USAGE ON SCHEMA fdwsync TO ${monitor.user}, ${other.user};
      GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${monitor.user}; GRANT SELECT ON fdwsync.object TO ${other.user}`)
    const emptied = await planFor(await fixture.manifest(importHead), fixture.url)
    expect(changesOf(emptied)).toEqual(
      expect.arrayContaining(['release schema local', 'drop schema proxy', 'drop foreign table proxy.a']),
    )
    expect(changesOf(await planFor(mirror, fixture.url))).toEqual([])
    const session = await connectTo(fixture.url)('status')
    const { objects } = await status(session, { kinds: ['materializedView'], all: false })
    await session.close()
    expect(objects).toMatchObject([{ state: 'in sync', freshness: { recorded: { isEmptied: false } } }])
    expect(await versionOf(fixture)).toBe(6)
    const { report: nothing } = await applyTo(mirror, fixture.url)
    expect(nothing, 'only the proof is recorded').toMatchObject({ steps: [] })
    expect([await versionOf(fixture), await fixture.sql(rows)]).toEqual([ledgerVersion, before])
    const readable = (role: string) =>
      fixture.sql(
        `SELECT count(*)::int FROM pg_class WHERE relnamespace = 'fdwsync'::regnamespace AND relkind = 'r' AND has_table_privilege('${role}', oid, 'SELECT')`,
      )
    expect([await readable(monitor.user), await readable(other.user)]).toEqual([
      [{ count: ledgerTables.length }],
      [{ count: 1 }],
    ])

    await fixture.sql(asVersion6)
    await runSql(
      fixture.source.url,
      "ALTER TABLE a ADD new int; ALTER TYPE mood ADD VALUE 'angry'; DROP INDEX a_name_idx",
    )
    const { plan, report } = await applyTo(mirror, fixture.url)
    expect(causesOf(plan)).toEqual(
      expect.arrayContaining([
        'alter foreign table proxy.a: source',
        'alter type public.mood: source',
        'drop index local.a_name_idx: source',
      ]),
    )
    expect([missedOf(report), await versionOf(fixture)]).toEqual([[], ledgerVersion])
    expect(changesOf(await planFor(mirror, fixture.url))).toEqual([])

    // Without the digest of its text, nothing can be proven of a manifest.
    await fixture.sql(asVersion6)
    await applyTo({ ...mirror, digest: undefined }, fixture.url)
    expect(await versionOf(fixture)).toBe(ledgerVersion)
  })
})
