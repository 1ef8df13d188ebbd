// Mirrors: views and indexes that follow the tables of a source.

import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { crossedMajors, eachMajor, oldSourceNewTarget } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { indexesOf } from './varied-source.ts'

interface SourceChange {
  readonly what: string
  readonly sql: string
  readonly changes: readonly string[]
  readonly allow?: readonly string[]
}

const shop = `
  CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2), note text);
  CREATE INDEX orders_note_idx ON orders (note);
  CREATE TABLE customers (id bigint PRIMARY KEY, name text);
  INSERT INTO orders SELECT i, i * 1.5, 'order ' || i FROM generate_series(1, 50) i;
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 10) i`

/**
 * Changes at the source, one after the other, each with the fewest changes here. PostgreSQL cannot alter the type of a column
 * that a view reads, so the foreign table is then replaced along with the view.
 */
const sourceChanges: readonly SourceChange[] = [
  {
    what: 'column added',
    sql: 'ALTER TABLE orders ADD placed_on date',
    changes: ['alter foreign table proxy.orders', 'replace materialized view local.orders'],
  },
  {
    what: 'column retyped',
    sql: 'ALTER TABLE orders ALTER total TYPE numeric(12,3)',
    changes: ['replace foreign table proxy.orders', 'replace materialized view local.orders'],
  },
  {
    what: 'column renamed',
    sql: 'ALTER TABLE orders RENAME note TO remark',
    changes: [
      'alter foreign table proxy.orders',
      'alter materialized view local.orders',
      'adopt index local.orders_note_idx',
    ],
  },
  {
    what: 'column dropped',
    sql: 'ALTER TABLE orders DROP placed_on',
    changes: ['replace foreign table proxy.orders', 'replace materialized view local.orders'],
  },
  {
    what: 'column not null',
    sql: 'ALTER TABLE orders ALTER total SET NOT NULL',
    changes: ['alter foreign table proxy.orders'],
  },
  {
    what: 'index added',
    sql: 'CREATE INDEX orders_total_idx ON orders (total DESC) WHERE total > 10',
    changes: ['create index local.orders_total_idx'],
  },
  { what: 'index dropped', sql: 'DROP INDEX orders_total_idx', changes: ['drop index local.orders_total_idx'] },
  {
    what: 'table added',
    sql: 'CREATE TABLE payments (id int PRIMARY KEY); INSERT INTO payments VALUES (1)',
    changes: [
      'create foreign table proxy.payments',
      'create materialized view local.payments',
      'create index local.payments_pkey',
    ],
  },
  {
    what: 'table dropped',
    sql: 'DROP TABLE payments',
    changes: [
      'drop index local.payments_pkey',
      'drop materialized view local.payments',
      'drop foreign table proxy.payments',
    ],
    allow: ['drops-data'],
  },
  { what: 'rows only', sql: 'INSERT INTO orders VALUES (51, 1)', changes: [] },
]

/** A generated column whose function is not here, a collation that is not here, and relations of every kind. */
const varied = `
  CREATE FUNCTION public.own(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT lower($1) || '!'$$;
  CREATE COLLATION public.from_there (provider = icu, locale = 'de');
  CREATE TABLE people (name text COLLATE public.from_there, key text GENERATED ALWAYS AS (public.own(name)) STORED);
  INSERT INTO people VALUES ('Ä');
  CREATE SCHEMA only_there; CREATE COLLATION only_there.other (provider = icu, locale = 'sv');
  CREATE TABLE places (name text COLLATE only_there.other);
  CREATE TABLE days (day date) PARTITION BY RANGE (day);
  CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE days_2 PARTITION OF days DEFAULT;
  CREATE VIEW names AS SELECT name COLLATE "C" AS name FROM people;
  CREATE MATERIALIZED VIEW keys AS SELECT key FROM people`

async function copiesOf({ sql }: Fixture): Promise<readonly unknown[]> {
  const rows = await sql(`SELECT matviewname AS name FROM pg_matviews WHERE schemaname = 'local' ORDER BY 1`)
  return rows.map(({ name }) => name)
}

