// Plans of one database at the same time: what one creates to try it out is never in the way of another.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { newestMajor } from '../support/majors.ts'
import { head } from '../support/manifests.ts'
import { changesOf, missedOf } from '../support/outcomes.ts'

const first = `${head('concurrent')}
schemas:
  proxy:
    types: { mood: { enum: [sad, ok] } }
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "numeric(10,2)" }, checks: { sane: id > 0 } }
  local:
    materialized_views:
      orders: { query: "SELECT id, total FROM proxy.orders", indexes: { orders_id_idx: { unique: true, columns: [id] } } }
      big: { query: SELECT id FROM local.orders WHERE total > 10 }
`

// Everything that a plan can create: an extension in a new schema, a server, types, and views over what changes.
const second = first
  .replace(
    'servers:',
    'extensions: { citext: { schema: ext }, hstore: {} }\nservers:\n  other: { options: { host: nowhere }, user_mappings: { public: { user: x } } }',
  )
  .replace(
    'schemas:',
    'schemas:\n  ext: { comment: for extensions }\n  brand_new: { types: { zip: { domain: text, checks: { zip_check: "value <> \'\'" } } } }',
  )
  .replace('[sad, ok]', '[sad, ok, happy]')
  .replace('total: "numeric(10,2)"', 'total: "numeric(12,2)", note: brand_new.zip')
  .replace(
    'SELECT id, total FROM proxy.orders',
    "SELECT id, total, note::ext.citext AS note, 'happy'::proxy.mood AS mood FROM proxy.orders",
  )

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('twenty-four plans, four at a time, all find the same, and an apply among them succeeds', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(first), fixture.url)
    const parsed = await fixture.manifest(second)
    const alone = await planFor(parsed, fixture.url)
    expect(alone.undetermined).toEqual([])
    expect(alone.refusals).toEqual([])
    for (let round = 0; round < 6; round++) {
      const plans = await Promise.all([1, 2, 3, 4].map(() => planFor(parsed, fixture.url)))
      for (const plan of plans) {
        expect(plan.undetermined).toEqual([])
        expect(plan.refusals).toEqual([])
        expect(changesOf(plan)).toEqual(changesOf(alone))
      }
    }
    const [applied, ...plans] = await Promise.all([
      applyTo(parsed, fixture.url),
      planFor(parsed, fixture.url),
      planFor(parsed, fixture.url),
    ])
    expect(missedOf(applied.report)).toEqual([])
    for (const plan of plans) expect(plan.undetermined.map(({ reason }) => reason)).toEqual([])
  })
})
