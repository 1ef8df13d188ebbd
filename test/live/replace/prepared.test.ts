// Statements that readers have prepared: those that a plan announces to fail do fail, and no others.

import { describe, expect, test } from 'vitest'
import { connect } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { missedOf } from '../../support/outcomes.ts'

const shop = (columns: string, query = 'SELECT * FROM proxy.orders') =>
  shopManifest({ orders: query }).replace('{ id: bigint, total: "numeric(10,2)", note: text }', columns)

/** What changes, what the plan announces, and which prepared statements fail afterwards. */
const changes = [
  {
    title: 'a column that is new',
    to: shop('{ id: bigint, total: "numeric(10,2)", note: text }'),
    announced:
      'its columns change (note is added): prepared SELECT * statements on it fail until they are prepared again',
    fails: ['all'],
  },
  {
    title: 'another precision',
    to: shop('{ id: bigint, total: "numeric(12,2)" }'),
    announced:
      'its columns change (total numeric(10,2) → numeric(12,2)): prepared statements on it fail until they are prepared again',
    fails: ['all', 'total'],
  },
  {
    title: 'a number that becomes text',
    to: shop('{ id: bigint, total: "numeric(10,2)" }', 'SELECT id, total::text AS total FROM proxy.orders'),
    announced:
      'its columns change (total numeric(10,2) → text): prepared statements on it fail until they are prepared again',
    fails: ['all', 'total'],
  },
  {
    title: 'a column that goes',
    to: shop('{ id: bigint, total: "numeric(10,2)" }', 'SELECT id FROM proxy.orders'),
    announced: 'its columns change (total is dropped): prepared statements on it fail until they are prepared again',
    fails: ['all', 'total'],
  },
  {
    title: 'another order',
    to: shop('{ id: bigint, total: "numeric(10,2)" }', 'SELECT total, id FROM proxy.orders'),
    announced:
      'its columns change (their order): prepared SELECT * statements on it fail until they are prepared again',
    fails: ['all'],
  },
  {
    title: 'a new column between existing ones',
    to: shop('{ id: bigint, total: "numeric(10,2)" }', 'SELECT id, 1 AS one, total FROM proxy.orders'),
    announced:
      'its columns change (one is added): prepared SELECT * statements on it fail until they are prepared again',
    fails: ['all'],
  },
  {
    title: 'other rows only',
    to: shop('{ id: bigint, total: "numeric(10,2)" }', 'SELECT * FROM proxy.orders WHERE id > 1'),
    announced: undefined,
    fails: [],
  },
]

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test.each(changes)('$title: what is announced to readers happens, and no more', async ({ to, announced, fails }) => {
    const source = await createSource(pair)
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop('{ id: bigint, total: "numeric(10,2)" }')), fixture.url)
    const reader = await connect(fixture.url)
    try {
      await reader.query(`PREPARE "all" AS SELECT * FROM local.orders; PREPARE total AS SELECT total FROM local.orders;
        PREPARE id AS SELECT id FROM local.orders; EXECUTE "all"; EXECUTE total; EXECUTE id`)
      const { plan, report } = await applyTo(await fixture.manifest(to), fixture.url)
      expect(missedOf(report)).toEqual([])
      const view = plan.changes.find(({ title }) => title === 'materialized view local.orders')
      expect(view?.hazards.find(({ name }) => name === 'changes-result-type')?.detail).toBe(announced)
      const failing: string[] = []
      for (const name of ['all', 'total', 'id']) await reader.query(`EXECUTE "${name}"`).catch(() => failing.push(name))
      expect(failing).toEqual(fails)
    } finally {
      await reader.end()
      await source.drop()
    }
  })
})
