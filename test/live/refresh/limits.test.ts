// What a refresh is held to: a timeout, connections to a source, retries of what may pass, and what it need not do.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { endIdle, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting, waitingAlone } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { eventLog, missedOf } from '../../support/outcomes.ts'

const gated = shopManifest({ a: 'SELECT 1 AS one WHERE public.gate()', b: 'SELECT 2 AS two' })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a timeout cancels one refresh, the old data stay, and the failure is recorded; the others go on', async () => {
    const fixture = await fixtureFor(pair, source)
    const text = gated.replace('public.gate()"', 'public.gate()", refresh: { timeout: 200ms, strategy: swap }')
    await applyTo(await fixture.manifest(text), fixture.url)
    const gate = await closeGate(fixture)
    const { code, stdout } = await run(fixture, ['refresh', '--width', '200'], text)
    expect(stdout).toMatch(/failed materialized view local.a: it took longer than 0.2 s and was cancelled/)
    expect(code).toBe(5)
    expect(await fixture.sql('SELECT (SELECT one FROM local.a) AS one, (SELECT two FROM local.b) AS two')).toEqual([
      { one: 1, two: 2 },
    ])
    const failed = await fixture.sql("SELECT address FROM fdwsync.refresh WHERE outcome = 'failed'")
    expect(failed).toEqual([{ address: '["materializedView","local","a"]' }])
    await gate.open()
    const longer = await run(fixture, ['refresh', 'a', '--timeout', '1min'], text)
    expect(longer.code).toBe(0)
  })

  test('max_connections: no more connections to the source at once, over the whole run', async () => {
    const fixture = await fixtureFor(pair, source)
    const names = ['v1', 'v2', 'v3', 'v4']
    const queries = names.map((name) => [name, 'SELECT id FROM proxy.orders WHERE id > 0 AND public.gate()'])
    const text = shopManifest(Object.fromEntries(queries)).replace('  shop:\n', '  shop:\n    max_connections: 2\n')
    await applyTo(await fixture.manifest(text), fixture.url)
    const gate = await closeGate(fixture)
    const refreshing = refresh(await fixture.manifest(text), [], connectTo(fixture.url), refreshDefaults)
    const connections = async () => {
      const rows = await runSql(
        source.url,
        "SELECT FROM pg_stat_activity WHERE application_name = 'postgres_fdw' AND datname = current_database()",
      )
      return rows.length
    }
    let most = 0
    await until('two loads', async () => {
      const count = await connections()
      most = Math.max(most, count)
      return count === 2
    })
    await gate.open()
    let isOver = false
    const watching = until('the end', async () => {
      most = Math.max(most, await connections())
      return isOver
    })
    const { views } = await refreshing
    isOver = true
    await watching
    expect(views.map(({ outcome }) => outcome.status)).toEqual(names.map(() => 'applied'))
    expect(most).toBe(2)
  })

  test('a role that may have few connections: loads that get none wait for others to end', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user, url } = await fixture.role()
    await fixture.sql(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user};
      GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}; ALTER ROLE ${user} CONNECTION LIMIT 2`)
    const names = ['v1', 'v2', 'v3', 'v4', 'v5']
    const parsed = await fixture.manifest(
      shopManifest(Object.fromEntries(names.map((name) => [name, 'SELECT id FROM proxy.orders']))),
    )
    await expect(applyTo(parsed, url)).rejects.toMatchObject({
      problems: [{ code: 'connection/too-many', hint: expect.stringContaining('at least three connections') }],
    })
    expect(await fixture.sql("SELECT to_regnamespace('local') AS local")).toEqual([{ local: null }])
    await fixture.sql(`ALTER ROLE ${user} CONNECTION LIMIT 3`)
    expect(missedOf((await applyTo(parsed, url)).report)).toEqual([])
    await endIdle(url)
    const { views } = await refresh(parsed, [], connectTo(url), { ...refreshDefaults, strategy: 'swap' })
    expect(views.map(({ outcome }) => outcome)).toEqual(names.map(() => expect.objectContaining({ status: 'applied' })))
  })

  test('a load whose connection is lost is repeated, which is printed', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(gated), fixture.url)
    for (const strategy of ['plain', 'swap'] as const) {
      const gate = await closeGate(fixture)
      const log = eventLog()
      const refreshing = refresh(await fixture.manifest(gated), [], connectTo(fixture.url), {
        ...refreshDefaults,
        ...log,
        strategy,
      })
      const pid = await waitingAlone(fixture, 'load')
      await fixture.sql(`SELECT pg_terminate_backend(${pid})`)
      await until('the retry', () => log.events.some(({ type }) => type === 'retrying'))
      await gate.open()
      expect((await refreshing).views.map(({ outcome }) => outcome.status)).toEqual(['applied', 'applied'])
      expect(log.events).toContainEqual(
        expect.objectContaining({
          type: 'retrying',
          reason: expect.stringMatching(/local.a: the connection .* was lost/),
        }),
      )
    }
  })

  test('what a source will refuse again is not repeated', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shopManifest({ orders: 'SELECT id, total FROM proxy.orders' }))
    await applyTo(parsed, fixture.url)
    await fixture.sql(`ALTER USER MAPPING FOR public SERVER shop OPTIONS (SET password 'another')`)
    const log = eventLog()
    const { views } = await refresh(parsed, [], connectTo(fixture.url), { ...refreshDefaults, ...log })
    expect(views).toMatchObject([
      { outcome: { status: 'failed', hint: 'Check user and password of the user mapping.' } },
    ])
    expect(log.events.filter(({ type }) => type === 'retrying')).toEqual([])
  })

  test('a copy that another refresh swaps meanwhile is swapped again, and recorded', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(gated)
    await applyTo(parsed, fixture.url)
    const log = eventLog()
    const swapping = { ...refreshDefaults, ...log, jobs: 1, strategy: 'swap' } as const
    const swap = (...names: readonly string[]) => refresh(parsed, names, connectTo(fixture.url), swapping)
    const waitFor = (number: number) =>
      until(`${number} to wait`, async () => {
        const rows = await fixture.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'fdwsync load' AND wait_event_type = 'Lock'`)
        return rows.length === number
      })
    const gate = await closeGate(fixture)
    // The first one comes to b when another has swapped it, and swaps a at the same time as the last.
    const all = swap()
    await waitFor(1)
    await swap('local.b')
    const again = swap('local.a')
    await waitFor(2)
    await gate.open()
    const reports = await Promise.all([all, again])
    expect(reports.flatMap(({ views }) => views.map(({ outcome }) => outcome.status))).toEqual(Array(3).fill('applied'))
    expect(log.events.filter(({ type }) => type === 'retrying')).toMatchObject([
      { reason: expect.stringContaining('was replaced by another session at the same time') },
    ])
    const recorded =
      await fixture.sql(`SELECT object_oid = to_regclass(format('%I.%I', address::json ->> 1, address::json ->> 2)) AS is
      FROM fdwsync.object WHERE address LIKE '["materializedView"%'`)
    expect(recorded).toEqual([{ is: true }, { is: true }])
  })

  test('skip_if_same: the same answer as at the last refresh is a check that reads nothing; another one is a refresh', async () => {
    const fixture = await fixtureFor(pair, source)
    const asking = 'SELECT count(*) AS answer, max(total) AS a, count(*) AS a FROM proxy.orders'
    const text = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' }).replace(
      'FROM proxy.orders"',
      `FROM proxy.orders", refresh: { skip_if_same: "${asking}" }`,
    )
    await applyTo(await fixture.manifest(text), fixture.url)
    const outcomes = async () => {
      const { views } = await refresh(await fixture.manifest(text), [], connectTo(fixture.url), refreshDefaults)
      return views.map(({ how, outcome }) => [how === undefined ? 'skipped' : 'refreshed', outcome.status])
    }
    // The load of the apply has not asked.
    expect(await outcomes()).toEqual([['refreshed', 'applied']])
    expect(await outcomes()).toEqual([['skipped', 'applied']])
    await runSql(source.url, 'UPDATE orders SET total = 1000 WHERE id = 50')
    expect(await outcomes()).toEqual([['refreshed', 'applied']])
    expect(await fixture.sql('SELECT max(total)::float FROM local.orders')).toEqual([{ max: 1000 }])
    const { code, stdout } = await run(fixture, ['refresh'], text)
    expect(stdout).toMatch(/local\.orders +skipped +same as \d+ m?s ago .*\nRefreshed 0 of 1 view; 1 had not changed\./)
    expect(code).toBe(0)
    const recorded = await fixture.sql('SELECT outcome, reason FROM fdwsync.refresh ORDER BY started_at')
    expect(recorded.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'skipped', 'applied', 'skipped'])
    await runSql(source.url, 'UPDATE orders SET total = 75 WHERE id = 50')
    const unknown = await fixture.manifest(text.replace('max(total)', 'max(nothing)'))
    await expect(planFor(unknown, fixture.url)).rejects.toThrow('skip_if_same: column "nothing" does not exist')
    const failing = text.replace(asking, 'SELECT 1 / (count(*) - count(*)) FROM proxy.orders')
    await applyTo(await fixture.manifest(failing), fixture.url)
    const { views } = await refresh(await fixture.manifest(failing), [], connectTo(fixture.url), refreshDefaults)
    expect(views[0]?.outcome).toMatchObject({ reason: 'skip_if_same: the source reports: division by zero' })

    const gated = await fixture.manifest(text.replace(asking, 'SELECT public.gate()'))
    await applyTo(gated, fixture.url)
    const gate = await closeGate(fixture)
    const interrupt = new AbortController()
    const options = { ...refreshDefaults, signal: interrupt.signal }
    const interrupted = refresh(gated, [], connectTo(fixture.url), options)
    await waiting(fixture, 'load')
    interrupt.abort(new FdwsyncError({ code: 'usage/interrupted', message: 'interrupted' }))
    expect((await interrupted).views.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'failed', reason: 'interrupted' },
    ])
    await gate.open()
  })

  test('once an apply has changed what is read, earlier answers and watermarks do not count', async () => {
    const fixture = await fixtureFor(pair, source)
    await runSql(source.url, 'CREATE TABLE others AS SELECT id, total + 1 AS total, note FROM orders')
    onTestFinished(() => runSql(source.url, 'DROP TABLE others').then(() => {}))
    await fixture.sql(`CREATE TABLE parts (id bigint, total numeric(10,2), note text) PARTITION BY LIST (note);
      CREATE TABLE parent (id bigint, total numeric(10,2), note text)`)
    const children = [
      'partition_of: { table: { schema: public, name: parts }, default: true }',
      'inherits: [{ schema: public, name: parent }]',
    ].map(
      (parents, at) => `
      child_${at}:
        server: shop
        ${parents}
        options: { schema_name: public, table_name: orders }
        columns: { id: bigint, total: "numeric(10,2)", note: text }`,
    )
    const asking = 'refresh: { skip_if_same: SELECT count(*) FROM proxy.orders }'
    const grows = 'primary_key: [id], refresh: { watermark: { column: id, overlap: 0 } }'
    const text = shopManifest({ asked: 'SELECT id, total FROM proxy.orders' })
      .replace('FROM proxy.orders"', `FROM proxy.orders", ${asking}`)
      .replace('foreign_tables:', `foreign_tables:${children.join('')}`)
      .concat(`    tables:
      grown: { query: "SELECT id, total FROM proxy.orders", ${grows} }
      inherited: { query: "SELECT id, total FROM public.parent", ${grows.replace('refresh: {', 'refresh: { strategy: watermark,')} }
      parted: { query: "SELECT id, total FROM public.parts", ${grows} }
      copied: { query: SELECT * FROM local.grown, ${grows} }
`)
    const refreshAll = async (manifest: string) =>
      (await refresh(await fixture.manifest(manifest), [], connectTo(fixture.url), refreshDefaults)).views
    await applyTo(await fixture.manifest(text), fixture.url)
    await refreshAll(text)
    const remembered = () =>
      fixture.sql(`SELECT DISTINCT address::jsonb ->> 2 AS copy FROM fdwsync.refresh
                    WHERE coalesce(state -> 'watermark', to_jsonb(answer)) IS NOT NULL ORDER BY copy`)
    expect(await remembered()).toEqual(['asked', 'copied', 'grown', 'inherited', 'parted'].map((copy) => ({ copy })))
    const partMoved = text
      .replaceAll('table_name: orders', 'table_name: others')
      .replace('default: true', "for_values: IN ('a')")
    const moved = partMoved.replace('schema_name: public }', 'schema_name: public, table_name: others }')
    const kept = [
      ['asked', 'copied', 'grown'],
      ['inherited', 'parted'],
    ].map((copies) => copies.map((copy) => ({ copy })))
    for (const [at, manifest] of [partMoved, moved].entries()) {
      await applyTo(await fixture.manifest(manifest), fixture.url)
      expect(await remembered()).toEqual(kept[at])
      await refreshAll(manifest)
    }
    for (const copy of ['asked', 'grown', 'copied', 'inherited', 'parted']) {
      const query = `SELECT count(*)::int FROM local.${copy} AS c LEFT JOIN proxy.orders AS o USING (id) WHERE c.total IS DISTINCT FROM o.total`
      expect([copy, await fixture.sql(query)]).toEqual([copy, [{ count: 0 }]])
    }
  })

  test('skip_if_same is asked with the rights of the owner, from which nothing leads back to those of the role that refreshes', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user, url } = await fixture.role()
    const asked = (body: string) =>
      fixture.sql(
        `CREATE OR REPLACE FUNCTION own.asked() RETURNS text LANGUAGE plpgsql AS 'BEGIN ${body} RETURN current_user; END'`,
      )
    await fixture.sql(
      `CREATE SCHEMA own AUTHORIZATION ${user}; CREATE TABLE own.log (who text); ALTER TABLE own.log OWNER TO ${user}`,
    )
    await asked('INSERT INTO own.log VALUES (current_user);')
    const text = shopManifest({ a: 'SELECT 1 AS one' }).replace(
      'AS one"',
      `AS one", owner: ${user}, refresh: { skip_if_same: SELECT own.asked() }`,
    )
    await applyTo(await fixture.manifest(text), fixture.url)
    const outcome = async (database = fixture.url) =>
      (await refresh(await fixture.manifest(text), [], connectTo(database), refreshDefaults)).views[0]?.outcome
    expect(await outcome()).toMatchObject({ status: 'applied' })
    expect(await fixture.sql('SELECT who FROM own.log')).toEqual([{ who: user }])
    // The owner cannot read what it returned at the last refresh, so it is not asked.
    await fixture.sql(`GRANT USAGE ON SCHEMA local TO ${user}`)
    expect(await outcome(url)).toMatchObject({ status: 'applied' })
    expect(await fixture.sql('SELECT who FROM own.log')).toHaveLength(1)
    await asked('RESET ROLE;')
    expect(await outcome()).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('security-definer function'),
    })
  })

  test.each(['plain', 'swap'] as const)('a group is refreshed whole, of one moment, by %s', async (strategy) => {
    const own = await createSource(pair)
    const fixture = await fixtureFor(pair, own)
    onTestFinished(() => own.drop())
    const query = 'SELECT count(*)::int AS count FROM proxy.orders'
    const text = shopManifest({ a: query, b: `${query} WHERE public.gate()` }).replaceAll(
      /( [ab]: \{ query: "[^"]*")/g,
      '$1, refresh: { group: both }',
    )
    await applyTo(await fixture.manifest(text), fixture.url)
    const gate = await closeGate(fixture)
    const refreshing = refresh(await fixture.manifest(text), ['a'], connectTo(fixture.url), {
      ...refreshDefaults,
      strategy,
    })
    await waiting(fixture, 'load')
    await runSql(own.url, "INSERT INTO orders VALUES (1000, 1, 'late')")
    await gate.open()
    expect((await refreshing).views.map(({ outcome }) => outcome.status)).toEqual(['applied', 'applied'])
    expect(await fixture.sql('SELECT a.count AS a, b.count AS b FROM local.a, local.b')).toEqual([{ a: 50, b: 50 }])
  })

  test('a wait for a lock is an event that names who holds it; --events - writes events, and the report elsewhere', async () => {
    const fixture = await fixtureFor(pair, source)
    const text = shopManifest({ a: 'SELECT 1 AS one' })
    await applyTo(await fixture.manifest(text), fixture.url)
    const reader = await fixture.client()
    await reader.query('BEGIN; SELECT * FROM local.a')
    const log = eventLog()
    const options = { ...refreshDefaults, ...log, strategy: 'plain' } as const
    const refreshing = refresh(await fixture.manifest(text), [], connectTo(fixture.url), options)
    await until('the event', () =>
      log.events.some((event) => event.type === 'progress' && event.waitsFor?.includes('process')),
    )
    await reader.query('COMMIT')
    expect((await refreshing).views[0]?.outcome.status).toBe('applied')

    const { code, stdout, stderr } = await run(fixture, ['refresh', '--events', '-'], text)
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type)
    expect(types).toEqual(['stage-started', 'step-started', 'step-finished'])
    expect(stderr).toMatch(/Refreshed 1 view\./)
    expect(code).toBe(0)
    const wrong = await run(fixture, ['refresh', '--events', '/nowhere/events'], text)
    expect(wrong).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/--events \/nowhere\/events: the file cannot be written/),
    })
  })
})
