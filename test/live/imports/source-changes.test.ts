// Changes at a source, one after the other, under what others have added to the copies. A role without superuser follows them.

import { expect, test } from 'vitest'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { runSql } from '../../servers/databases.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { oldSourceNewTarget } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { indexesOf, rowsOf } from './varied-source.ts'

const source = `
  CREATE TYPE state AS ENUM ('new', 'paid');
  CREATE DOMAIN code AS text;
  CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, city text, unused int);
  CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, total numeric(10,2), state state, code text, placed date);
  CREATE INDEX orders_state_idx ON orders (state);
  CREATE TABLE events (id bigint, day date, note text);
  CREATE TABLE log (line text);
  INSERT INTO customers SELECT i, 'customer ' || i, 'city ' || i % 3 FROM generate_series(1, 10) i;
  INSERT INTO orders SELECT i, i % 10 + 1, i * 1.5, 'paid', 'c' || i, date '2026-01-01' + i FROM generate_series(1, 50) i;
  INSERT INTO events SELECT i, date '2026-01-01' + i, 'event ' || i FROM generate_series(1, 20) i`

const role = ({ target }: Fixture) => `reader_of_${target.name}`

/** On each copy that exists to the end: grants, comments, an index, statistics, a view, and a view over that one. */
const byHand = (reader: string, owner: string) => `
  CREATE ROLE ${reader}; CREATE SCHEMA people;
  ${['customers', 'orders', 'events']
    .map(
      (view) => `GRANT SELECT ON local.${view} TO ${reader}; COMMENT ON MATERIALIZED VIEW local.${view} IS 'of people';
        COMMENT ON COLUMN local.${view}.id IS 'the key'; CREATE INDEX ${view}_of_people ON local.${view} (id DESC);`,
    )
    .join('\n')}
  GRANT SELECT (id, name) ON local.customers TO ${reader};
  COMMENT ON COLUMN local.customers.city IS 'where'; CREATE INDEX city_of_people ON local.customers (city, lower(name));
  CREATE STATISTICS local.people_stats ON customer_id, placed FROM local.orders; COMMENT ON STATISTICS local.people_stats IS 'of people';
  CREATE VIEW people.spending AS SELECT c.name, c.city, sum(o.total) AS total FROM local.orders o JOIN local.customers c ON c.id = o.customer_id GROUP BY 1, 2;
  CREATE VIEW people.cities AS SELECT city, sum(total) AS total FROM people.spending GROUP BY 1;
  CREATE VIEW people.last_events AS SELECT id, note FROM local.events ORDER BY id DESC LIMIT 3;
  GRANT SELECT ON people.spending, people.cities, people.last_events TO ${reader};
  ${['spending', 'cities', 'last_events'].map((view) => `ALTER VIEW people.${view} OWNER TO ${owner};`).join('\n')}
  GRANT USAGE, CREATE ON SCHEMA people TO ${owner}`

/** What others have added, without the names that the source has changed. */
async function possessions(fixture: Fixture): Promise<unknown> {
  return {
    grants: await fixture.sql(
      `SELECT relname ~ 'journal|events' AS events, relkind, relacl::text, a.attacl::text FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
        WHERE relnamespace IN ('local'::regnamespace, 'people'::regnamespace) AND (relacl IS NOT NULL OR a.attacl IS NOT NULL) ORDER BY c.relname, a.attnum`,
    ),
    comments: await fixture.sql(
      `SELECT description, count(*) FROM pg_description WHERE description IN ('of people', 'the key', 'where') GROUP BY 1 ORDER BY 1`,
    ),
    indexes: await fixture.sql(
      `SELECT indexname FROM pg_indexes JOIN pg_index ON indexrelid = format('%I.%I', schemaname, indexname)::regclass AND indisvalid
        WHERE indexname ~ 'of_people' ORDER BY 1`,
    ),
    statistics: await fixture.sql('SELECT stxname, stxkeys::text FROM pg_statistic_ext'),
    rows: await fixture.sql('SELECT city, round(total)::text AS total FROM people.cities ORDER BY 1'),
    events: await fixture.sql('SELECT * FROM people.last_events'),
  }
}

