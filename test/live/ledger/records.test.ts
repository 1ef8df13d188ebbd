// What applies and refreshes record in the ledger.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestApply, refreshesOf, stepsOf } from '../../support/ledger.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { eventLog, missedOf } from '../../support/outcomes.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const doubled = shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders' })
const origin = { user: 'ada', host: 'runner-3', commit: '1a2b3c', repository: 'https://git.example/shop' }

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function refreshAll(fixture: Fixture, text: string, url = fixture.url) {
    const log = eventLog()
    const report = await refresh(await fixture.manifest(text), [], connectTo(url), {
      ...applyDefaults,
      ...log,
      hidden: [],
    })
    const warnings = log.events.flatMap((event) => (event.type === 'warning' ? [event.reason] : []))
    return { outcomes: report.views.map(({ outcome }) => outcome.status), warnings }
  }

  test('who applied what, from where, and the outcome: definitions, loads, replacements, failures', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    const { report } = await applyTo(parsed, fixture.url, { origin })
    const [database] = await fixture.sql('SELECT oid FROM pg_database WHERE datname = current_database()')
    expect(await newestApply(fixture)).toMatchObject({
      id: report?.applyId,
      manifest: 'faults',
      applied_by: pair.target.user,
      applied_from: expect.stringMatching(/^(socket|[0-9a-f.:]+)$/),
      client_user: 'ada',
      client_host: 'runner-3',
      git_commit: '1a2b3c',
      repository: 'https://git.example/shop',
      outcome: 'applied',
      manifest_digest: parsed.digest,
      database_name: fixture.target.name,
      database_oid: database?.oid,
      system_identifier: expect.stringMatching(/^\d+$/),
      lease_pid: expect.any(Number),
      ended_at: expect.any(Date),
    })
    expect(parsed.digest).toMatch(/^[0-9a-f]{64}$/)
    const summary = JSON.stringify((await newestApply(fixture))?.summary)
    expect(summary).toContain('"server shop"')
    expect(summary).not.toContain(pair.source.password)
    expect(await stepsOf(fixture)).toContain('applied create server shop')
    expect(await stepsOf(fixture)).toContain('applied populate materialized view local.orders')
    expect(await refreshesOf(fixture)).toEqual(['applied orders plain 50'])

    await applyTo(await fixture.manifest(doubled), fixture.url)
    expect(await stepsOf(fixture)).toEqual(['applied replace materialized view local.orders'])
    expect(await fixture.sql('SELECT count(*)::int AS count FROM fdwsync.apply')).toEqual([{ count: 2 }])
    expect(await refreshesOf(fixture)).toEqual(['applied orders plain 50', 'applied orders plain 50'])

    const broken = shopManifest({
      orders: 'SELECT id, total * 2 AS total FROM proxy.orders',
      bad: 'SELECT 1 / (id - 7) AS x FROM proxy.orders',
    })
    await applyTo(await fixture.manifest(broken), fixture.url)
    expect(await newestApply(fixture)).toMatchObject({ outcome: 'applied in part', ended_at: expect.any(Date) })
    expect(await stepsOf(fixture)).toEqual([
      'applied create materialized view local.bad',
      'failed populate materialized view local.bad',
    ])
    expect(await fixture.sql("SELECT outcome, reason FROM fdwsync.refresh WHERE outcome <> 'applied'")).toEqual([
      { outcome: 'failed', reason: expect.stringContaining('division by zero') },
    ])
  })

  test('failed definitions are recorded if the ledger existed before', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql(`CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('application_name') = 'fdwsync define' THEN RAISE 'not today'; END IF; END $$;
      CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('ALTER FOREIGN TABLE') EXECUTE FUNCTION public.no()`)
    const { report } = await applyTo(await fixture.manifest(shop.replace('note: text', 'note: varchar')), fixture.url)
    expect(missedOf(report).join()).toContain('not today')
    expect(await newestApply(fixture)).toMatchObject({
      id: report?.applyId,
      outcome: 'failed',
      ended_at: expect.any(Date),
    })
    expect(await stepsOf(fixture)).toEqual([expect.stringMatching(/^failed alter foreign table proxy.orders/)])
  })

  test('a refresh without INSERT on the ledger works, with a warning that it cannot be recorded', async () => {
    const fixture = await fixtureFor(pair, source)
    const views = shopManifest({ orders: 'SELECT id, total FROM proxy.orders', here: 'SELECT 1 AS id' })
    const indexed = views.replace(
      'here: { query',
      'here: { indexes: { here_id: { unique: true, columns: [id] } }, query',
    )
    await applyTo(await fixture.manifest(indexed), fixture.url)
    await fixture.sql('DELETE FROM fdwsync.refresh')
    expect(await refreshAll(fixture, indexed)).toEqual({ outcomes: ['applied', 'applied'], warnings: [] })
    expect([...(await refreshesOf(fixture))].sort()).toEqual([
      'applied here concurrently',
      expect.stringMatching(/^applied orders (plain|swap) 50$/),
    ])

    const { user, url } = await fixture.role()
    await fixture.sql(`ALTER MATERIALIZED VIEW local.here OWNER TO ${user}; GRANT USAGE ON SCHEMA local TO ${user}`)
    const only = shopManifest({ here: 'SELECT 1 AS id' })
    const refused = {
      outcomes: ['applied'],
      warnings: [expect.stringContaining(`${user} has no USAGE on schema fdwsync`)],
    }
    expect(await refreshAll(fixture, only, url)).toEqual(refused)
    await fixture.sql(
      `GRANT USAGE ON SCHEMA fdwsync TO ${user}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}`,
    )
    const { warnings } = await refreshAll(fixture, only, url)
    expect(warnings).toEqual([expect.stringContaining(`${user} has no INSERT on fdwsync.refresh`)])
    expect(await refreshesOf(fixture)).toHaveLength(2)
    await fixture.sql(`GRANT INSERT ON fdwsync.refresh TO ${user}`)
    expect(await refreshAll(fixture, only, url)).toEqual({ outcomes: ['applied'], warnings: [] })
    expect(await fixture.sql(`SELECT manifest FROM fdwsync.refresh WHERE refreshed_by = '${user}'`)).toHaveLength(1)
  })

  test('every table has a primary key, and README.md repeats the comment of every column', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const columns = await fixture.sql(`
      SELECT c.relname AS table, a.attname AS column, col_description(c.oid, a.attnum) AS comment,
             obj_description(c.oid) AS about, EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary) AS key
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'fdwsync'::regnamespace AND c.relkind = 'r' ORDER BY c.relname, a.attnum`)
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    for (const { table, column, comment, about, key } of columns) {
      const where = `${table}.${column}`
      expect([key, Boolean(comment), Boolean(about)], where).toEqual([true, true, true])
      expect(readme, where).toContain(`| \`${table}\` | \`${column}\` | ${comment} |`)
    }
  })
})
