// A refresh that is held in one of its phases, for tests of what happens to it there.

import { expect } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import type { RefreshStrategy, StrategyName } from '../../../src/core/refresh-policy.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf } from '../../support/outcomes.ts'

/** A materialized view, a table, and a table whose query the source can compute. */
export type CopyName = 'orders' | 'kept' | 'compared'

// The gate is passed by the first row, when the cursor at the source is open. With that overlap, all rows are always read.
const share = '100 / total AS share FROM proxy.orders'
const ofView = shopManifest({ orders: `SELECT id, ${share} WHERE public.gate(id::int)` }).replace(
  /gate\(id::int\)" \}/,
  'gate(id::int)", indexes: { orders_id: { unique: true, columns: [id] } } }',
)
const ofBothTables = `${shopManifest({}).replace(/materialized_views:\s*$/, 'tables:')}
      kept: { query: "SELECT id, ${share} WHERE public.gate(id::int)", primary_key: [id], refresh: { watermark: { column: id, overlap: 1000 } } }
      compared: { query: "SELECT id, ${share}", primary_key: [id] }
`

/** The one that has the copy. */
export const manifestWith = (copy: CopyName) => (copy === 'orders' ? ofView : ofBothTables)

/** Where a refresh is held. Until then readers see the old data, and what holds it need not let go for that. */
export type Phase = 'the lock' | 'the load' | 'the writing' | 'the swap'

/** A refresh of a copy by a strategy, which is held. */
export interface HeldRefresh {
  readonly copy: CopyName
  readonly strategy: StrategyName
  readonly phase: Phase
}

export function nameOf({ copy, strategy, phase }: HeldRefresh): string {
  return `${strategy} of ${copy}, ${phase}`
}

/** Waits where the rows of a table are written. */
const writingGate = 99

export async function hold(fixture: Fixture, { copy, phase }: HeldRefresh): Promise<{ letGo(): Promise<unknown> }> {
  switch (phase) {
    case 'the lock': {
      const writer = await fixture.client()
      await writer.query(`BEGIN; LOCK TABLE local.${copy} IN ROW EXCLUSIVE MODE`)
      return { letGo: () => writer.query('COMMIT') }
    }
    case 'the load': {
      const gate = await closeGate(fixture)
      return { letGo: gate.open }
    }
    case 'the writing': {
      const gate = await closeGate(fixture, writingGate)
      return { letGo: gate.open }
    }
    case 'the swap': {
      const reader = await fixture.client()
      await reader.query(`BEGIN; SELECT FROM local.${copy} LIMIT 1`)
      return { letGo: () => reader.query('COMMIT') }
    }
  }
}

function held(copy: CopyName, strategy: StrategyName, first: Phase, ...others: readonly Phase[]) {
  const inPhase = (phase: Phase): HeldRefresh => ({ copy, strategy, phase })
  return [inPhase(first), ...others.map(inPhase)] as const
}

/** Each strategy in each of its phases. */
export const ofViews = [
  ...held('orders', 'plain', 'the load'),
  ...held('orders', 'concurrently', 'the load'),
  ...held('orders', 'swap', 'the load', 'the swap'),
] as const

export const ofTables = [
  ...held('kept', 'merge', 'the lock', 'the load', 'the writing'),
  ...held('kept', 'watermark', 'the lock', 'the load', 'the writing'),
  ...held('compared', 'compare', 'the lock', 'the writing'),
  ...held('kept', 'swap', 'the load', 'the swap'),
] as const

/** A target that has the copy, and old data at the source. */
export async function targetWith(
  copy: CopyName,
  pair: ServerPair,
  source: Fixture['source'],
  env = {},
): Promise<Fixture> {
  await setTotal({ source }, 75)
  const fixture = await fixtureFor(pair, source)
  await applyTo(await fixture.manifest(manifestWith(copy), env), fixture.url)
  if (copy !== 'orders')
    await fixture.sql(`
      CREATE FUNCTION public.wait_to_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.gate(${writingGate}); RETURN NEW; END $$;
      CREATE TRIGGER wait BEFORE UPDATE ON local.kept FOR EACH ROW EXECUTE FUNCTION public.wait_to_write();
      CREATE TRIGGER wait BEFORE UPDATE ON local.compared FOR EACH ROW EXECUTE FUNCTION public.wait_to_write()`)
  return fixture
}

/** Nothing of a refresh is left: no transaction, no scratch schema. Tests keep idle sessions for a while. */
export async function nothingIsLeft(fixture: Fixture): Promise<void> {
  await until('the sessions to end', async () => {
    const rows = await fixture.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'fdwsync %' AND state <> 'idle'`,
    )
    return rows.length === 0
  })
  expect(
    await fixture.sql(
      "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%' AND nspname <> 'fdwsync_source'",
    ),
  ).toEqual([])
}

export const shareIn = (copy: CopyName) => `SELECT share::float FROM local.${copy} WHERE id = 50`

/** What readers see before a refresh. */
export const oldShare = [{ share: expect.closeTo(1.3333, 3) }]

export async function refreshed(fixture: Fixture, { copy, strategy }: { copy: CopyName; strategy: RefreshStrategy }) {
  const options = { ...refreshDefaults, strategy }
  const { views } = await refresh(await fixture.manifest(manifestWith(copy)), [copy], connectTo(fixture.url), options)
  return views[0]?.outcome
}

export const setTotal = ({ source }: Pick<Fixture, 'source'>, total: number) =>
  runSql(source.url, `UPDATE orders SET total = ${total} WHERE id = 50`)

/** The next run brings the copy up to date, and the plan is empty. */
export async function converges(fixture: Fixture, copy: CopyName): Promise<void> {
  await nothingIsLeft(fixture)
  if ((await fixture.sql(`SELECT to_regclass('local.${copy}') AS copy`))[0]?.copy === null)
    await applyTo(await fixture.manifest(manifestWith(copy)), fixture.url)
  expect((await refreshed(fixture, { copy, strategy: 'auto' }))?.status).toBe('applied')
  expect(await fixture.sql(shareIn(copy))).toEqual([{ share: 0.1 }])
  expect(changesOf(await planFor(await fixture.manifest(manifestWith(copy)), fixture.url))).toEqual([])
  await setTotal(fixture, 75)
  await refreshed(fixture, { copy, strategy: copy === 'orders' ? 'concurrently' : 'merge' })
}
