// A replacement of a foreign table and two views that a test can hold at each of its stages.

import { expect } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, type Environment, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

/** What the loads and the index do besides. */
export interface More {
  /** A column of the first view, behind a comma; of the second. */
  readonly first?: string
  readonly second?: string
  /** What the index is on. */
  readonly index?: string
}

/** A foreign table, a view over it, a view over that, and a gate in the load of each and in an index. */
export const manifest = (
  total: string,
  factor = 1,
  { first = '', second = '', index = 'public.at_gate(total)' }: More = {},
) => `${head()}
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "${total}", note: text } }
  local:
    materialized_views:
      first: { query: "SELECT id, total * ${factor} AS total${first} FROM proxy.orders WHERE public.gate(1)" }
      second:
        query: "SELECT sum(total) AS total${second} FROM local.first WHERE public.gate(2)"
        indexes: { second_x: { columns: [{ expression: ${index} }] } }
`
const old = manifest('numeric(10,2)')
export const changed = manifest('numeric(12,3)', 2)

const atGate = `CREATE FUNCTION public.at_gate(numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql SET search_path = pg_catalog AS
  'BEGIN PERFORM public.gate(3); RETURN $1; END'`

/** Unmanaged objects over it: a plain view, a materialized view over the last, and one over a view that is retyped. */
const unmanaged = `CREATE SCHEMA reports; CREATE VIEW reports.daily AS SELECT id, id % 7 AS day FROM local.first;
  CREATE MATERIALIZED VIEW reports.summed AS SELECT total + 1 AS total FROM local.second;
  CREATE INDEX summed_total ON reports.summed (total); COMMENT ON MATERIALIZED VIEW reports.summed IS 'theirs';
  CREATE VIEW reports.raw AS SELECT total FROM proxy.orders; CREATE MATERIALIZED VIEW reports.copied AS SELECT max(total) AS total FROM reports.raw`

export const reading = `SELECT (SELECT sum(total)::float8 FROM local.first) AS first, (SELECT total::float8 FROM local.second) AS second,
  (SELECT total::float8 FROM reports.summed) AS summed, (SELECT count(*)::int FROM reports.daily) AS daily,
  (SELECT total::text FROM reports.copied) AS copied`
export const before = [{ first: 1912.5, second: 1912.5, summed: 1913.5, daily: 50, copied: '75.00' }]
export const after = [{ first: 3825, second: 3825, summed: 3826, daily: 50, copied: '75.000' }]

/** Keeps an apply waiting in one place of a replacement, until it is let go. */
export type Hold = (fixture: Fixture) => Promise<{ letGo(): Promise<unknown> }>

const gate =
  (number: number): Hold =>
  async (fixture) => {
    const { open } = await closeGate(fixture, number)
    return { letGo: () => open().catch(() => {}) }
  }

export const stages: Readonly<Record<string, Hold>> = {
  'the load of the first': gate(1),
  'the load of the second': gate(2),
  'an index': gate(3),
  'the swap': async (fixture) => {
    const reader = await fixture.client()
    await reader.query('BEGIN; SELECT FROM local.first LIMIT 1')
    return { letGo: () => reader.query('COMMIT').catch(() => {}) }
  },
}

/** An apply that is held somewhere. */
export interface Held {
  readonly fixture: Fixture
  readonly hold: { letGo(): Promise<unknown> }
  readonly pid: number
}

export async function setUp(pair: ServerPair, source: TestDatabase, env: Environment = {}): Promise<Fixture> {
  const fixture = await fixtureFor(pair, source)
  await fixture.sql(atGate)
  await applyTo(await fixture.manifest(old, env), fixture.url)
  await fixture.sql(unmanaged)
  expect(await fixture.sql(reading)).toEqual(before)
  return fixture
}

/** Nothing of an attempt is left. */
export async function expectNothingLeft(fixture: Fixture): Promise<void> {
  expect(await fixture.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'")).toEqual([])
}

/** Nothing of the attempt is left, and the next apply ends with what is declared. */
export async function expectToConverge(
  fixture: Fixture,
  text = changed,
  expected: readonly unknown[] = after,
): Promise<void> {
  await expectNothingLeft(fixture)
  const parsed = await fixture.manifest(text)
  expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  expect(await fixture.sql(reading)).toEqual(expected)
  await expectNothingLeft(fixture)
  expect(
    await fixture.sql(
      `SELECT obj_description('reports.summed'::regclass) AS comment, 'reports.summed_total'::regclass IS NOT NULL AS index`,
    ),
  ).toEqual([{ comment: 'theirs', index: true }])
}
