// Views that go while others are loaded, which may take their place: if a load fails, the data of those that go is still there.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

/** The content of one schema. */
interface Schema {
  readonly types?: Readonly<Record<string, unknown>>
  readonly foreign_tables?: Readonly<Record<string, unknown>>
  readonly materialized_views?: Readonly<Record<string, unknown>>
}

interface Row {
  readonly what: string
  readonly first: Schema
  /** What others add to it. */
  readonly between?: string
  readonly second: Schema
  /** The views whose data is lost. */
  readonly goes: readonly string[]
}

const columns = { id: 'bigint', total: 'numeric(10,2)', note: 'text' }
const orders = (more = {}) => ({
  server: 'shop',
  options: { schema_name: 'public', table_name: 'orders' },
  columns,
  ...more,
})
const over = (query: string, more = {}) => ({ query, ...more })

/** Each in a schema of its own, whose name is in the place of `#`. */
const rows: readonly Row[] = [
  {
    what: 'another name',
    first: { foreign_tables: { orders: orders() }, materialized_views: { old: over('SELECT id FROM #.orders') } },
    second: { foreign_tables: { orders: orders() }, materialized_views: { new: over('SELECT id FROM #.orders') } },
    goes: ['old'],
  },
  {
    what: 'its index and statistics move to its successor',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        old: over('SELECT id, total FROM #.orders', {
          indexes: { key: { columns: ['id'], unique: true } },
          statistics: { both: { columns: ['id', 'total'] } },
        }),
      },
    },
    second: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        new: over('SELECT id, total FROM #.orders', {
          indexes: { key: { columns: ['id'], unique: true } },
          statistics: { both: { columns: ['id', 'total'] } },
        }),
      },
    },
    goes: ['old'],
  },
  {
    what: 'a table it reads is retyped',
    first: { foreign_tables: { orders: orders() }, materialized_views: { old: over('SELECT id FROM #.orders') } },
    second: {
      foreign_tables: { orders: orders({ columns: { ...columns, id: 'int' } }) },
      materialized_views: { new: over('SELECT id FROM #.orders') },
    },
    goes: ['old'],
  },
  {
    what: 'a table it reads is retyped, under an unmanaged view and with a trigger',
    first: { foreign_tables: { orders: orders() }, materialized_views: { old: over('SELECT id FROM #.orders') } },
    between: `CREATE VIEW #.people AS SELECT note FROM #.orders;
      CREATE FUNCTION #.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER t BEFORE INSERT ON #.orders FOR EACH ROW EXECUTE FUNCTION #.f()`,
    second: {
      foreign_tables: { orders: orders({ columns: { ...columns, id: 'int' } }) },
      materialized_views: { new: over('SELECT id FROM #.orders') },
    },
    goes: ['old'],
  },
  {
    what: 'a column it reads goes',
    first: { foreign_tables: { orders: orders() }, materialized_views: { old: over('SELECT note FROM #.orders') } },
    second: {
      foreign_tables: { orders: orders({ columns: { id: 'bigint' } }) },
      materialized_views: { new: over('SELECT id FROM #.orders') },
    },
    goes: ['old'],
  },
  {
    what: 'a view it reads is replaced',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        below: over('SELECT id FROM #.orders', { indexes: { below_key: { columns: ['id'] } } }),
        old: over('SELECT id FROM #.below'),
      },
    },
    between: `CREATE INDEX of_people ON #.below (id); CREATE STATISTICS #.s ON id, (id + 1) FROM #.below`,
    second: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        below: over('SELECT id, total FROM #.orders', { indexes: { below_key: { columns: ['id'] } } }),
        new: over('SELECT id FROM #.below'),
      },
    },
    goes: ['old'],
  },
  {
    what: 'views over each other and over a table that is retyped',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        below: over('SELECT id FROM #.orders'),
        old: over('SELECT id FROM #.below'),
        older: over('SELECT o.id FROM #.old JOIN #.orders o USING (id)'),
      },
    },
    second: {
      foreign_tables: { orders: orders({ columns: { ...columns, id: 'int' } }) },
      materialized_views: { below: over('SELECT id FROM #.orders'), new: over('SELECT id FROM #.below') },
    },
    goes: ['old', 'older'],
  },
  {
    what: 'a foreign table takes its name',
    first: {
      foreign_tables: { orders_proxy: orders() },
      materialized_views: { orders: over('SELECT id FROM #.orders_proxy', { indexes: { key: { columns: ['id'] } } }) },
    },
    second: { foreign_tables: { orders: orders() }, materialized_views: { copy: over('SELECT id FROM #.orders') } },
    goes: ['orders'],
  },
  {
    what: 'a view takes the name of the table it reads',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: { old: over('SELECT id FROM #.orders'), stays: over('SELECT id FROM #.orders') },
    },
    second: {
      foreign_tables: { orders_proxy: orders() },
      materialized_views: { orders: over('SELECT id FROM #.orders_proxy'), stays: over('SELECT id FROM #.orders') },
    },
    goes: ['old'],
  },
  {
    what: 'an index takes its name, and it that of an index',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        old: over('SELECT id FROM #.orders', { indexes: { key: { columns: ['id'] } } }),
        stays: over('SELECT id FROM #.orders', { indexes: { other: { columns: ['id'] } } }),
      },
    },
    second: {
      foreign_tables: { orders: orders() },
      materialized_views: {
        key: over('SELECT id FROM #.orders'),
        other: over('SELECT id FROM #.orders'),
        stays: over('SELECT id FROM #.orders', { indexes: { old: { columns: ['id'] } } }),
      },
    },
    goes: ['old'],
  },
  {
    what: 'types take the names of relations, and relations those of types',
    first: {
      types: { mood: { enum: ['good'] }, pair: { composite: { a: 'int' } } },
      foreign_tables: { orders: orders() },
      materialized_views: {
        old: over("SELECT id, 'good'::#.mood AS mood, ROW(1)::#.pair AS pair FROM #.orders"),
        other: over('SELECT id FROM #.orders'),
      },
    },
    second: {
      types: { old: { enum: ['a'] }, other: { composite: { b: 'text' } } },
      foreign_tables: { mood: orders() },
      materialized_views: { pair: over("SELECT id, 'a'::#.old AS a FROM #.mood") },
    },
    goes: ['old', 'other'],
  },
  {
    what: 'a value of an enumeration goes',
    first: {
      types: { mood: { enum: ['good', 'bad'] } },
      foreign_tables: { orders: orders() },
      materialized_views: { old: over("SELECT id, 'bad'::#.mood AS mood FROM #.orders") },
    },
    second: {
      types: { mood: { enum: ['good'] } },
      foreign_tables: { orders: orders() },
      materialized_views: { new: over("SELECT id, 'good'::#.mood AS mood FROM #.orders") },
    },
    goes: ['old'],
  },
  {
    what: 'a view and a table swap their names',
    first: { foreign_tables: { b: orders() }, materialized_views: { a: over('SELECT id FROM #.b') } },
    second: { foreign_tables: { a: orders() }, materialized_views: { b: over('SELECT id FROM #.a') } },
    goes: ['a'],
  },
  {
    what: 'an unmanaged view reads what it reads, and it reads that view',
    first: { foreign_tables: { orders: orders() }, materialized_views: { other: over('SELECT id FROM #.orders') } },
    between: 'CREATE VIEW #.people AS SELECT id, total FROM #.orders',
    second: {
      foreign_tables: { orders: orders({ columns: { ...columns, note: 'varchar(9)' } }) },
      materialized_views: { new: over('SELECT id, note FROM #.orders') },
    },
    goes: ['other'],
  },
  {
    what: 'an unmanaged view reads what is replaced under it',
    first: {
      foreign_tables: { orders: orders() },
      materialized_views: { below: over('SELECT id FROM #.orders'), old: over('SELECT id FROM #.below') },
    },
    between:
      'CREATE VIEW #.people AS SELECT id FROM #.below; CREATE MATERIALIZED VIEW #.theirs AS SELECT id FROM #.below',
    second: {
      foreign_tables: { orders: orders() },
      materialized_views: { below: over('SELECT id, total FROM #.orders'), new: over('SELECT id FROM #.below') },
    },
    goes: ['old'],
  },
  {
    what: 'a domain it uses gets another base',
    first: {
      types: { code: { domain: 'text' } },
      foreign_tables: { orders: orders({ columns: { id: 'bigint', note: '#.code' } }) },
      materialized_views: { old: over('SELECT note FROM #.orders'), stays: over('SELECT id, note FROM #.orders') },
    },
    second: {
      types: { code: { domain: 'varchar(99)' } },
      foreign_tables: { orders: orders({ columns: { id: 'bigint', note: '#.code' } }) },
      materialized_views: { new: over('SELECT note FROM #.orders'), stays: over('SELECT id, note FROM #.orders') },
    },
    goes: ['old'],
  },
]

