// Unmanaged views over what is replaced: rebuilt, recreated, or named as what blocks the replacement.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import { release } from '../../../src/api/release.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const manifest = (total: string, where = '') => `${head()}
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "${total}" } }
  local:
    materialized_views:
      orders: { query: "SELECT id, total FROM proxy.orders ${where}" }
`

/** Another manifest, over the tables of the first. */
const above = (kind: string, more = '') => `
version: 1
name: above
schemas:
  reports:
    ${kind.replace(' ', '_')}s:
      summed: { query: "SELECT sum(total) AS total FROM local.orders", indexes: { summed_x: { columns: [total] } }${more} }
`

const retyped = manifest('numeric(12,3)')
const counts = 'SELECT count(*)::int AS count FROM reports.seen'

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function setUp(): Promise<Fixture> {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), fixture.url)
    await fixture.sql(
      'CREATE SCHEMA reports; CREATE MATERIALIZED VIEW reports.seen AS SELECT id, total FROM local.orders',
    )
    await fixture.sql('CREATE VIEW reports.plain AS SELECT total FROM local.orders')
    return fixture
  }

  test('a view of a role that the applying role is no member of blocks the plan, which names the role', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await fixture.role()
    await fixture.sql(
      `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
    )
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), url)
    await fixture.sql('CREATE MATERIALIZED VIEW public.seen AS SELECT id, total FROM local.orders')
    await fixture.sql('CREATE VIEW public.ids AS SELECT id FROM local.orders')
    const [refusal] = (await planFor(await fixture.manifest(retyped), url)).refusals
    const owner = pair.target.user
    expect(refusal).toMatchObject({
      reason: expect.stringContaining(
        `view public.seen (it belongs to ${owner}), view public.ids (it belongs to ${owner})`,
      ),
      hint: expect.stringContaining(`Grant membership in ${owner} to the role that applies`),
    })
  })

  test('a role without superuser rebuilds views of roles that it is a member of; a schema in which it has no CREATE is a refusal', async () => {
    const fixture = await fixtureFor(pair, source)
    const [{ url, user }, owner] = [await fixture.role(), await fixture.role()]
    await fixture.sql(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT ${owner.user} TO ${user};
      GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`)
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), url)
    await fixture.sql(`CREATE SCHEMA reports AUTHORIZATION ${owner.user}; SET ROLE ${user};
      GRANT USAGE ON SCHEMA local TO ${owner.user}; GRANT SELECT ON local.orders TO ${owner.user}; SET ROLE ${owner.user};
      CREATE MATERIALIZED VIEW reports.seen AS SELECT id, total FROM local.orders`)
    expect(missedOf((await applyTo(await fixture.manifest(retyped), url)).report)).toEqual([])
    expect(await fixture.sql(counts)).toEqual([{ count: 50 }])

    await fixture.sql(
      `ALTER SCHEMA reports OWNER TO ${pair.target.user}; GRANT USAGE ON SCHEMA reports TO ${owner.user}`,
    )
    const plan = await planFor(await fixture.manifest(manifest('numeric(14,3)')), url)
    expect(plan.refusals.map(({ reason }) => reason).join()).toContain(
      `materialized view reports.seen (${user} has no CREATE on its schema)`,
    )
  })

  test('data over a plain view in the schema of another role is probed without owning that schema', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await fixture.role()
    await fixture.sql(
      `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
    )
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), url)
    await fixture.sql(`CREATE SCHEMA reports; GRANT USAGE, CREATE ON SCHEMA reports TO ${user}; SET ROLE ${user};
      CREATE VIEW reports.plain AS SELECT total FROM local.orders`)
    const copied = (total: string) => `${manifest(total)}      copied: { query: SELECT total FROM reports.plain }\n`
    await applyTo(await fixture.manifest(copied('numeric(10,2)')), url)
    const parsed = await fixture.manifest(copied('numeric(12,3)'))
    expect(missedOf((await applyTo(parsed, url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  })

  test('a temporary view of another session and a locked view block the plan, which names both', async () => {
    const fixture = await setUp()
    const other = await fixture.client()
    const reasons = async () =>
      (await planFor(await fixture.manifest(retyped), fixture.url)).refusals
        .map(({ reason, hint }) => `${reason} ${hint}`)
        .join()
    await other.query('CREATE TEMP VIEW mine AS SELECT total FROM local.orders')
    expect(await reasons()).toMatch(/view pg_temp_\d+\.mine \(it is a temporary view of another session\)/)
    await other.query('DROP VIEW mine; BEGIN; LOCK TABLE reports.plain')
    expect(await reasons()).toMatch(/view reports\.plain \(.* locked .*\) Plan again when that is done\./)
    await other.query('COMMIT')
    expect(await reasons()).toBe('')
  })

  test('a view that changes between the plan and its confirmation is left alone', async () => {
    const fixture = await setUp()
    const parsed = await fixture.manifest(retyped)
    const request = {
      parsed,
      connect: connectTo(fixture.url),
      populate: true,
      unattended: false,
      options: applyDefaults,
    }
    let asked = 0
    const { report } = await planAndApply(request, async () => {
      asked += 1
      await fixture.sql(
        'DROP MATERIALIZED VIEW reports.seen; CREATE MATERIALIZED VIEW reports.seen AS SELECT id FROM local.orders',
      )
      return true
    })
    expect(asked).toBe(1)
    expect(missedOf(report).join()).toContain(
      'materialized view reports.seen was changed by another session since the plan was created',
    )
    expect(await fixture.sql(counts)).toEqual([{ count: 50 }])
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('the plan shows what is kept and how many rows are loaded, as last counted', async () => {
    const fixture = await setUp()
    const index = ', indexes: { no_longer_declared: { columns: [id] } } }'
    await applyTo(await fixture.manifest(manifest('numeric(10,2)').replace(/ }\n$/, index)), fixture.url)
    await fixture.sql(
      `CREATE INDEX seen_id ON reports.seen (id); CREATE STATISTICS reports.pair ON id, total FROM reports.seen; ANALYZE;
       ALTER VIEW reports.plain ALTER COLUMN total SET DEFAULT 5; CREATE RULE kept AS ON DELETE TO reports.plain DO INSTEAD NOTHING`,
    )
    const { changes } = await planFor(await fixture.manifest(retyped), fixture.url)
    const shown = changes.map(({ title, predecessor }) => [title, predecessor?.rows, predecessor?.keeps])
    expect(shown).toEqual([
      ['foreign table proxy.orders', null, []],
      ['materialized view local.orders', 50, []],
      ['materialized view reports.seen', 50, ['index reports.seen_id', 'statistics reports.pair']],
      ['view reports.plain', null, ['default of total', 'rule kept']],
      ['index local.no_longer_declared', undefined, undefined],
    ])
  })

  const meddling: Readonly<Record<string, string>> = {
    'a grant on the managed view': 'GRANT SELECT ON local.orders TO PUBLIC',
    'an index on the unmanaged view': 'CREATE INDEX seen_id ON reports.seen (id)',
    'a trigger': `CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER noted BEFORE INSERT ON proxy.orders FOR EACH ROW EXECUTE FUNCTION public.noted()`,
    statistics: 'CREATE STATISTICS reports.pair ON id, total FROM local.orders',
    'a comment on a column': "COMMENT ON COLUMN reports.seen.total IS 'in all'",
    'a grant on a plain view': 'GRANT SELECT ON reports.plain TO PUBLIC',
    'a rule of a plain view': 'CREATE RULE nothing AS ON DELETE TO reports.plain DO INSTEAD NOTHING',
    'another query of a plain view':
      'CREATE OR REPLACE VIEW reports.plain AS SELECT total FROM local.orders WHERE id > 1',
  }

  test('what another session does while a successor is built is noticed, and not lost', async () => {
    const fixture = await setUp()
    const parsed = await fixture.manifest(manifest('numeric(12,3)', 'WHERE public.gate()'))
    for (const [what, sql] of Object.entries(meddling)) {
      const gate = await closeGate(fixture)
      const applying = applyTo(parsed, fixture.url)
      await waiting(fixture, 'load')
      await fixture.sql(sql)
      await gate.open()
      expect(missedOf((await applying).report).join(), what).toMatch(
        /was changed by another session while its successor was built/,
      )
      expect(await fixture.sql(counts), what).toEqual([{ count: 50 }])
      expect(await fixture.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'"), what).toEqual([])
    }
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a table that becomes a child while its successor is built is noticed', async () => {
    const fixture = await fixtureFor(pair, source)
    const withTable = (text: string) => fixture.manifest(text.replace('materialized_views:', 'tables:'))
    await applyTo(await withTable(manifest('numeric(10,2)')), fixture.url)
    await fixture.sql('CREATE TABLE local.parent (id bigint)')
    const gate = await closeGate(fixture)
    const parsed = await withTable(manifest('numeric(12,3)', 'WHERE public.gate()'))
    const applying = applyTo(parsed, fixture.url)
    await waiting(fixture, 'load')
    await fixture.sql('ALTER TABLE local.orders INHERIT local.parent')
    await gate.open()
    expect(missedOf((await applying).report).join()).toMatch(
      /was changed by another session while its successor was built/,
    )
    expect(await fixture.sql('SELECT inhparent::regclass::text AS parent FROM pg_inherits')).toEqual([
      { parent: 'local.parent' },
    ])
  })

  test('a security label that cannot be restored, since its provider is not loaded, is not lost', async () => {
    const fixture = await setUp()
    await fixture.sql(`SET allow_system_table_mods = on;
      INSERT INTO pg_seclabel VALUES ('reports.seen'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret')`)
    const { report } = await applyTo(await fixture.manifest(retyped), fixture.url)
    expect(missedOf(report).join()).toContain('security label provider "dummy" is not loaded')
    expect(await fixture.sql(`SELECT label FROM pg_seclabel WHERE objoid = 'reports.seen'::regclass`)).toEqual([
      { label: 'secret' },
    ])
  })

  test.each([
    'materialized view',
    'table',
  ])('a %s of another manifest is rebuilt and still as that one declares, unless it is protected there', async (kind) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), fixture.url)
    await applyTo(await fixture.manifest(above(kind)), fixture.url)
    const [before] = await fixture.sql("SELECT 'reports.summed'::regclass::oid::int8 AS oid")
    expect(missedOf((await applyTo(await fixture.manifest(retyped), fixture.url)).report)).toEqual([])
    expect(await fixture.sql("SELECT 'reports.summed'::regclass::oid::int8 AS oid")).not.toEqual([before])
    expect(await fixture.sql('SELECT total::text FROM reports.summed')).toEqual(
      await fixture.sql('SELECT sum(total)::text AS total FROM local.orders'),
    )
    const theirs = await planFor(await fixture.manifest(above(kind)), fixture.url)
    expect(changesOf(theirs).filter((change) => !change.startsWith('adopt'))).toEqual([])
    expect(await fixture.sql("SELECT DISTINCT manifest FROM fdwsync.object WHERE address LIKE '%reports%'")).toEqual([
      { manifest: 'above' },
    ])

    await applyTo(await fixture.manifest(above(kind, ', protect: true')), fixture.url)
    const plan = await planFor(await fixture.manifest(manifest('numeric(14,3)')), fixture.url)
    expect(plan.refusals.map(({ title, reason }) => `${title}: ${reason}`)).toEqual([
      `${kind} reports.summed: it is protected, and would be replaced: materialized view local.orders`,
    ])
  })

  test('a table that was released may have other rows by now: it blocks the plan until it has no query', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('numeric(10,2)')), fixture.url)
    await applyTo(await fixture.manifest(above('table')), fixture.url)
    const connect = connectTo(fixture.url)
    const request = {
      manifest: 'above',
      mustExist: true,
      patterns: ['reports.summed'],
      connect,
      options: applyDefaults,
    }
    await release(request, async () => true)
    await fixture.sql('INSERT INTO reports.summed VALUES (-1)')
    const parsed = await fixture.manifest(retyped)
    const [refusal] = (await planFor(parsed, fixture.url)).refusals
    expect(refusal).toMatchObject({
      reason: expect.stringContaining('table reports.summed (no manifest manages it, so its rows may be others'),
      hint: 'To keep it with its rows, drop its query: DROP VIEW fdwsync_source."reports.summed";',
    })
    await fixture.sql('DROP VIEW fdwsync_source."reports.summed"')
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(await fixture.sql('SELECT FROM reports.summed WHERE total = -1')).toHaveLength(1)
  })
})
