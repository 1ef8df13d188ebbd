// fdwsync.refresh(): what it does by which strategy and policy, what it records, and who may call it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { eachMajor } from '../../support/majors.ts'
import { head, shopManifest } from '../../support/manifests.ts'
import { changesOf, eventLog } from '../../support/outcomes.ts'

// Before PostgreSQL 17, the function finds twice() by the search_path of the manifest.
const shop = shopManifest({
  orders: 'SELECT id, total FROM proxy.orders',
  swapped: 'SELECT 1 AS one',
  empty: 'SELECT 2 AS two',
})
  .replace(/orders: \{ query(.*) \}/, 'orders: { query$1, indexes: { by_id: { unique: true, columns: [id] } } }')
  .replace('swapped: {', 'swapped: { refresh: { strategy: swap },')
  .replace('empty: {', 'empty: { populate: false, refresh: { strategy: concurrently },')

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('it refreshes by the policy, and returns and records the row', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    await applyTo(parsed, fixture.url)
    // Under this setting, PostgreSQL itself fails to refresh concurrently.
    const call = (args: string) =>
      fixture.sql(`SET quote_all_identifiers = on;
                   SELECT how, asked, origin, row_count::int AS rows, inserted::int, deleted::int, bytes > 0 AS "hasBytes", outcome,
                          refreshed_by = current_user AS "isMine" FROM fdwsync.refresh(${args})`)
    const common = { origin: 'function', outcome: 'applied', hasBytes: true, isMine: true }
    expect(await call("'local.orders'")).toEqual([
      { ...common, how: 'concurrently', asked: 'auto', rows: null, inserted: 0, deleted: 0 },
    ])
    expect(await call("'local.orders', 'plain'")).toEqual([
      { ...common, how: 'plain', asked: 'plain', rows: 50, inserted: 50, deleted: null },
    ])
    expect(await call("'local.empty'")).toEqual([
      { ...common, how: 'plain', asked: 'concurrently', rows: 1, inserted: 1, deleted: null },
    ])
    await expect(call("'local.swapped'")).rejects.toThrow('local.swapped cannot be refreshed by strategy swap from SQL')
    expect(await call("'local.swapped', 'plain'")).toMatchObject([{ how: 'plain', rows: 1 }])
    expect(await fixture.sql("SELECT DISTINCT because FROM fdwsync.refresh WHERE asked = 'plain'")).toEqual([
      { because: 'as asked for' },
    ])
    await expect(call("'local.orders', 'fast'")).rejects.toMatchObject({
      message: 'local.orders cannot be refreshed by strategy fast: there is none of that name',
      hint: 'Name one of these: auto, concurrently, plain.',
    })
    await expect(fixture.sql("SET TRANSACTION READ ONLY; SELECT fdwsync.refresh('local.orders')")).rejects.toThrow(
      'local.orders cannot be refreshed in a read-only transaction',
    )
    await expect(call("'proxy.orders'")).rejects.toThrow('proxy.orders is neither a materialized view nor a table')
    await fixture.sql('CREATE MATERIALIZED VIEW public.mine AS SELECT 1 AS one')
    await expect(call("'public.mine'")).rejects.toThrow('no manifest manages materialized view public.mine')
    expect(await fixture.sql("SELECT count(*)::int FROM fdwsync.refresh WHERE origin = 'function'")).toEqual([
      { count: 4 },
    ])

    await fixture.sql('ALTER MATERIALIZED VIEW local.swapped RENAME TO "Renamed by hand"')
    expect(await call(`'local."Renamed by hand"', 'auto'`)).toMatchObject([{ how: 'plain' }])
    await fixture.sql('ALTER MATERIALIZED VIEW local."Renamed by hand" RENAME TO swapped')
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('tables, groups, queries that are asked first, and timeouts', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await fixture.sql(`CREATE TABLE public.rows (id int, part text, more json);
      INSERT INTO public.rows SELECT id, 'p', '{"a": 1}' FROM generate_series(1, 20) AS id`)
    const parsed = await fixture.manifest(`${head()}
schemas:
  local:
    grants: { usage: [${user}] }
    tables:
      keyed:
        query: SELECT * FROM public.rows
        primary_key: [id, part]
        refresh: { skip_if_same: "SELECT count(*) AS answer, max(id), max(more::text) FROM public.rows -- all" }
      heap: { query: SELECT id FROM public.rows }
      over: { query: "SELECT part, count(*) AS n FROM local.under GROUP BY 1", primary_key: [part], refresh: { group: both, skip_if_same: SELECT public.gate_of_calls() } }
      slow: { query: SELECT 1 AS id, primary_key: [id], refresh: { timeout: 10min } }
      own: { query: "SELECT 1 AS id, own.who() AS who", primary_key: [id], owner: ${user}, refresh: { skip_if_same: SELECT own.who() } }
    materialized_views: { under: { query: SELECT * FROM public.rows, refresh: { group: both } } }
`)
    await fixture.sql(`CREATE SCHEMA own AUTHORIZATION ${user}; GRANT SELECT ON public.rows TO ${user};
      CREATE FUNCTION own.who() RETURNS text LANGUAGE sql AS 'SELECT current_user::text'; ALTER FUNCTION own.who() OWNER TO ${user}`)
    await fixture.sql(`CREATE FUNCTION public.gate_of_calls() RETURNS bool LANGUAGE plpgsql AS
      $$ BEGIN RETURN current_setting('application_name') = 'held' AND public.gate(); END $$`)
    await applyTo(parsed, fixture.url)
    const call = async (args: string) => {
      const [row] = await fixture.sql(
        `SELECT concat_ws(' ', how, outcome, inserted, updated, deleted) AS row, row_count FROM fdwsync.refresh(${args})`,
      )
      return row?.row
    }
    const change = (text: string) => fixture.sql(text.replaceAll('rows', 'public.rows'))

    expect(await call("'local.keyed'")).toBe('merge applied 0 0 0')
    await change(
      `UPDATE rows SET more = '{"a":1}' WHERE id = 1; UPDATE rows SET part = 'q' WHERE id = 2; DELETE FROM rows WHERE id = 3`,
    )
    expect(await call("'local.keyed'")).toBe('merge applied 1 1 2')
    expect(await fixture.sql('SELECT k::text FROM local.keyed k ORDER BY 1')).toEqual(
      await fixture.sql('SELECT r::text AS k FROM public.rows r ORDER BY 1'),
    )
    // It knows the answer that the command has recorded, and the other way round.
    expect(await call("'local.keyed'")).toBe('merge skipped')
    await change('DELETE FROM rows WHERE id = 4')
    const byCommand = async () =>
      (await refresh(parsed, ['keyed'], connectTo(fixture.url), refreshDefaults)).views.map(({ outcome }) => outcome)
    expect(await byCommand()).toEqual([expect.not.objectContaining({ unchanged: expect.anything() })])
    expect(await call("'local.keyed'")).toBe('merge skipped')
    await change('DELETE FROM rows WHERE id = 5')
    expect(await call("'local.keyed'")).toBe('merge applied 0 0 1')
    expect(await byCommand()).toMatchObject([{ status: 'applied', unchanged: expect.anything() }])
    // Truncated, as an unlogged table is after a crash: the source has the same answer, and the table lacks the rows.
    await fixture.sql('TRUNCATE local.keyed')
    expect(await byCommand()).toEqual([expect.not.objectContaining({ unchanged: expect.anything() })])
    expect(await byCommand()).toMatchObject([{ unchanged: expect.anything() }])
    await fixture.sql('TRUNCATE local.keyed')
    expect(await call("'local.keyed'")).toMatch(/^merge applied [1-9]/)

    // The clock is set back by an hour, and the source returns the answer of before that once more.
    await fixture.sql("UPDATE fdwsync.refresh SET ended_at = ended_at + interval '1 hour' WHERE address ~ 'keyed'")
    const [row] = await fixture.sql('SELECT max(id) AS id FROM public.rows')
    for (const again of [() => call("'local.keyed'").then(String), async () => JSON.stringify(await byCommand())]) {
      await change(`DELETE FROM rows WHERE id = ${row?.id}`)
      expect(await call("'local.keyed'")).toBe('merge applied 0 0 1')
      await change(`INSERT INTO rows VALUES (${row?.id}, 'p', '{"a": 1}')`)
      expect(await again()).not.toMatch(/skipped|unchanged/)
    }
    await fixture.sql("DELETE FROM fdwsync.refresh WHERE address ~ 'keyed'")

    await change('INSERT INTO rows VALUES (6, NULL)')
    await expect(call("'local.keyed'")).rejects.toThrow(
      'table local.keyed: its query returns the key {"id":6,"part":null}',
    )
    await change('DELETE FROM rows WHERE part IS NULL')
    await expect(call("'local.heap'")).rejects.toThrow('table local.heap has no primary key')
    await expect(call("'local.keyed', 'plain'")).rejects.toThrow(
      'local.keyed cannot be refreshed by strategy plain: it is a table',
    )
    await expect(call("'local.under', 'merge'")).rejects.toThrow('it is a materialized view')

    await change("INSERT INTO rows VALUES (100, 'new')")
    expect(await call("'local.over'")).toBe('merge applied 2 1 0')
    expect(await fixture.sql('SELECT count(*)::int FROM local.under')).toEqual(
      await fixture.sql('SELECT count(*)::int FROM public.rows'),
    )
    expect(
      await fixture.sql(
        "SELECT count(*)::int, count(DISTINCT started_at)::int AS moments FROM fdwsync.refresh WHERE address ~ 'over|under' AND origin = 'function'",
      ),
    ).toEqual([{ count: 2, moments: 1 }])

    // A refresh swaps the group after the function has found it.
    const swap = () => refresh(parsed, ['under'], connectTo(fixture.url), { ...refreshDefaults, strategy: 'swap' })
    const gate = await closeGate(fixture)
    const held = await fixture.client()
    await held.query("SET application_name = 'held'")
    const refreshing = held.query("SELECT inserted::int FROM fdwsync.refresh('local.over')")
    await until('the function to wait', async () => {
      const rows = await fixture.sql(
        "SELECT FROM pg_stat_activity WHERE application_name = 'held' AND wait_event_type = 'Lock'",
      )
      return rows.length === 1
    })
    await swap()
    await change("INSERT INTO rows VALUES (101, 'newer')")
    await gate.open()
    expect((await refreshing).rows).toEqual([{ inserted: 1 }])
    expect(
      await fixture.sql(
        'SELECT how, inserted::int, bytes > 0 AS has_bytes FROM fdwsync.refresh ORDER BY ended_at DESC LIMIT 2',
      ),
    ).toEqual([
      { how: 'merge', inserted: 1, has_bytes: true },
      { how: 'plain', inserted: 19, has_bytes: true },
    ])
    await held.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
    await swap()
    await expect(held.query("SELECT fdwsync.refresh('local.over')")).rejects.toThrow(
      'local.over was altered, dropped or replaced at the same time',
    )

    await expect(call("'local.slow'")).rejects.toThrow(
      'the timeout of 00:10:00 cannot be applied to local.slow: statement_timeout is 0',
    )
    expect(await fixture.sql(`SET statement_timeout = '10min'; SELECT how FROM fdwsync.refresh('local.slow')`)).toEqual(
      [{ how: 'merge' }],
    )
    await expect(fixture.sql(`SET statement_timeout = '11min'; SELECT fdwsync.refresh('local.slow')`)).rejects.toThrow(
      'statement_timeout is 11min',
    )

    // Whatever runs has the rights of the owner, and cannot return to those of the caller.
    await fixture.sql("UPDATE local.own SET who = 'somebody'")
    expect(await call("'local.own'")).toBe('merge applied 0 1 0')
    expect(await fixture.sql("SELECT who, current_setting('role') AS role FROM local.own")).toEqual([
      { who: user, role: 'none' },
    ])
    await fixture.sql(
      `CREATE OR REPLACE FUNCTION own.who() RETURNS text LANGUAGE plpgsql AS 'BEGIN RESET ROLE; RETURN current_user; END'`,
    )
    await expect(call("'local.own'")).rejects.toThrow('security-definer function')
    await fixture.sql("DELETE FROM fdwsync.policy WHERE address LIKE '%own%'")
    await expect(call("'local.own'")).rejects.toThrow('security-definer function')
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['create refresh policy of local.own'])
  })

  test('a copy that somebody has refreshed or written into since is not the same', async () => {
    const fixture = await fixtureFor(pair, source)
    const asked = 'refresh: { skip_if_same: SELECT 1 }'
    const parsed = await fixture.manifest(`${head()}
schemas:
  local:
    materialized_views:
      seen: { query: SELECT 1 AS id, indexes: { by_id: { unique: true, columns: [id] } }, ${asked} }
    tables:
      kept: { query: "SELECT id FROM generate_series(1, 1000) AS id", primary_key: [id], ${asked} }
`)
    await applyTo(parsed, fixture.url)
    const byFunction = async (copy: string) => {
      const [row] = await fixture.sql(`SELECT outcome FROM fdwsync.refresh('local.${copy}')`)
      return row?.outcome
    }
    const byCommand = async (copy: string) => {
      const { views } = await refresh(parsed, [copy], connectTo(fixture.url), refreshDefaults)
      return views.map(({ outcome }) => ('unchanged' in outcome ? 'skipped' : outcome.status)).join()
    }
    // Before PostgreSQL 15 only the size of a table shows that somebody has written into it.
    const isCounted = pair.major >= 15
    const counted = ['UPDATE local.kept SET id = -1 WHERE id = 1', 'DELETE FROM local.kept WHERE id = 2']
    const changes = [
      ['seen', 'REFRESH MATERIALIZED VIEW local.seen'],
      ['seen', 'REFRESH MATERIALIZED VIEW CONCURRENTLY local.seen'],
      ['kept', 'INSERT INTO local.kept SELECT generate_series(2001, 3000)'],
      ['kept', 'TRUNCATE local.kept; INSERT INTO local.kept VALUES (1)'],
      ...(isCounted ? counted : []).map((change) => ['kept', change] as const),
    ] as const
    for (const [first, second] of [
      [byFunction, byCommand],
      [byCommand, byFunction],
    ] as const) {
      for (const [copy, change] of changes) {
        await first(copy)
        expect([change, await second(copy), await first(copy)]).toEqual([change, 'skipped', 'skipped'])
        await fixture.sql(`${change};${isCounted ? 'SELECT pg_stat_force_next_flush()' : ''}`)
        expect([change, await second(copy)]).toEqual([change, 'applied'])
      }
    }
    expect(await fixture.sql('SELECT count(*)::int, sum(id)::int FROM local.kept')).toEqual([
      { count: 1000, sum: 500500 },
    ])
  })

  test('it asks and reads under the same settings as the command, whatever those of the session are', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(`CREATE TABLE public.facts (at timestamptz, ratio float8);
      INSERT INTO public.facts VALUES ('2026-01-31 23:00+00', 1)`)
    const parsed = await fixture.manifest(`${head()}
schemas:
  local:
    materialized_views:
      shown:
        query: SELECT at::text AS at, ratio::text AS ratio FROM public.facts
        refresh: { skip_if_same: "SELECT max(at), sum(ratio) FROM public.facts" }
`)
    await applyTo(parsed, fixture.url)
    await fixture.sql(`ALTER DATABASE ${fixture.target.name} SET TimeZone = 'Asia/Tokyo'`)
    const session = await fixture.client()
    await session.query("SET DateStyle = 'German, DMY'; SET TimeZone = 'Asia/Kathmandu'; SET extra_float_digits = -5")
    const call = async (copy: string) => {
      const { rows } = await session.query('SELECT outcome FROM fdwsync.refresh($1)', [copy])
      return rows.map(({ outcome }) => outcome).join()
    }
    await refresh(parsed, ['shown'], connectTo(fixture.url), refreshDefaults)
    const contents = 'SELECT at, ratio FROM local.shown'
    const [byCommand] = await fixture.sql(contents)
    expect(byCommand).toEqual({ at: '2026-02-01 08:00:00+09', ratio: '1' })
    expect(await call('local.shown')).toBe('skipped')
    await fixture.sql('UPDATE public.facts SET ratio = 1.0000000000000002')
    expect(await call('local.shown')).toBe('applied')
    expect(await fixture.sql(contents)).toEqual([{ ...byCommand, ratio: '1.0000000000000002' }])
    const { rows } = await session.query(
      "SELECT current_setting('TimeZone') AS zone, current_setting('extra_float_digits') AS digits",
    )
    expect(rows).toEqual([{ zone: 'Asia/Kathmandu', digits: '-5' }])
  })

  test('it excludes applies until its transaction ends, and fails if its snapshot is older than one', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(
      "CREATE TABLE public.rows AS SELECT id, id % 5 AS part, 'n' || id AS note FROM generate_series(1, 20) AS id",
    )
    const withColumns = (columns: string) =>
      fixture.manifest(`${head()}
schemas:
  local:
    tables:
      facts:
        query: SELECT ${columns} FROM public.rows
        primary_key: [id]
        refresh: { strategy: watermark, watermark: { column: id, overlap: 0 } }
`)
    await applyTo(await withColumns('id'), fixture.url)
    const held = await fixture.client()
    const refreshing = async () => {
      const { rows } = await held.query("SELECT outcome FROM fdwsync.refresh('local.facts')")
      return rows
    }
    expect(await refreshing()).toEqual([{ outcome: 'applied' }])

    await held.query('BEGIN')
    expect(await refreshing()).toEqual([{ outcome: 'applied' }])
    const log = eventLog()
    const applying = applyTo(await withColumns('id, note'), fixture.url, log)
    await until('the apply to wait', () => log.events.some(({ type }) => type === 'waiting-for-lease'))
    expect(log.events).toContainEqual({ type: 'waiting-for-lease', holder: expect.stringMatching(/^a refresh by \w+/) })
    await expect(fixture.sql("SELECT fdwsync.refresh('local.facts')")).rejects.toMatchObject({
      message: expect.stringMatching(/^an apply of ".+" is running$/),
      hint: 'Refresh local.facts once it has ended.',
      code: '55P03',
    })
    await held.query('COMMIT')
    expect(changesOf((await applying).plan)).toEqual([expect.stringContaining('alter table local.facts')])
    expect(await refreshing()).toEqual([{ outcome: 'applied' }])
    expect(await fixture.sql('SELECT count(note)::int AS notes FROM local.facts')).toEqual([{ notes: 20 }])

    // A transaction whose snapshot is older sees the columns of before.
    for (const columns of ['id, note, part', 'id, part']) {
      await held.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
      await applyTo(await withColumns(columns), fixture.url, { allow: ['drops-data'] })
      await expect(refreshing()).rejects.toThrow('local.facts was altered, dropped or replaced at the same time')
      await held.query('ROLLBACK')
    }
    expect(await refreshing()).toEqual([{ outcome: 'applied' }])
    expect(await fixture.sql('SELECT count(part)::int AS parts FROM local.facts')).toEqual([{ parts: 20 }])
  })

  test('a role needs rights on the copy and on the ledger, and another body is not trusted', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(shop)
    await applyTo(parsed, fixture.url)
    const { user } = await fixture.role()
    const call = () => fixture.sql(`SET ROLE ${user}; SELECT FROM fdwsync.refresh('local.empty'); RESET ROLE`)
    await expect(call()).rejects.toThrow('permission denied for schema')
    await fixture.sql(
      `GRANT USAGE ON SCHEMA fdwsync, local TO ${user}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}`,
    )
    await expect(call()).rejects.toThrow(`${user} has no INSERT on fdwsync.refresh`)
    await fixture.sql(`GRANT INSERT ON fdwsync.refresh TO ${user}`)
    await expect(call()).rejects.toThrow(
      /must be owner of materialized view empty|permission denied for materialized view empty/,
    )
    await fixture.sql(`ALTER MATERIALIZED VIEW local.empty OWNER TO ${user}`)
    await call()
    expect(await fixture.sql("SELECT refreshed_by::text AS by FROM fdwsync.refresh WHERE origin = 'function'")).toEqual(
      [{ by: user }],
    )

    await fixture.sql(`REVOKE USAGE ON SCHEMA local FROM ${user}; ALTER MATERIALIZED VIEW local.orders OWNER TO ${user};
      GRANT USAGE ON SCHEMA proxy TO ${user}; GRANT SELECT ON proxy.orders TO ${user}`)
    const because = `its owner ${user} has no USAGE on schema local, which CONCURRENTLY needs`
    expect(await fixture.sql("SELECT how, because FROM fdwsync.refresh('local.orders')")).toEqual([
      { how: 'plain', because },
    ])
    // A view that is refreshed in a moment is refreshed plainly, whatever its indexes.
    await fixture.sql("UPDATE fdwsync.refresh SET started_at = ended_at - interval '1 s'")
    const { views } = await refresh(parsed, ['orders'], connectTo(fixture.url), refreshDefaults)
    expect(views).toMatchObject([{ how: 'swap', because }])

    for (const change of [
      'ALTER FUNCTION fdwsync.refresh SECURITY DEFINER',
      'ALTER FUNCTION fdwsync.refresh SET search_path = public',
      'CREATE FUNCTION fdwsync.refresh(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    ]) {
      await fixture.sql(change)
      await expect(planFor(parsed, fixture.url), change).rejects.toThrow(
        'function refresh is not as fdwsync has created it',
      )
      await fixture.sql(`DROP FUNCTION IF EXISTS fdwsync.refresh(text);
        ALTER FUNCTION fdwsync.refresh SECURITY INVOKER SET search_path = pg_catalog, pg_temp`)
    }
    await planFor(parsed, fixture.url)

    // The function of a newer release is another one, too.
    await fixture.sql(
      'ALTER FUNCTION fdwsync.refresh SECURITY DEFINER; UPDATE fdwsync.version SET version = version + 1',
    )
    await expect(planFor(parsed, fixture.url)).rejects.toThrow(/has version \d+, but this release of fdwsync supports/)
  })
})
