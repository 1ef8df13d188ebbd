// Foreign tables that are planned without a stand-in, indexes of which one is tried out for all that are alike, and columns that are read
// in short. An apply reads what it has created before
// COMMIT and fails unless that is as planned, so that it proves both.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/core/plan.ts'
import { qualified } from '../../../src/core/sql.ts'
import { foreignTable } from '../../../src/kinds/foreign-table/foreign-table.ts'
import type { ForeignTableSpec } from '../../../src/kinds/foreign-table/spec.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'
import { shownAsWritten } from '../../unit/kinds/shown-as-written.ts'

const types = shownAsWritten.flatMap((type) => [type, `${type}[]`])
/** @param shift by how many places the types of the columns are shifted */
const tablesWith = (shift: number) => {
  const typeAt = (at: number) => types[(at + shift) % types.length]
  const columns = {
    ...Object.fromEntries(types.map((_, at) => [`c${at}`, { type: typeAt(at), not_null: (at + shift) % 3 === 0 }])),
    d: { type: 'text', default: `'ü "x"\n%s$${shift}'` },
  }
  const options = { schema_name: "it's", table_name: `ü "x" ${shift}` }
  const table = { server: 'nowhere', columns, options, comment: 'ü' }
  return JSON.stringify({
    version: 1,
    name: 'certain',
    schemas: { made: { foreign_tables: { one: table, two: table, other: { ...table, server: 'lenient' } } } },
  })
}

/** Names of columns of the types bigint, text, timestamptz, jsonb, text[] and int4range. */
type Names = readonly [string, string, string, string, string, string]
const plainNames: Names = ['id', 'name', 'placed_at', 'payload', 'tags', 'span']
const oddNames: Names = ['text_ops', 'Na"me', 'order', 'where', 'ü', 'C']
const values = ['1::bigint', "'x'::text", 'now()', "'{}'::jsonb", "'{}'::text[]", "'[1,2)'::int4range"]
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

const everyIndex = ([number, text, at, document, list, range]: Names) => [
  { columns: [number] },
  { unique: true, columns: [number, { column: at, order: 'desc' }], include: [text] },
  { columns: [{ column: text, collation: 'C', operator_class: 'text_pattern_ops', nulls: 'first' }] },
  { columns: [text], include: [number, text], with: { fillfactor: '70' } },
  { method: 'hash', columns: [text] },
  { method: 'gin', columns: [{ column: document, operator_class: 'jsonb_path_ops' }, list] },
  { method: 'brin', columns: [at, number], with: { pages_per_range: '4' } },
  { method: 'gist', columns: [range] },
  {
    columns: [{ expression: `lower(${quoted(text)})` }, number],
    where: `${quoted(at)} > '2026-01-01' AND ${quoted(number)} IN (1, 2)`,
  },
  { columns: [{ expression: `${quoted(document)} ->> 'a'`, statistics: '7' }] },
]

/** Three views, of which two have columns of the same names. */
const viewsWithIndexes = () => {
  const views = [plainNames, plainNames, oddNames].map((names, at) => {
    const query = `SELECT ${names.map((name, column) => `${values[column]} AS ${quoted(name)}`).join(', ')}`
    const indexes = Object.fromEntries(everyIndex(names).map((each, number) => [`v${at}_${number}`, each]))
    return [`v${at}`, { query, populate: false, indexes }]
  })
  return JSON.stringify({
    version: 1,
    name: 'alike',
    schemas: { alike: { materialized_views: Object.fromEntries(views) } },
  })
}

/** Names that PostgreSQL quotes, some of them only in some versions. */
const names = [
  'id',
  'Id',
  'a b',
  'q"uote',
  '_x',
  '$d',
  'ü',
  'select',
  'user',
  'int',
  'json',
  'json_table',
  'merge_action',
  'old',
  'new',
  'one',
]
const oddTables = ['one', 'Two', 'q"uote', 'select', 'user', 'old', 'table', 'five six']

/** Foreign tables and materialized views of all their columns, with indexes. */
const mirrorWith = (from: string, indexes: readonly object[]) => {
  const all = Object.fromEntries(names.map((name, at) => [name, at % 2 === 0 ? 'bigint' : 'text']))
  const rotated = (by: number) =>
    Object.fromEntries([...Object.entries(all).slice(by), ...Object.entries(all).slice(0, by)])
  const tables = oddTables.map((name, at) => [name, { server: 'nowhere', columns: rotated(at) }])
  const views = oddTables.map((name, at) => {
    const named = Object.fromEntries(indexes.map((each, number) => [`i${at}_${number}`, each]))
    return [name, { query: `SELECT * FROM ${qualified(from, name)}`, populate: false, indexes: named }]
  })
  const over = ['over', { query: `SELECT * FROM ${qualified(`copies ${from}`, 'one')}`, populate: false }]
  return JSON.stringify({
    version: 1,
    name: 'mirror',
    schemas: {
      [from]: { foreign_tables: Object.fromEntries(tables) },
      [`copies ${from}`]: { materialized_views: Object.fromEntries([...views, over]) },
    },
  })
}