interface SourceChange {
  readonly what: string
  readonly sql: string
  readonly changes: readonly string[]
}

const changes: readonly SourceChange[] = [
  {
    what: 'a column is added',
    sql: 'ALTER TABLE customers ADD phone text',
    changes: ['alter foreign table proxy.customers', 'replace materialized view local.customers'],
  },
  {
    what: 'a column is dropped',
    sql: 'ALTER TABLE customers DROP unused',
    changes: ['replace foreign table proxy.customers', 'replace materialized view local.customers'],
  },
  {
    what: 'a column is renamed',
    sql: 'ALTER TABLE customers RENAME city TO town',
    changes: ['alter foreign table proxy.customers', 'alter materialized view local.customers'],
  },
  {
    what: 'a column is retyped',
    sql: 'ALTER TABLE orders ALTER total TYPE numeric(12,3)',
    changes: ['replace foreign table proxy.orders', 'replace materialized view local.orders'],
  },
  {
    what: 'a column moves to a new domain',
    sql: "CREATE DOMAIN order_code AS text CHECK (VALUE <> ''); ALTER TABLE orders ALTER code TYPE order_code",
    changes: [
      'create type public.order_code',
      'replace foreign table proxy.orders',
      'replace materialized view local.orders',
    ],
  },
  {
    what: 'a table is added',
    sql: 'CREATE TABLE payments (id int PRIMARY KEY, order_id bigint REFERENCES orders)',
    changes: [
      'create foreign table proxy.payments',
      'create materialized view local.payments',
      'create index local.payments_pkey',
    ],
  },
  {
    what: 'a table is dropped',
    sql: 'DROP TABLE log',
    changes: ['drop materialized view local.log', 'drop foreign table proxy.log'],
  },
  {
    what: 'a table is renamed',
    sql: 'ALTER TABLE events RENAME TO journal',
    changes: ['alter foreign table proxy.journal', 'alter materialized view local.journal'],
  },
  {
    what: 'a table is partitioned',
    sql: `ALTER TABLE journal RENAME TO journal_default; CREATE TABLE journal (LIKE journal_default) PARTITION BY RANGE (day);
          ALTER TABLE journal ATTACH PARTITION journal_default DEFAULT`,
    changes: [],
  },
  {
    what: 'a value is added',
    sql: "ALTER TYPE state ADD VALUE 'sent' BEFORE 'paid'",
    changes: ['alter type public.state'],
  },
  {
    what: 'a value is renamed',
    sql: "ALTER TYPE state RENAME VALUE 'new' TO 'open'",
    changes: ['alter type public.state'],
  },
  {
    what: 'an index is added',
    sql: "CREATE INDEX orders_open_idx ON orders (placed) WHERE state = 'open'",
    changes: ['create index local.orders_open_idx'],
  },
  {
    what: 'an index is redefined',
    sql: 'DROP INDEX orders_state_idx; CREATE INDEX orders_state_idx ON orders (state, placed)',
    changes: ['replace index local.orders_state_idx'],
  },
  { what: 'an index is dropped', sql: 'DROP INDEX orders_state_idx', changes: ['drop index local.orders_state_idx'] },
]

