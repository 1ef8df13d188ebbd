// Servers that connect back to the target: loads and swaps that wait for themselves.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trusted } from '../../../src/core/sql.ts'
import { readLockHolders } from '../../../src/introspector/lock-holders.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor, sourceVariables } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { eventLog, missedOf } from '../../support/outcomes.ts'

const manifest = (query: string) => `${head('back')}
schemas:
  proxy:
    foreign_tables:
      numbers: { server: shop, options: { schema_name: local, table_name: numbers }, columns: { n: int } }
  local: { materialized_views: { numbers: { query: "${query}" } } }
`
const readsItself = manifest('SELECT n + 1 AS n FROM proxy.numbers')

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applyAll(manifests: readonly string[]) {
    const fixture = await fixtureFor(pair, source)
    const env = sourceVariables(pair.target, fixture.target.name)
    const log = eventLog()
    const missed: string[] = []
    for (const each of manifests)
      missed.push(...missedOf((await applyTo(await fixture.manifest(each, env), fixture.url, log)).report))
    return { missed: missed.join(), events: log.events }
  }

  test('a load and a swap that wait for themselves are given up soon', async () => {
    const started = performance.now()
    const [load, swap] = await Promise.all([
      applyAll([readsItself]),
      applyAll([manifest('SELECT 1 AS n'), readsItself]),
    ])
    expect(load.missed).toMatch(
      /it waits for itself: postgres_fdw reads for it in process \d+, which waits for a lock that it holds/,
    )
    expect(swap.missed).toMatch(
      /it waits for itself: postgres_fdw reads for it in process \d+, which keeps a lock on local.numbers/,
    )
    expect(swap.events.filter(({ type }) => type === 'retrying')).toMatchObject([
      { reason: expect.stringMatching(/in use by other sessions: local.numbers by process \d+ \(.*postgres_fdw\)/) },
    ])
    expect(performance.now() - started).toBeLessThan(30_000)
  })

  // Where postgres_fdw.application_name is set to nothing, as by default, its sessions have another name.
  test('a reader without a name does not read for the swap that it keeps waiting', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql('CREATE MATERIALIZED VIEW m AS SELECT 1 AS a')
    const session = await connectTo(fixture.url)('load')
    await session.run(trusted("BEGIN; LOAD 'postgres_fdw'"))
    const reader = await fixture.client()
    await reader.query('BEGIN; SELECT FROM m')
    const [relation] = await fixture.sql("SELECT 'm'::regclass::oid::int AS oid")
    const holders = await readLockHolders(session, [{ oid: Number(relation?.oid) }])
    expect(holders).toMatchObject([{ application: null, mayReadForUs: false }])
    await session.close()
  })
})
