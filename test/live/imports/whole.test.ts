// Twenty varied tables from nothing to a mirror, through changes of the source, with the rows of both sides.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { oldSourceNewTarget } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { indexesOf, rowsOf, sourceSql } from './varied-source.ts'

const moreSql = await readFile(join(import.meta.dirname, 'more.sql'), 'utf8')

const whole = mirroring(
  'types: copy\nrelations: [tables, views, materialized_views]\ntables: { plain_view: { exclude: true } }',
).replace('extensions: { postgres_fdw: {} }', 'extensions: { postgres_fdw: {}, citext: {}, hstore: {} }')

/** The rows of the tables that inherit from these are copied with theirs, so their keys are not unique in the copies. */
function inherited(...tables: readonly string[]): readonly unknown[] {
  return tables.map((table) => expect.stringMatching(`^index ${table}_pkey of the source is not created .* inherit`))
}

async function viewsOf(fixture: Fixture): Promise<readonly string[]> {
  const views = await fixture.sql("SELECT matviewname AS name FROM pg_matviews WHERE schemaname = 'local' ORDER BY 1")
  return views.map(({ name }) => String(name))
}

async function expectSameRows(fixture: Fixture): Promise<void> {
  const names = await viewsOf(fixture)
  expect(await rowsOf(fixture.url, 'local', names)).toEqual(await rowsOf(fixture.source.url, 'public', names))
}

interface SourceChange {
  readonly what: string
  readonly sql: string
  readonly changes: readonly string[]
}

const replacedView = (name: string, ...indexes: readonly string[]) => [
  `replace materialized view local.${name}`,
  ...indexes.map((index) => `replace index local.${index}`),
]

/** Changes at the source, one after the other, each with the fewest changes here. */
const sourceChanges: readonly SourceChange[] = [
  {
    what: 'column added',
    sql: 'ALTER TABLE enums ADD more money_of',
    changes: ['alter foreign table proxy.enums', ...replacedView('enums')],
  },
  {
    what: 'column dropped',
    sql: 'DROP VIEW joined; ALTER TABLE enums DROP odd',
    changes: [
      'replace foreign table proxy.enums',
      ...replacedView('enums'),
      'drop materialized view local.joined',
      'drop foreign table proxy.joined',
      'drop type public."Odd Type"',
    ],
  },
  {
    what: 'column renamed',
    sql: 'ALTER TABLE domains RENAME mail TO address',
    changes: [
      'replace foreign table proxy.domains',
      ...replacedView('domains', 'domains_mail_idx', 'domains_mail_key'),
    ],
  },
  {
    what: 'column retyped',
    sql: 'ALTER TABLE defaults ALTER at TYPE timestamptz',
    changes: ['replace foreign table proxy.defaults', ...replacedView('defaults')],
  },
  {
    what: 'table added',
    sql: "CREATE TYPE level AS ENUM ('low', 'high'); CREATE TABLE fresh (id int PRIMARY KEY, level level); INSERT INTO fresh VALUES (1, 'low')",
    changes: [
      'create type public.level',
      'create foreign table proxy.fresh',
      'create materialized view local.fresh',
      'create index local.fresh_pkey',
    ],
  },
  {
    what: 'table renamed',
    sql: 'ALTER TABLE fresh RENAME TO stale',
    changes: [
      'create foreign table proxy.stale',
      'create materialized view local.stale',
      'create index local.fresh_pkey',
      'drop materialized view local.fresh',
      'drop foreign table proxy.fresh',
    ],
  },
  {
    what: 'table dropped',
    sql: 'DROP TABLE stale; DROP TYPE level',
    changes: [
      'drop index local.fresh_pkey',
      'drop materialized view local.stale',
      'drop foreign table proxy.stale',
      'drop type public.level',
    ],
  },
  {
    what: 'enumeration grown',
    sql: "ALTER TYPE status ADD VALUE 'late' BEFORE 'it''s done'",
    changes: ['alter type public.status'],
  },
  {
    what: 'index added',
    sql: "CREATE INDEX listed_late_idx ON listed (status, id DESC); CREATE INDEX enums_late_idx ON enums (id) WHERE status = 'late'",
    changes: ['create index local.enums_late_idx', 'create index local.listed_late_idx'],
  },
  { what: 'index dropped', sql: 'DROP INDEX enums_late_idx', changes: ['drop index local.enums_late_idx'] },
]

