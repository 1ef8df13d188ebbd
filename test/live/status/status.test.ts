// status: the state of every object, with and without a manifest.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Chalk } from 'chalk'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type StatusOptions, status } from '../../../src/api/status.ts'
import type { StatusReport } from '../../../src/core/status.ts'
import { renderStatus } from '../../../src/render/text/status.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run, start } from '../../support/command.ts'
import { applyTo, connectTo } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  totals: 'SELECT sum(total) FROM local.orders',
})
  .replace(/^( {6}orders: \{ query: .*) \}$/m, '$1, indexes: { orders_id_idx: { columns: [id] } } }')
  // PostgreSQL shows it as bigint.
  .replace('columns: { id: bigint, name', 'columns: { id: int8, name')
const other = `version: 1
name: other
schemas:
  elsewhere:
    materialized_views:
      here: { query: SELECT 1 AS one }
`

async function statusOf(fixture: Fixture, options: Partial<StatusOptions> = {}): Promise<StatusReport> {
  const session = await connectTo(fixture.url)('status')
  try {
    return await status(session, { kinds: [], all: false, ...options })
  } finally {
    await session.close()
  }
}

/** `foreign table local.orders: drifted (altered …)`, for those that are not in sync. */
function troubles({ objects }: StatusReport): readonly string[] {
  return objects.flatMap(({ key, state, reason }) => {
    const parts: readonly unknown[] = JSON.parse(key)
    return state === 'in sync' ? [] : [`${parts.join(' ')}: ${state}${reason === undefined ? '' : ` (${reason})`}`]
  })
}

function untimed({ objects }: StatusReport): readonly unknown[] {
  return objects.map(({ freshness, ...object }) => ({ ...object, isStale: freshness?.isStale }))
}