function manifestText(schemas: Readonly<Record<string, Schema>>): string {
  return head() + stringify({ schemas })
}

const only = process.env.ROW
const chosen = rows.filter(({ what }) => only === undefined || what === only)
const schemaOf = (at: number) => `s${at}`
const contents = (of: 'first' | 'second', more: Readonly<Record<string, Schema>> = {}) => {
  const schemas = chosen.map((row, at): [string, Schema] => [
    schemaOf(at),
    JSON.parse(JSON.stringify(row[of]).replaceAll('#', schemaOf(at))),
  ])
  return manifestText({ ...Object.fromEntries(schemas), ...more })
}
const failing = {
  broken: { materialized_views: { broken: over('SELECT 1 / (count(*) - count(*)) AS x FROM pg_class') } },
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('views to drop keep their data until all others are loaded', async () => {
    const fixture = await fixtureFor(pair, source)
    expect(missedOf((await applyTo(await fixture.manifest(contents('first')), fixture.url)).report)).toEqual([])
    for (const [at, { between = '' }] of chosen.entries()) await fixture.sql(between.replaceAll('#', schemaOf(at)))
    const going = await dataOf(fixture)

    const allow = { allow: ['drops-data'] as const }
    const failed = await applyTo(await fixture.manifest(contents('second', failing)), fixture.url, allow)
    expect(missedOf(failed.report)[0]).toBe('failed populate materialized view broken.broken: division by zero')
    expect(await remaining(fixture, going)).toEqual(going)

    const second = await fixture.manifest(contents('second'))
    expect(missedOf((await applyTo(second, fixture.url, allow)).report)).toEqual([])
    expect(await remaining(fixture, going)).toEqual([])
    expect(changesOf(await planFor(second, fixture.url))).toEqual([])
    expect(await fixture.sql(`SELECT relname FROM pg_class WHERE relname ~ '^fdwsync_old'`)).toEqual([])
    expect(await fixture.sql(`SELECT typname FROM pg_type WHERE typname ~ 'fdwsync_old'`)).toEqual([])
  })

  async function dataOf(fixture: Fixture) {
    const names = chosen.flatMap(({ goes }, at) => goes.map((name) => `'${schemaOf(at)}.${name}'::regclass`))
    return fixture.sql(
      `SELECT oid::int, relfilenode::int FROM pg_class WHERE oid IN (${names.join(', ')}) AND relispopulated ORDER BY oid`,
    )
  }

  async function remaining(fixture: Fixture, data: Awaited<ReturnType<typeof dataOf>>) {
    const oids = data.map(({ oid }) => oid).join(', ')
    return fixture.sql(
      `SELECT oid::int, relfilenode::int FROM pg_class WHERE oid IN (${oids}) AND relispopulated ORDER BY oid`,
    )
  }
})
