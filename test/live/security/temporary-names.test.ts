// What an apply creates for a while has random names, so that no role can prepare objects under them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endIdle, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { missedOf } from '../../support/outcomes.ts'
import { logOf } from '../../support/server-log.ts'

/** Each of the texts changes something that is replaced while the old one is in use. */
const manifest = ({ server, mood, total }: { server: string; mood: string; total: string }) => `${head()
  .replace('shop:', `shop:\n    type: ${server}`)
  .replace('servers:', 'search_path: [local, public]\nservers:')}
schemas:
  proxy:
    imports: [{ server: shop, remote_schema: public, limit_to: [customers] }]
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "${total}" } }
  local:
    types: { mood: { enum: ${mood} } }
    materialized_views:
      orders:
        query: "SELECT id, total FROM proxy.orders"
        indexes: { orders_id: { columns: [id] } }
      kept:
        query: "SELECT 1 AS a, 2 AS b"
        indexes: { kept_i: { columns: [${total === 'numeric(10,2)' ? 'a' : 'b'}] } }
        statistics: { kept_s: { columns: [a, b], kinds: [${total === 'numeric(10,2)' ? 'ndistinct' : 'dependencies'}] } }
      moods: { query: "SELECT 'ok'::mood AS mood" }
`
const before = manifest({ server: 'old', mood: '[ok, sad]', total: 'numeric(10,2)' })
const after = manifest({ server: 'new', mood: '[ok]', total: 'numeric(12,2)' })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  /** Our names in all statements of an apply that replaces what it can, but for the schema that tables of any manifest have. */
  async function temporaryNames(): Promise<ReadonlySet<string>> {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(before), fixture.url)
    await fixture.sql('CREATE VIEW public.direct AS SELECT o.total FROM proxy.orders JOIN local.orders o USING (id)')
    const log = await logOf(fixture)
    await endIdle(fixture.url)
    const { report } = await applyTo(await fixture.manifest(after), fixture.url)
    expect([report?.steps.length, missedOf(report)]).toEqual([13, []])
    // The server's own processes log the names of a database later than its sessions do.
    const entries = log().split(/^(?=\d{4}-)/m)
    const own = entries.filter((entry) => entry.includes(`@${fixture.target.name} `)).join('')
    return new Set(own.match(/\bfdwsync_(?!source\b)\w+/g))
  }

  test('no name of one apply is a name of another', async ({ skip }) => {
    if (!pair.target.logFile) skip()
    const [first, second] = [await temporaryNames(), await temporaryNames()]
    const sorts = new Set(Array.from(first, (name) => name.replace(/(?<=^fdwsync_[a-z]+)_.*/, '')))
    expect([...sorts].toSorted()).toEqual([
      'fdwsync_build',
      'fdwsync_import',
      'fdwsync_old',
      'fdwsync_probe',
      'fdwsync_try',
    ])
    expect([...first].filter((name) => second.has(name))).toEqual([])
  })
})
