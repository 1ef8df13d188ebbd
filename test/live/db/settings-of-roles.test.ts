// Settings that a role or database has: none changes what is created, what a plan reports, or how long a load may take.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trusted } from '../../../src/core/sql.ts'
import { begin, planLimits } from '../../../src/db/transaction.ts'
import { endIdle, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const manifest = `${head('settings')}
schemas:
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public }
        columns:
          id: bigint
          total: { type: "numeric(10,2)", default: "'1'::numeric" }
          note: text
          tags: text[]
          doc: xml
  local:
    materialized_views:
      orders:
        query: |
          SELECT id, note, '{a,NULL}'::text[] AS texts, '12.50'::money AS price, timestamptz '2026-01-02 03:04 EST' AS at,
                 date '01/02/2026' AS day, 1.1::float8 / 3 AS third, '\\x00ff'::bytea AS bytes, note = NULL AS nothing,
                 interval '1 day 02:00' AS span, tags, pg_sleep(0.035)::text AS slept
            FROM proxy.orders
        indexes: { orders_day_idx: { columns: [{ expression: "day + 1" }], where: "at > '2026-01-01'" } }
      tags: { query: "SELECT id, tags, doc FROM proxy.orders" }
`

const timeouts = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
const settings: Readonly<Record<string, string>> = {
  array_nulls: 'off',
  DateStyle: 'German, DMY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'Asia/Tokyo',
  timezone_abbreviations: 'Australia',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  quote_all_identifiers: 'on',
  transform_null_equals: 'on',
  standard_conforming_strings: 'off',
  xmloption: 'document',
  default_table_access_method: 'other_heap',
  search_path: 'nowhere',
  client_min_messages: 'debug1',
  default_statistics_target: '7',
  idle_session_timeout: '1min',
  exit_on_error: 'on',
  'plpgsql.extra_errors': 'all',
}

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
    await runSql(
      source.url,
      "ALTER TABLE orders ADD tags text[] DEFAULT '{a,NULL}', ADD doc xml DEFAULT 'not a document'",
    )
  })
  afterAll(() => source.drop())

  const all = () => {
    const newer =
      pair.major >= 17 ? { transaction_timeout: '1500ms', restrict_nonsystem_relation_kind: 'view, foreign-table' } : {}
    return { ...settings, ...Object.fromEntries(timeouts.map((name) => [name, '1s'])), ...newer }
  }
  const setAll = (database: string) =>
    Object.entries(all())
      .map(
        ([name, value]) => `ALTER DATABASE ${database} SET ${name} = ${name === 'search_path' ? value : `'${value}'`};`,
      )
      .join('\n')
  const contents = `SELECT array_to_json(texts)::text AS texts, price::numeric, at, day, third, bytes, nothing, span, array_to_json(tags)::text AS tags FROM local.orders WHERE id = 1`

  test('set after an apply, they leave nothing to do; set before, they change nothing that is created', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql('CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler')
    const parsed = await fixture.manifest(manifest)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    const before = await fixture.sql(contents)
    await runSql(pair.target.url, setAll(fixture.target.name))
    await endIdle(fixture.url)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    const session = await connectTo(fixture.url)('plan')
    expect(await session.query(trusted("SELECT current_setting('idle_session_timeout') AS idle"))).toEqual([
      { idle: '0' },
    ])
    await expect(session.run(trusted('SELECT 1 / 0'))).rejects.toThrow('division by zero')
    if (pair.major >= 17) {
      await session.run(trusted("SET transaction_timeout = '20ms'"))
      await begin(session, { limitMilliseconds: planLimits })
      await session.run(trusted('SELECT pg_sleep(0.06); ROLLBACK'))
    }
    await session.close()
    const admin = await fixture.client()
    await admin.query(
      `SET statement_timeout = 0; SET lock_timeout = 0; DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL`,
    )
    expect(changesOf(await planFor(parsed, fixture.url)), 'without proofs').toEqual([])
    // The load takes longer than each of the timeouts. These are long enough for everything else on a busy machine.
    await admin.query('DROP MATERIALIZED VIEW local.orders')
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    if (pair.major >= 17) await admin.query("SET restrict_nonsystem_relation_kind = ''; SET transaction_timeout = 0")
    const { rows } = await admin.query("SELECT outcome FROM fdwsync.refresh('local.tags')")
    expect(rows).toEqual([{ outcome: 'applied' }])
    await runSql(pair.target.url, `ALTER DATABASE ${fixture.target.name} RESET ALL`)
    await endIdle(fixture.url)
    expect(await fixture.sql(contents)).toEqual(before)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })
})
