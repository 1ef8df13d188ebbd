// Mirrors whose copies are tables: their primary keys follow the source.

import { describe, expect, test } from 'vitest'
import { connect, runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { oldSourceNewTarget } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const shop = `
  CREATE TABLE orders (id bigint PRIMARY KEY, region text NOT NULL, total numeric(10,2), CHECK (total > 0));
  CREATE INDEX orders_region_idx ON orders (region);
  CREATE TABLE journal (message text);
  INSERT INTO orders SELECT i, 'r' || i % 3, i FROM generate_series(1, 20) i;
  INSERT INTO journal VALUES ('first'), ('first')`

interface SourceChange {
  readonly what: string
  readonly sql: string
  readonly changes: readonly string[]
  /** Of orders afterwards. */
  readonly key?: string
}

const alterOrders = ['alter table local.orders']

const sourceChanges: readonly SourceChange[] = [
  {
    what: 'the key is renamed',
    sql: 'ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO the_key',
    changes: alterOrders,
    key: 'the_key PRIMARY KEY (id)',
  },
  {
    what: 'the key has another column',
    sql: 'ALTER TABLE orders DROP CONSTRAINT the_key, ADD CONSTRAINT the_key PRIMARY KEY (id, region) INCLUDE (total)',
    changes: alterOrders,
    key: 'the_key PRIMARY KEY (id, region) INCLUDE (total)',
  },
  {
    what: 'the key is dropped',
    sql: 'ALTER TABLE orders DROP CONSTRAINT the_key',
    changes: alterOrders,
  },
  {
    what: 'a column comes, and another one goes',
    sql: 'ALTER TABLE orders DROP total, ADD sum numeric DEFAULT 1',
    changes: ['alter foreign table proxy.orders', 'alter table local.orders'],
  },
  {
    what: 'a key is added, and its column is renamed',
    sql: 'ALTER TABLE orders ADD PRIMARY KEY (id); ALTER TABLE orders RENAME id TO number',
    changes: ['alter foreign table proxy.orders', 'alter table local.orders'],
    key: 'orders_pkey PRIMARY KEY (number)',
  },
  {
    what: 'the table is renamed, and has a further column',
    sql: "ALTER TABLE orders RENAME TO sales; ALTER TABLE sales ADD note text DEFAULT 'none'",
    changes: ['alter foreign table proxy.sales', 'replace table local.sales', 'adopt index local.orders_region_idx'],
    key: 'orders_pkey PRIMARY KEY (number)',
  },
  {
    what: 'rows only',
    sql: "INSERT INTO sales VALUES (21, 'r', 1)",
    changes: [],
    key: 'orders_pkey PRIMARY KEY (number)',
  },
]

async function keyOfOrders({ sql }: Fixture): Promise<unknown> {
  const [row] = await sql(`
    SELECT conname || ' ' || pg_get_constraintdef(oid) AS key FROM pg_constraint
     WHERE conrelid IN (to_regclass('local.orders'), to_regclass('local.sales')) AND contype = 'p'`)
  return row?.key
}

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test('a key that changes at the source changes here, and nothing else', async () => {
    const fixture = await fixtureWithOwnSource(pair, shop)
    const parsed = await fixture.manifest(mirroring('as: tables'))
    const { plan } = await applyTo(parsed, fixture.url)
    expect(plan.warnings).toMatchObject([
      { code: 'source/no-key', message: expect.stringContaining('rows of journal,') },
    ])
    expect(await keyOfOrders(fixture)).toBe('orders_pkey PRIMARY KEY (id)')
    await fixture.sql("GRANT SELECT ON local.orders TO public; COMMENT ON TABLE local.orders IS 'by hand'")
    for (const { what, sql, changes, key } of sourceChanges) {
      await runSql(fixture.source.url, sql)
      const { plan, report } = await applyTo(parsed, fixture.url)
      expect(changesOf(plan), what).toEqual(changes)
      if (changes === alterOrders) expect(plan.changes, what).toMatchObject([{ cause: 'source' }])
      expect(missedOf(report), what).toEqual([])
      expect(await keyOfOrders(fixture), what).toBe(key)
      expect(changesOf(await planFor(parsed, fixture.url)), what).toEqual([])
    }
    expect(
      await fixture.sql(`SELECT (SELECT count(*)::int FROM local.sales) AS rows, obj_description('local.sales'::regclass) AS comment,
        (SELECT relacl::text ~ '{|,=r' FROM pg_class WHERE oid = 'local.sales'::regclass) AS granted`),
    ).toEqual([{ rows: 20, comment: 'by hand', granted: true }])
  })

  test('a mirror becomes one of tables, and of views again, while readers see its rows', async () => {
    const fixture = await fixtureWithOwnSource(pair, shop)
    // A copy with a reference, and one that stays.
    const host = `{ query: "SELECT '\${env:SOURCE_HOST}' AS host" }`
    const total = 'total: { query: SELECT sum(total) FROM proxy.orders }'
    const [views, tables] = [
      await fixture.manifest(`${mirroring()}schemas: { local: { materialized_views: { ${total}, host: ${host} } } }`),
      await fixture.manifest(
        `${mirroring('as: tables')}schemas: { local: { materialized_views: { ${total} }, tables: { host: ${host} } } }`,
      ),
    ]
    await applyTo(views, fixture.url)
    // The second time, the ledger gets the digest of what each object depends on, so that the view that stays is not probed later.
    await fixture.sql('DELETE FROM fdwsync.proof')
    await applyTo(views, fixture.url)
    await fixture.sql(`
      GRANT SELECT ON local.orders TO public; COMMENT ON MATERIALIZED VIEW local.orders IS 'by hand';
      CREATE VIEW public.regions AS SELECT region, count(*) AS n FROM local.orders GROUP BY 1`)
    for (const [parsed, kind] of [
      [tables, 'table'],
      [views, 'materialized view'],
    ] as const) {
      const reader = readUntilStopped(
        fixture,
        'SELECT (SELECT count(*) FROM local.orders) + (SELECT sum(n) FROM public.regions) AS n',
      )
      const { plan, report } = await applyTo(parsed, fixture.url)
      const seen = await reader.stop()
      expect(missedOf(report), kind).toEqual([])
      expect(changesOf(plan), kind).toContain(`replace ${kind} local.orders`)
      expect(
        plan.changes.filter(({ cause }) => cause === 'source' || cause === 'both'),
        'the source is as before',
      ).toEqual([])
      expect([...new Set(seen)], kind).toEqual(['40'])
      expect(changesOf(await planFor(parsed, fixture.url)), kind).toEqual([])
      expect(
        await fixture.sql(`SELECT obj_description('local.orders'::regclass) AS comment, relacl::text ~ '[{,]=r' AS granted
                             FROM pg_class WHERE oid = 'local.orders'::regclass`),
      ).toEqual([{ comment: 'by hand', granted: true }])
    }
  })
})

/** Reads again and again, on a connection of its own. */
function readUntilStopped({ url }: Fixture, query: string) {
  let isStopped = false
  const seen: unknown[] = []
  const reading = (async () => {
    const client = await connect(url)
    try {
      while (!isStopped) seen.push((await client.query<{ n: string }>(query)).rows[0]?.n)
    } finally {
      await client.end()
    }
  })()
  return {
    async stop(): Promise<readonly unknown[]> {
      isStopped = true
      await reading
      return seen
    },
  }
}
