// A refresh that is held in one of its phases, for tests of what happens to it there.

import { expect } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { runSql } from '../../servers/databases.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import type { Fixture } from '../../support/fixture.ts'
import { closeGate } from '../../support/gates.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf } from '../../support/outcomes.ts'

export type Strategy = 'plain' | 'concurrently' | 'swap'

// The gate is passed by the first row, when the cursor at the source is open.
export const manifest = shopManifest({
  orders: 'SELECT id, 100 / total AS share FROM proxy.orders WHERE public.gate(id::int)',
}).replace(/gate\(id::int\)" \}/, 'gate(id::int)", indexes: { orders_id: { unique: true, columns: [id] } } }')

/** Where a refresh is held. Until then readers see the old data, and what holds it need not let go for that. */
export type Phase = 'the load' | 'the swap'

export const phases: Readonly<Record<Phase, (fixture: Fixture) => Promise<{ letGo(): Promise<unknown> }>>> = {
  'the load': async (fixture) => {
    const gate = await closeGate(fixture)
    return { letGo: gate.open }
  },
  'the swap': async (fixture) => {
    const reader = await fixture.client()
    await reader.query('BEGIN; SELECT FROM local.orders LIMIT 1')
    return { letGo: () => reader.query('COMMIT') }
  },
}

/** Each strategy in each of its phases. */
export const everywhere: readonly (readonly [Strategy, Phase])[] = [
  ['plain', 'the load'],
  ['concurrently', 'the load'],
  ['swap', 'the load'],
  ['swap', 'the swap'],
]
/** Nothing of a refresh is left: no transaction, no scratch schema. Tests keep idle sessions for a while. */
export async function nothingIsLeft(fixture: Fixture): Promise<void> {
  await until('the sessions to end', async () => {
    const rows = await fixture.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'fdwsync %' AND state <> 'idle'`,
    )
    return rows.length === 0
  })
  expect(await fixture.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'")).toEqual([])
}

export const share = 'SELECT share::float FROM local.orders WHERE id = 50'

export async function refreshed(fixture: Fixture, strategy: Strategy | 'auto') {
  const options = { ...refreshDefaults, strategy }
  const { views } = await refresh(await fixture.manifest(manifest), [], connectTo(fixture.url), options)
  return views[0]?.outcome
}

export const setTotal = ({ source }: Pick<Fixture, 'source'>, total: number) =>
  runSql(source.url, `UPDATE orders SET total = ${total} WHERE id = 50`)

/** The next run brings the copy up to date, and the plan is empty. */
export async function converges(fixture: Fixture): Promise<void> {
  await nothingIsLeft(fixture)
  if ((await fixture.sql("SELECT to_regclass('local.orders') AS view"))[0]?.view === null)
    await applyTo(await fixture.manifest(manifest), fixture.url)
  expect((await refreshed(fixture, 'auto'))?.status).toBe('applied')
  expect(await fixture.sql(share)).toEqual([{ share: 0.1 }])
  expect(changesOf(await planFor(await fixture.manifest(manifest), fixture.url))).toEqual([])
  await setTotal(fixture, 75)
  await refreshed(fixture, 'concurrently')
}