/** A view of another role reads a column that goes at the source; another, one that is renamed and retyped at once. */
async function expectRestToFollow(fixture: Fixture, parsed: ParsedManifest, url: string): Promise<void> {
  await fixture.sql('CREATE VIEW people.names AS SELECT name FROM local.customers')
  await runSql(
    fixture.source.url,
    `ALTER TABLE customers DROP phone; ALTER TABLE payments ADD paid date;
     ALTER TABLE journal RENAME note TO line; ALTER TABLE journal ALTER line TYPE varchar(50)`,
  )
  await fixture.sql('CREATE VIEW people.phones AS SELECT phone FROM local.customers')
  const { plan, report } = await applyTo(parsed, url)
  expect(changesOf(plan)).toEqual(['alter foreign table proxy.payments', 'replace materialized view local.payments'])
  expect(missedOf(report)).toEqual([])
  expect(plan.undetermined.map(({ code, title, reason }) => [code, title, reason])).toEqual([
    [
      'source/not-followed',
      'foreign table proxy.customers',
      expect.stringMatching(
        /^it is kept as it was last applied, .* materialized view local.customers: .* view people.phones/,
      ),
    ],
    [
      'source/not-followed',
      'foreign table proxy.journal',
      expect.stringMatching(
        /materialized view local.journal: .* view people.last_events \(it reads something that this plan also renames/,
      ),
    ],
  ])
  await fixture.sql('DROP VIEW people.phones, people.names, people.last_events')
  const after = await applyTo(parsed, url)
  expect(changesOf(after.plan)).toEqual([
    'replace foreign table proxy.customers',
    'replace foreign table proxy.journal',
    'replace materialized view local.customers',
    'replace materialized view local.journal',
  ])
  expect({ missed: missedOf(after.report), undetermined: after.plan.undetermined }).toEqual({
    missed: [],
    undetermined: [],
  })
}

test.each(
  oldSourceNewTarget(),
)('PostgreSQL $name: each change is followed with one apply, and nothing that others have added is lost', async (pair) => {
  const fixture = await fixtureWithOwnSource(pair, source)
  await fixture.sql('CREATE EXTENSION postgres_fdw')
  const { url, user } = await fixture.role()
  await fixture.sql(
    `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT CREATE ON SCHEMA public TO ${user};
     GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
  )
  const there = `${user}_there`
  await runSql(
    fixture.source.url,
    `DO $$ BEGIN EXECUTE format('CREATE ROLE ${there} LOGIN PASSWORD ''secret there'' IN ROLE %I', current_user); END $$`,
  )
  const text = mirroring('types: copy').replace('extensions: { postgres_fdw: {} }\n', '')
  const env = { SOURCE_USER: there, SOURCE_PASSWORD: 'secret there' }
  const parsed = await fixture.manifest(text.replace('public: {', `${user}: {`), env)
  await applyTo(parsed, url)
  await fixture.sql(byHand(role(fixture), user))
  try {
    const kept = await possessions(fixture)
    for (const { what, sql, changes: expected } of changes) {
      await runSql(fixture.source.url, sql)
      const { plan, report } = await applyTo(parsed, url, { allow: ['drops-data'] })
      expect(changesOf(plan), what).toEqual(expected)
      const causes = plan.changes.map(({ cause }) => cause)
      expect(
        causes.filter((cause) => cause !== 'source' && cause !== 'dependency'),
        what,
      ).toEqual([])
      expect({ undetermined: plan.undetermined, missed: missedOf(report) }, what).toEqual({
        undetermined: [],
        missed: [],
      })
      expect(changesOf(await planFor(parsed, url)), what).toEqual([])
      expect(await possessions(fixture), what).toEqual(kept)
    }
    await expectRestToFollow(fixture, parsed, url)
    const views = await fixture.sql("SELECT matviewname AS name FROM pg_matviews WHERE schemaname = 'local'")
    const names = views.map(({ name }) => String(name))
    expect(await rowsOf(fixture.url, 'local', names)).toEqual(await rowsOf(fixture.source.url, 'public', names))
    expect((await indexesOf(fixture.url, 'local')).filter((index) => !index.includes('of_people'))).toEqual(
      await indexesOf(fixture.source.url, 'public'),
    )
  } finally {
    await fixture.sql(`DROP OWNED BY ${role(fixture)}; DROP ROLE ${role(fixture)}`)
    await runSql(fixture.source.url, `DROP ROLE ${there}`)
  }
})