/** Tables that the changes do not concern, left out because each takes time. */
const untouched =
  'stamps, texts, numbers, shapes, nets, bits, multiranges, searches, stores, refers, deferred, unlogged, dates, toasted, by_default'

/** Grants and comments that were added to the views by hand. */
async function givenByHand({ sql }: Fixture, role: string): Promise<unknown> {
  return sql(`SELECT c.relname, has_table_privilege('${role}', c.oid, 'SELECT') AS granted, obj_description(c.oid) AS comment,
      col_description(c.oid, 1) AS "column"
    FROM pg_class c WHERE relnamespace = 'local'::regnamespace AND relname IN ('enums', 'domains', 'defaults', 'listed') ORDER BY 1`)
}

function giving(role: string): string {
  const each = ['enums', 'domains', 'defaults', 'listed'].map(
    (view) => `GRANT SELECT ON local.${view} TO ${role}; COMMENT ON MATERIALIZED VIEW local.${view} IS 'of ${view}';
      COMMENT ON COLUMN local.${view}.${view === 'listed' ? 'status' : 'id'} IS 'first of ${view}'`,
  )
  return `CREATE ROLE ${role}; ${each.join('; ')}`
}

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test('fifty tables into an empty database: rows, types and indexes as at the source, and a second plan is empty', async () => {
    const fixture = await fixtureWithOwnSource(pair, `${sourceSql};\n${moreSql}`)
    const parsed = await fixture.manifest(whole)
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(plan.undetermined).toEqual([])
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      ...inherited('by_status', 'parent'),
      expect.stringMatching(
        /^index own_function_idx of the source is not created on local.own_function: it calls public.own\(\), which is not immutable and built-in/,
      ),
    ])
    const names = await viewsOf(fixture)
    expect(names).toHaveLength(50)
    await expectSameRows(fixture)
    // Without those that cannot exist on a view: indexes of partitions, those that are unique within a parent alone, and one over a
    // function of the source.
    const indexes = await indexesOf(fixture.source.url, 'public')
    const wanted = indexes.filter(
      (index) => !/^(own_function_idx|(by_status|parent)_pkey|(parted|listed)_(\d|new|rest))/.test(index),
    )
    expect(await indexesOf(fixture.url, 'local')).toEqual(wanted)
    const again = await planFor(parsed, fixture.url)
    expect({ changes: changesOf(again), undetermined: again.undetermined }).toEqual({ changes: [], undetermined: [] })
    const refreshed = await refresh(parsed, [], connectTo(fixture.url), { ...applyDefaults, hidden: [] })
    expect(refreshed.views.map(({ outcome }) => outcome.status)).toEqual(names.map(() => 'applied'))
  })

  test('ten changes at the source, each with the fewest changes here, by a role without superuser', async () => {
    const fixture = await fixtureWithOwnSource(pair, moreSql)
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
    const text = whole.replace('tables: { plain_view: { exclude: true } }', `except: [${untouched}]`)
    const parsed = await fixture.manifest(text.replace('postgres_fdw: {}, ', '').replace('public: {', `${user}: {`), {
      SOURCE_USER: there,
      SOURCE_PASSWORD: 'secret there',
    })
    const first = await applyTo(parsed, url)
    const warnings = first.plan.warnings.map(({ message }) => message)
    expect({ missed: missedOf(first.report), warnings }).toEqual({ missed: [], warnings: inherited('by_status') })
    const role = `reader_of_${fixture.target.name}`
    await fixture.sql(giving(role))
    try {
      const kept = await givenByHand(fixture, role)
      for (const { what, sql, changes } of sourceChanges) {
        await runSql(fixture.source.url, sql)
        const { plan, report } = await applyTo(parsed, url, { allow: ['drops-data'] })
        expect(changesOf(plan), what).toEqual(changes)
        expect(missedOf(report), what).toEqual([])
        const again = await planFor(parsed, url)
        expect({ changes: changesOf(again), undetermined: again.undetermined }, what).toEqual({
          changes: [],
          undetermined: [],
        })
        expect(await givenByHand(fixture, role), what).toEqual(kept)
      }
      await expectSameRows(fixture)
    } finally {
      await fixture.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await runSql(fixture.source.url, `DROP ROLE ${there}`)
    }
  })
})