const given = `
  CREATE ROLE %role; GRANT SELECT ON local.orders TO %role; COMMENT ON MATERIALIZED VIEW local.orders IS 'by hand';
  COMMENT ON COLUMN local.orders.id IS 'the number'`

async function givenByHand(fixture: Fixture): Promise<unknown> {
  return fixture.sql(`SELECT has_table_privilege('${role(fixture)}', 'local.orders', 'SELECT') AS granted,
    obj_description('local.orders'::regclass) AS comment, col_description('local.orders'::regclass, 1) AS column`)
}

const role = ({ target }: Fixture) => `reader_of_${target.name}`

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test('a change at the source changes no more than necessary here', async () => {
    const fixture = await fixtureWithOwnSource(pair, shop)
    const parsed = await fixture.manifest(mirroring())
    await applyTo(parsed, fixture.url)
    await fixture.sql(given.replaceAll('%role', role(fixture)))
    const kept = await givenByHand(fixture)
    for (const { what, sql, changes, allow } of sourceChanges) {
      await runSql(fixture.source.url, sql)
      const { plan, report } = await applyTo(parsed, fixture.url, allow ? { allow } : {})
      expect(changesOf(plan), what).toEqual(changes)
      expect(missedOf(report), what).toEqual([])
      expect(changesOf(await planFor(parsed, fixture.url)), what).toEqual([])
      expect(await givenByHand(fixture), what).toEqual(kept)
    }
    await fixture.sql(`DROP OWNED BY ${role(fixture)}; DROP ROLE ${role(fixture)}`)
  })

  test('copies tables alone, of any extension none, and the values of generated columns', async () => {
    const fixture = await fixtureWithOwnSource(pair, varied)
    const parsed = await fixture.manifest(mirroring())
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(await copiesOf(fixture)).toEqual(['days', 'people', 'places'])
    expect(await fixture.sql('SELECT * FROM local.people')).toEqual([{ name: 'Ä', key: 'ä!' }])
    expect(plan.undetermined).toEqual([])
    expect(plan.warnings.map(({ code }) => code)).toEqual(['source/left-out', 'source/collation', 'source/collation'])
    expect(plan.warnings[0]?.message).toContain('1 view (names), 1 materialized view (keys)')
    expect(plan.warnings[1]?.message).toContain('public.from_there')
    expect(plan.warnings[2]?.message).toContain('only_there.other')
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('copies types and indexes through a wrapper of another name, which has the handler of postgres_fdw', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE people (id int PRIMARY KEY, mood mood); INSERT INTO people VALUES (1, 'ok')",
    )
    await fixture.sql(
      'CREATE EXTENSION postgres_fdw; CREATE FOREIGN DATA WRAPPER other HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator',
    )
    const text = mirroring('types: copy').replace('  shop:\n', '  shop:\n    foreign_data_wrapper: other\n')
    const parsed = await fixture.manifest(text)
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect({ warnings: plan.warnings, missed: missedOf(report) }).toEqual({ warnings: [], missed: [] })
    expect(await fixture.sql('SELECT id, mood::text FROM local.people')).toEqual([{ id: 1, mood: 'ok' }])
    expect(await fixture.sql("SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'local'")).toEqual([
      { name: 'people_pkey' },
    ])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('copies views and each partition where it is asked to, and follows a change of what is asked', async () => {
    const fixture = await fixtureWithOwnSource(pair, varied)
    const asked = (keys: string) =>
      fixture.manifest(mirroring().replace('    schema: local', `    schema: local\n    ${keys}`))
    await applyTo(await asked('partitions: each'), fixture.url)
    expect(await copiesOf(fixture)).toEqual(['days_1', 'days_2', 'people', 'places'])
    const more = await asked('relations: [views, materialized_views]')
    const { plan } = await applyTo(more, fixture.url, { allow: ['drops-data'] })
    expect(plan.warnings).toEqual([])
    expect(plan.changes.map(({ cause }) => cause)).not.toContain('source')
    expect(await copiesOf(fixture)).toEqual(['keys', 'names'])
    expect(changesOf(await planFor(more, fixture.url))).toEqual([])
  })

  test('the view of a dropped table keeps its data until the drop is allowed', async () => {
    const fixture = await fixtureWithOwnSource(pair, shop)
    const parsed = await fixture.manifest(mirroring())
    await applyTo(parsed, fixture.url)
    await runSql(fixture.source.url, 'DROP TABLE customers')
    await expect(applyTo(parsed, fixture.url)).rejects.toThrow('materialized view local.customers: its data is lost')
    expect(await fixture.sql('SELECT count(*)::int AS count FROM local.customers')).toEqual([{ count: 10 }])
  })

  test('indexes.each creates an index on every view with the column, and tables override the mirror', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      'CREATE TABLE a (id int PRIMARY KEY, at point); CREATE INDEX a_at ON a USING gist (at); CREATE TABLE b (at point, c int); CREATE TABLE c (c int)',
    )
    const parsed = await fixture.manifest(
      mirroring(`indexes: { copy: true, each: [{ method: gist, columns: [at] }, { columns: [c] }] }
tables:
  a: { indexes: { a_own: { columns: [id], where: id > 0 } }, comment: all of a }
  b: { query: SELECT at FROM proxy.b, populate: false }
  c: { query: "SELECT c, c * 2 AS double FROM proxy.c", indexes: { c_double: { columns: [double] } } }`).replace(
        '    indexes: { copy: true }\n',
        '',
      ),
    )
    await expect(applyTo(parsed, fixture.url)).rejects.toThrow('column "c" does not exist')
    const fixed = await fixture.manifest(
      mirroring(`tables:
  a: { indexes: { a_own: { columns: [id], where: id > 0 } }, comment: all of a }
  b: { populate: false }
  c: { query: "SELECT c, c * 2 AS double FROM proxy.c", indexes: { c_double: { columns: [double] } } }`).replace(
        'copy: true',
        'copy: true, each: [{ method: gist, columns: [at] }, { columns: [c] }]',
      ),
    )
    await applyTo(fixed, fixture.url)
    expect((await indexesOf(fixture.url, 'local')).map((text) => text.split(' ')[0])).toEqual([
      'a_at',
      'a_own',
      'a_pkey',
      'b_at_idx',
      'b_c_idx',
      'c_c_idx',
      'c_double',
    ])
    expect(changesOf(await planFor(fixed, fixture.url))).toEqual([])
  })
})

