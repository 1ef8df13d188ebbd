// Readers during a swap see the state before or after it, never a mixture and never an error.

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ApplyEvent } from '../../../src/core/event.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { isThorough, newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

interface Replaced {
  readonly columns?: string
  readonly first?: string
  readonly server?: string
  readonly type?: string
  /** Whether the first server goes. */
  readonly isAlone?: boolean
}

const otherServer = `  other:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
`

/** A foreign table, two views over each other, and one of all its columns. */
const manifest = ({
  columns = 'id: bigint, total: "numeric(10,2)", note: text',
  first = 'SELECT id, total FROM proxy.orders',
  server = 'shop',
  type,
  isAlone = false,
}: Replaced) => `${isAlone ? head().replace(/ {2}shop:.*/s, '') : head().replace('shop:', type ? `shop:\n    type: ${type}` : 'shop:')}${otherServer}
schemas:
  proxy:
    foreign_tables:
      orders: { server: ${server}, options: { schema_name: public }, columns: { ${columns} } }
  local:
    materialized_views:
      first: { query: "${first}", indexes: { first_id: { unique: true, columns: [id] } } }
      second: { query: SELECT sum(total) AS total FROM local.first }
      whole: { query: SELECT * FROM proxy.orders }
`

/** Unmanaged views over what is replaced, some with data. */
const unmanaged = `CREATE SCHEMA reports; CREATE VIEW reports.daily AS SELECT id, id * 2 AS twice FROM local.first;
  CREATE VIEW reports.totals AS SELECT id, total FROM local.first; CREATE VIEW reports.counted AS SELECT count(total) AS count FROM reports.totals;
  CREATE VIEW reports.direct AS SELECT count(*) AS count FROM proxy.orders;
  CREATE VIEW reports.whole AS SELECT count(*) AS count FROM local.whole;
  CREATE MATERIALIZED VIEW reports.copied AS SELECT sum(total) AS total FROM reports.totals; CREATE VIEW reports.top AS SELECT total::text AS total FROM reports.copied;
  CREATE MATERIALIZED VIEW reports.summed AS SELECT sum(total) AS total FROM local.first; CREATE UNIQUE INDEX ON reports.summed (total)`

/** Queries of readers in which a mixture of old and new would show. */
const readings = [
  'SELECT (SELECT sum(total) FROM local.first)::text AS first, (SELECT total FROM local.second)::text AS second',
  'SELECT sum(twice)::text AS twice, (SELECT sum(total) FROM local.first)::text AS first FROM reports.daily',
  'SELECT sum(total)::text AS total, (SELECT count FROM reports.counted)::int AS count FROM reports.totals',
  'SELECT (SELECT total FROM reports.summed)::text AS summed, (SELECT sum(total) FROM local.first)::text AS first',
  'SELECT count(*)::int AS count, (SELECT count FROM reports.whole)::int AS again FROM local.whole',
  'SELECT count::int FROM reports.direct',
  'SELECT (SELECT total FROM reports.top) AS top, (SELECT total FROM reports.copied)::text AS copied',
]

type Read = (client: Awaited<ReturnType<Fixture['client']>>, query: string) => Promise<readonly unknown[]>

const ways: Readonly<Record<string, Read>> = {
  plain: async (client, query) => (await client.query(query)).rows,
  prepared: async (client, query) => (await client.query({ name: query.slice(0, 60), text: query })).rows,
  'with a cursor': async (client, query) => {
    await client.query(`BEGIN; DECLARE c CURSOR FOR ${query}`)
    const { rows } = await client.query('FETCH ALL FROM c')
    await client.query('COMMIT')
    return rows
  },
  'in a transaction that reads twice': async (client, query) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    const { rows } = await client.query(query)
    expect((await client.query(query)).rows).toEqual(rows)
    await client.query('COMMIT')
    return rows
  },
}

/** They read fifty times a second. Without a pause they would take all of the machine from the apply that they watch. */
const pauseMilliseconds = 20

/** A dozen readers in a loop: every way, every query. */
async function readers(fixture: Fixture) {
  let isOver = false
  let rounds = 0
  const seen = readings.map(() => new Set<string>())
  const all = Object.values(ways).flatMap((read) =>
    readings.map(async (query, at) => {
      const client = await fixture.client()
      while (!isOver) {
        seen[at]?.add(JSON.stringify(await read(client, query)))
        rounds += 1
        await setTimeout(pauseMilliseconds)
      }
    }),
  )
  onTestFinished(() => {
    isOver = true
  })
  return {
    /** Until they have read so often that every one of them had its turn. */
    async moreReads() {
      const before = rounds
      await until('more reads', () => rounds > before + 5 * all.length)
    },
    async end() {
      isOver = true
      await Promise.all(all)
      return seen
    },
  }
}

const now = async (fixture: Fixture) =>
  Promise.all(readings.map(async (query) => JSON.stringify(await fixture.sql(query))))

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  const retyped = {
    'a column retyped under a chain of views': { columns: 'id: bigint, total: "numeric(12,1)", note: text' },
  }
  const others: Readonly<Record<string, Replaced>> = {
    'another query': { first: 'SELECT id, (total + 1)::numeric(10,2) AS total FROM proxy.orders WHERE id > 10' },
    'a column added under SELECT *': {
      columns: 'id: bigint, total: "numeric(10,2)", note: text, more: { type: text, options: { column_name: note } }',
    },
    'another server, while the old one goes': { server: 'other', isAlone: true },
  }

  const more: Readonly<Record<string, Replaced>> = {
    'another server': { server: 'other' },
    'another type of the server': { type: 'replica' },
  }

  // The swap is the same on each version. One replacement runs on each, since the views over it are created as the server shows them.
  test.each(
    Object.entries({ ...retyped, ...others, ...(isThorough() ? more : {}) }),
  )('%s: readers see what was before or what is after, and no error', async (_, replaced) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest({})), fixture.url)
    await fixture.sql(unmanaged)
    const before = await now(fixture)
    const reading = await readers(fixture)
    await reading.moreReads()

    // One who has read holds on to it: the swap gives way again and again, so that the others go on reading.
    const holder = await fixture.client()
    await holder.query('BEGIN; SELECT FROM local.first LIMIT 1; SELECT FROM local.whole LIMIT 1')
    const events: ApplyEvent[] = []
    const parsed = await fixture.manifest(manifest(replaced))
    const applying = applyTo(parsed, fixture.url, { emit: (event) => events.push(event) })
    await until('a swap that gave way', () => events.some(({ type }) => type === 'retrying'))
    await reading.moreReads()
    await holder.query('COMMIT')

    expect(missedOf((await applying).report)).toEqual([])
    await reading.moreReads()
    const after = await now(fixture)
    const seen = await reading.end()
    for (const [at, values] of seen.entries()) {
      expect([...values].filter((value) => value !== before[at] && value !== after[at])).toEqual([])
      expect(values).toContain(after[at])
    }
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect(await fixture.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'")).toEqual([])
  })
})