describe.each(eachMajor())('PostgreSQL $name', (pair) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase(pair.target)
    await runSql(
      database.url,
      `CREATE EXTENSION postgres_fdw; CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw;
       CREATE FOREIGN DATA WRAPPER lenient; CREATE SERVER lenient FOREIGN DATA WRAPPER lenient`,
    )
  })
  afterAll(() => database.drop())

  test('every type of which that is certain is accepted, and shown as it is declared', async () => {
    const opsOf = ({ changes }: Plan) => changes.map(({ change }) => change.op)
    for (const [shift, op] of ['create', 'alter'].entries()) {
      const parsed = await manifestOf(tablesWith(shift), {})
      const { plan } = await applyTo(parsed, database.url)
      expect(opsOf(plan).slice(-3)).toEqual([op, op, op])
      expect(opsOf(await planFor(parsed, database.url))).toEqual([])
    }
    await runSql(database.url, 'DROP SCHEMA fdwsync CASCADE')
    const adoption = await planFor(await manifestOf(tablesWith(1), {}), database.url)
    expect(opsOf(adoption)).toEqual(['adopt', 'adopt', 'adopt', 'adopt'])
  })

  test('indexes that are alike are accepted, and shown as is known from one of them', async () => {
    const parsed = await manifestOf(viewsWithIndexes(), {})
    await applyTo(parsed, database.url)
    expect((await planFor(parsed, database.url)).changes).toEqual([])
  })

  test('views of all columns of such tables are shown as is known from one of them', async () => {
    const parsed = await manifestOf(
      mirrorWith('all of', [{ columns: ['id'] }, { unique: true, columns: ['Id'], include: ['user'] }]),
      {},
    )
    await applyTo(parsed, database.url)
    expect((await planFor(parsed, database.url)).changes).toEqual([])
  })

  test('if an index of one of them is rejected, each of them is reported', async () => {
    const parsed = await manifestOf(mirrorWith('new', [{ columns: ['id'], with: { unknown: 'x' } }]), {})
    const rejected = await planFor(parsed, database.url).catch(String)
    expect(String(rejected).match(/unrecognized parameter/g)).toHaveLength(oddTables.length)
  })

  test('what is read in short is what is read in full', async () => {
    const odd = [
      'plain bigint',
      'required text NOT NULL',
      `renamed text OPTIONS (column_name 'other')`,
      `named text OPTIONS (column_name 'named')`,
      `"__proto__" text OPTIONS (column_name '__proto__')`,
      "optioned text OPTIONS (column_name 'optioned', \"a\" 'b')",
      'defaulted int DEFAULT 7',
      'generated int GENERATED ALWAYS AS (7) STORED',
      'collated text COLLATE "C"',
      `named_type "char"`,
    ]
    await runSql(
      database.url,
      `CREATE SCHEMA odd;
       CREATE FOREIGN TABLE odd.bare (${odd.join(', ')}) SERVER lenient;
       CREATE FOREIGN TABLE odd.set (${odd.join(', ')}) SERVER lenient;
       ALTER FOREIGN TABLE odd.set ALTER named SET STORAGE main, ALTER required SET STATISTICS 7, ALTER plain SET (n_distinct = 5);
       CREATE FOREIGN TABLE odd.commented (${odd.join(', ')}) SERVER lenient;
       COMMENT ON COLUMN odd.commented.named IS 'x';
       CREATE FOREIGN TABLE odd.marked (a int NOT NULL ${pair.major >= 18 ? 'NO INHERIT' : ''}, b int NOT NULL) SERVER lenient`,
    )
    const ids = ['bare', 'set', 'commented', 'marked'].map((name) => ({ schema: 'odd', name }))
    const read = async (sql: string | undefined) => {
      const text = `SET search_path = pg_catalog; ${sql?.replaceAll('$1', `'${JSON.stringify(ids)}'`)}`
      const rows = await runSql(database.url, text)
      return rows.map(({ spec }) => foreignTable.expand?.(spec as ForeignTableSpec))
    }
    const full = await read(foreignTable.catalogQuery)
    // Only this query reads whether a column is also its parents'.
    const parentless = full.map((spec) => ({ ...spec, columns: columnsWithout('isLocal', spec?.columns ?? {}) }))
    const plain = await read(foreignTable.plainCatalogQuery)
    expect(plain).toEqual(parentless)
    // So is what the ledger keeps in short.
    const kept = plain.flatMap((spec) => (spec ? [foreignTable.abbreviate?.(spec) as ForeignTableSpec] : []))
    expect(JSON.stringify(kept).match(/"[pxem]!?=? [a-z]/g)?.length).toBeGreaterThan(8)
    expect(kept.map((spec) => foreignTable.expand?.(spec))).toEqual(plain)
  })
})

function columnsWithout(attribute: string, columns: object): object {
  const without = ([name, column]: readonly [string, object]) => [
    name,
    Object.fromEntries(Object.entries(column).filter(([each]) => each !== attribute)),
  ]
  return Object.fromEntries(Object.entries(columns).map(without))
}