const damage = `
  ALTER SERVER shop OPTIONS (SET port '1');
  ALTER FOREIGN TABLE proxy.orders ALTER COLUMN id SET NOT NULL;
  DROP FOREIGN TABLE proxy.customers;
  REFRESH MATERIALIZED VIEW local.totals WITH NO DATA;
  DROP INDEX local.orders_id_idx;
  DROP MATERIALIZED VIEW elsewhere.here;
  CREATE TABLE elsewhere.here (x int)`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  let fixture: Fixture
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applied(): Promise<Fixture> {
    fixture = await fixtureFor(pair, source)
    for (const manifest of [shop, other]) await applyTo(await fixture.manifest(manifest), fixture.url)
    return fixture
  }

  test('with its manifest: every object, and what is wrong with it', async () => {
    await applied()
    const manifest = await fixture.manifest(shop)
    expect(troubles(await statusOf(fixture, { manifest }))).toEqual([])
    // Of what is proven, only copies are read.
    const proven = untimed(await statusOf(fixture, { manifest }))
    expect(await fixture.sql("DELETE FROM fdwsync.proof WHERE manifest = 'faults' RETURNING 1")).toHaveLength(1)
    expect(untimed(await statusOf(fixture, { manifest }))).toEqual(proven)
    expect(proven.filter((object) => JSON.stringify(object).includes('elsewhere'))).toEqual([])
    await applyTo(manifest, fixture.url)
    const asTable = await fixture.manifest(other.replace('materialized_views', 'tables'))
    expect(troubles(await statusOf(fixture, { manifest: asTable }))).toEqual([
      'schema fdwsync_source: missing (not created yet)',
      'materializedView elsewhere here: drifted (the manifest changed: it becomes table elsewhere.here)',
      'table elsewhere here: missing (materialized view elsewhere.here becomes it)',
    ])
    const check = ['status', '--check']
    expect((await run(fixture, check, shop)).code).toBe(0)
    // Another database than the one that was meant.
    const empty = await run(await fixtureFor(pair, source), check, undefined)
    expect([empty.code, empty.stdout]).toEqual([6, expect.stringContaining('No managed objects found')])
    await fixture.sql(damage)
    expect(troubles(await statusOf(fixture, { manifest }))).toEqual([
      'server shop: drifted (altered outside fdwsync: option port)',
      'foreignTable proxy customers: missing (dropped outside fdwsync)',
      'foreignTable proxy orders: drifted (altered outside fdwsync: column id not null)',
      'materializedView local totals: not populated',
      'index local orders_id_idx: missing (dropped outside fdwsync)',
    ])
    // Those of other manifests, too.
    expect(troubles(await statusOf(fixture, { manifest, all: true }))).toContain(
      'materializedView elsewhere here: drifted (a table has its name)',
    )
    expect((await run(fixture, check, shop)).code).toBe(2)
    expect((await run(fixture, [...check, 'local.orders'], shop)).code).toBe(0)
    expect((await run(fixture, [...check, '--kind', 'foreign-tabel'], shop)).code).toBe(64)
  })

  test('with its manifest, as a role that may try nothing out: what the ledger knows to be wrong', async () => {
    await applied()
    const { user, url } = await fixture.role()
    await fixture.sql(
      `GRANT USAGE ON SCHEMA fdwsync TO ${user}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}; ${damage}`,
    )
    const session = await connectTo(url)('status')
    onTestFinished(() => session.close())
    const statesOf = async (text: string) =>
      troubles(await status(session, { kinds: [], all: false, manifest: await fixture.manifest(text) }))
    const found = await statesOf(shop)
    expect(found).toEqual([
      'server shop: drifted (altered outside fdwsync: option port)',
      'foreignTable proxy customers: missing',
      'foreignTable proxy orders: drifted (altered outside fdwsync: column id not null)',
      'materializedView local totals: not populated',
      'index local orders_id_idx: missing',
    ])
    // Only what is declared as it was applied can be known.
    expect(await statesOf(shop.replace('SELECT id, total', 'SELECT id, total + 1 AS total'))).toEqual([
      ...found.slice(0, 3),
      expect.stringMatching(/^materializedView local orders: unknown .*permission denied/),
      ...found.slice(3),
    ])
  })

  test('without a manifest: what the ledger knows', async () => {
    await applied()
    const report = await statusOf(fixture)
    expect(troubles(report)).toEqual([])
    expect(report.objects.find(({ id }) => id.kind === 'userMapping')).toMatchObject({
      reason: 'except for secrets, which only a comparison with its manifest (-f) includes',
    })
    await fixture.sql(damage)
    expect(troubles(await statusOf(fixture))).toEqual([
      'server shop: drifted (altered outside fdwsync: option port)',
      'foreignTable proxy customers: missing',
      'foreignTable proxy orders: drifted (altered outside fdwsync: column id not null)',
      'materializedView elsewhere here: drifted (a table has its name)',
      'materializedView local totals: not populated',
      'index local orders_id_idx: missing',
    ])
  })

  test('patterns, kinds, and unmanaged objects', async () => {
    await applied()
    await fixture.sql(
      'CREATE MATERIALIZED VIEW local.of_others AS SELECT 1 AS one; CREATE INDEX ON local.of_others (one)',
    )
    const names = async (options: Partial<StatusOptions>) =>
      (await statusOf(fixture, options)).objects.map(({ key }) => JSON.parse(key).join(' '))
    expect(await names({ pattern: 'LOCAL.*', kinds: ['materializedView'] })).toEqual([
      'materializedView local orders',
      'materializedView local totals',
    ])
    expect(await names({ pattern: '*order*' })).toEqual([
      'foreignTable proxy orders',
      'materializedView local orders',
      'index local orders_id_idx',
    ])
    expect(await names({ pattern: 'shop' })).toEqual(['server shop', 'userMapping shop '])
    const all = await statusOf(fixture, { pattern: 'local.of?others', all: true })
    expect(all.objects).toMatchObject([{ state: 'unmanaged', manifests: [], populated: true, indexes: 1 }])
    await expect(names({ pattern: '"LOCAL".*' })).rejects.toThrow('no object matches ""LOCAL".*"')
  })

  test('text and JSON', async () => {
    await applied()
    await fixture.sql(damage)
    const manifest = await fixture.manifest(shop)
    const report = await statusOf(fixture, { manifest })
    const text = renderStatus(report, { style: new Chalk({ level: 0 }), columns: 80 })
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(text).toMatch(/^ {2}materialized view {2}local\.orders +in sync +0 +\d+ s ago$/m)
    expect(text).toMatch(/^ {2}materialized view {2}local\.totals +not populated +0 +none$/m)
    expect(text).toMatch(/^\d+ objects: \d+ in sync, 2 drifted, 2 missing, 1 not populated · fdwsync apply/m)
    const json = await run(fixture, ['status', '--format', 'json'], shop)
    const validate = new Ajv2020().compile(
      JSON.parse(readFileSync(new URL('../../../schemas/status.schema.json', import.meta.url), 'utf8')),
    )
    expect(validate(JSON.parse(json.stdout)), JSON.stringify(validate.errors)).toBe(true)
  })

  test('when data was last loaded, once the ledger has it', async () => {
    await applied()
    await fixture.sql(`
      DELETE FROM fdwsync.refresh;
      INSERT INTO fdwsync.refresh (id, manifest, address, how, refreshed_by, started_at, ended_at, outcome)
      SELECT gen_random_uuid(), 'faults', '["materializedView","local","orders"]', 'plain', 'me', now() - age, now(), outcome
        FROM (VALUES (interval '3 hours', 'applied'), ('1 minute', 'failed')) AS r(age, outcome)`)
    const report = await statusOf(fixture, { pattern: 'local.orders' })
    expect(renderStatus(report, { style: new Chalk({ level: 0 }), columns: 80 })).toMatch(/ 1 +3 h ago$/m)
  })

  test('a running REFRESH is not waited for', async () => {
    fixture = await fixtureFor(pair, source)
    const gated = shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' })
    await applyTo(await fixture.manifest(gated), fixture.url)
    const gate = await closeGate(fixture)
    const refresh = start(fixture, ['refresh'], gated).ended
    await waiting(fixture, 'load')
    expect(troubles(await statusOf(fixture, { manifest: await fixture.manifest(gated) }))).toEqual([])
    expect(troubles(await statusOf(fixture, { pattern: 'local.*' }))).toEqual([])
    await gate.open()
    expect((await refresh).code).toBe(0)
  })
})