test.each(eachMajor())('PostgreSQL $name: a role without superuser', async (pair) => {
  const fixture = await fixtureWithOwnSource(pair, shop)
  await fixture.sql('CREATE EXTENSION postgres_fdw')
  const { url, user } = await fixture.role()
  await fixture.sql(
    `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
  )
  await runSql(
    fixture.source.url,
    `CREATE ROLE ${user}_there LOGIN PASSWORD 'secret there'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}_there`,
  )
  try {
    const text = mirroring().replace('extensions: { postgres_fdw: {} }\n', '').replace('public: {', `${user}: {`)
    const parsed = await fixture.manifest(text, { SOURCE_USER: `${user}_there`, SOURCE_PASSWORD: 'secret there' })
    const { report } = await applyTo(parsed, url)
    expect(missedOf(report)).toEqual([])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
    await runSql(fixture.source.url, 'ALTER TABLE orders ADD placed_on date')
    const { plan } = await applyTo(parsed, url)
    expect(changesOf(plan)).toEqual(['alter foreign table proxy.orders', 'replace materialized view local.orders'])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  } finally {
    await runSql(fixture.source.url, `DROP OWNED BY ${user}_there; DROP ROLE ${user}_there`)
  }
})

test.each(
  crossedMajors().filter(({ source }) => source.major > 14),
)('PostgreSQL $name: a column that only the newer source can have costs no more than its table', async (pair) => {
  const fixture = await fixtureWithOwnSource(pair, `${shop}; CREATE TABLE scaled (n numeric(3,-2))`)
  const parsed = await fixture.manifest(mirroring())
  const { plan } = await applyTo(parsed, fixture.url)
  expect(plan.undetermined.map(({ title, reason }) => `${title}: ${reason}`)).toEqual(
    pair.target.major > 14 ? [] : [expect.stringMatching(/^foreign table proxy\.scaled: .*NUMERIC scale -2/)],
  )
  expect(await copiesOf(fixture)).toEqual(expect.arrayContaining(['customers', 'orders']))
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
})
