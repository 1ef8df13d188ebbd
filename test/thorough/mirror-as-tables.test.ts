// Whatever changes at a source, its definitions included, a mirror as tables holds the same after a refresh by each strategy: the shop of the
// demo, and the schemas of FDWSYNC_PROPERTY_SCHEMAS, a list of files of SQL. FDWSYNC_PROPERTY_CHANGES sets how many changes there are.

import { readFileSync } from 'node:fs'
import { basename, delimiter } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import { runSql } from '../servers/databases.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../support/fixture.ts'
import { crossedMajors } from '../support/majors.ts'
import { changesOf } from '../support/outcomes.ts'
import { type RandomNumbers, randomNumbers } from '../support/random.ts'

const changes = Number(process.env.FDWSYNC_PROPERTY_CHANGES ?? 12)
const isLong = process.env.FDWSYNC_PROPERTY_CHANGES !== undefined
const seed = Number(process.env.FDWSYNC_PROPERTY_SEED ?? (isLong ? Date.now() % 2 ** 31 : 20260101))

const files = (process.env.FDWSYNC_PROPERTY_SCHEMAS ?? '').split(delimiter).filter((file) => file !== '')
const schemas = [
  {
    name: 'shop',
    text: `${readFileSync('examples/shop/source.sql', 'utf8')}; DELETE FROM orders WHERE id > 300 OR customer_id > 1500; DELETE FROM customers WHERE id > 1500;`,
  },
  ...files.map((file) => ({ name: basename(file), text: readFileSync(file, 'utf8') })),
]

const strategies: Readonly<Record<string, string>> = {
  merge: '{ strategy: merge }',
  compare: '{ strategy: compare }',
  watermark: '{ strategy: watermark, watermark: { column: version, overlap: 0, deletes: 1ms, full: never } }',
  swap: '{ strategy: swap }',
}

const manifest = `
version: 1
name: mirrored
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}", fetch_size: "1000" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
mirrors:
${Object.entries(strategies)
  .map(
    ([name, policy]) =>
      `  ${name}: { server: shop, remote_schema: public, proxy_schema: proxy_${name}, schema: ${name}, as: tables, refresh: ${policy} }`,
  )
  .join('\n')}
`

// Any change is possible, and each row has a number that grows with its changes.
const loosen = `
  SET client_min_messages = warning; SET search_path = public;
  CREATE SCHEMA kept; CREATE SEQUENCE kept.versions;
  CREATE FUNCTION kept.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := nextval(''kept.versions''); RETURN NEW; END';
  DO $$ DECLARE command text; BEGIN
    FOR command IN
      SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'c') ORDER BY contype <> 'f' LOOP EXECUTE command; END LOOP;
    FOR command IN
      SELECT format('ALTER TABLE %s ALTER %I DROP IDENTITY', attrelid::regclass, attname) FROM pg_attribute WHERE attidentity <> '' LOOP EXECUTE command; END LOOP;
    FOR command IN
      SELECT format('ALTER TABLE %1$s ADD version bigint NOT NULL DEFAULT nextval(''kept.versions'');
                     CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION kept.touch()', oid::regclass)
        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP EXECUTE command; END LOOP;
  END $$;`

interface Column {
  readonly name: string
  readonly type: string
  readonly isKey: boolean
  readonly isRequired: boolean
}

const columnsQuery = `
  SELECT c.relname AS "table", json_agg(json_build_object('name', quote_ident(attname), 'type', format_type(atttypid, atttypmod),
           'isKey', attnum = ANY (i.indkey), 'isRequired', attnotnull) ORDER BY attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'version'
    JOIN pg_index i ON i.indrelid = c.oid AND indisprimary
   WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' GROUP BY 1 ORDER BY 1`

interface Table {
  readonly name: string
  readonly columns: readonly Column[]
}

const literalOfType: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(smallint|integer|bigint|numeric)/, ['0', '1', "'-1'", '7']],
  [/^(real|double)/, ['0', "'-0'", "'NaN'", '0.1']],
  [/^(text|character)/, ["''", "'a'", "'A'", "'ä'", "' a'"]],
  [/^timestamp/, ["'2026-01-01'", "'infinity'", "'2026-01-01 00:00:00.000001'"]],
  [/^date/, ["'2026-01-01'", "'infinity'"]],
  [/^bytea/, ["'\\x'", "'\\x00'"]],
  [/^boolean$/, ['true', 'false']],
]

/** A new value of a key, for each row that `n` numbers. */
function newKey({ name, type }: Column, table: string): string {
  if (/int|numeric/.test(type)) return `((SELECT coalesce(max(${name}), 0) FROM ${table}) + n)::${type}`
  return `left(md5(n || clock_timestamp()::text), 5)::${type}`
}

/** Some change of the rows of a table. */
function changeOfRows({ name: table, columns }: Table, below: RandomNumbers): string {
  const key = columns.filter(({ isKey }) => isKey)
  const [first] = key
  if (!first) throw new Error(`${table} has no key`)
  const keys = key.map(({ name }) => name).join(', ')
  const some = `SELECT ${keys} FROM (SELECT ${keys}, row_number() OVER (ORDER BY ${keys}) AS n FROM ${table}) AS numbered WHERE n % ${2 + below(20)} = ${below(2)}`
  const rows = below(12) === 0 ? 'true' : `(${keys}) IN (${some})`
  const others = columns.filter(({ isKey }) => !isKey)
  const column = others[below(others.length)]
  const names = columns.map(({ name }) => name).join(', ')
  const inserted = `INSERT INTO ${table} (${names}) SELECT ${columns.map((each) => (each === first ? newKey(each, table) : each.name)).join(', ')}
    FROM (SELECT *, row_number() OVER () AS n FROM ${table} LIMIT ${1 + below(30)}) AS copied ON CONFLICT DO NOTHING`
  switch (below(8)) {
    case 0:
      return inserted
    case 1:
      return `DELETE FROM ${table} WHERE ${rows}`
    case 2:
      return `UPDATE ${table} AS t SET ${first.name} = f.new_key FROM (SELECT ${keys}, ${newKey(first, table)} AS new_key
        FROM (SELECT *, row_number() OVER () AS n FROM ${table} ORDER BY ${keys} LIMIT ${1 + below(20)}) AS numbered) AS f
        WHERE (${key.map((each) => `t.${each.name}`).join(', ')}) = (${key.map((each) => `f.${each.name}`).join(', ')})`
    case 3:
      return below(3) > 0
        ? inserted
        : `DROP TABLE IF EXISTS kept.${table}; CREATE TABLE kept.${table} AS TABLE ${table}; TRUNCATE ${table}`
    default: {
      if (!column) return inserted
      const values = literalOfType.find(([type]) => type.test(column.type))?.[1] ?? []
      const value = values[below(values.length)]
      const other = `(SELECT ${column.name} FROM ${table} OFFSET ${below(40)} LIMIT 1)`
      const set = value === undefined || below(3) === 0 ? other : `${value}::${column.type}`
      return `UPDATE ${table} SET ${column.name} = ${column.isRequired ? `coalesce(${set}, ${column.name})` : below(5) === 0 ? 'NULL' : set} WHERE ${rows}`
    }
  }
}

/** Some change of the columns of a table. */
function changeOfColumns({ name: table, columns }: Table, number: number, below: RandomNumbers): string {
  const others = columns.filter(({ isKey }) => !isKey)
  const column = others[below(others.length)]
  const added = `ALTER TABLE ${table} ADD added_${number} ${['int DEFAULT 7', "text DEFAULT 'new'", 'timestamptz', 'boolean[]'][below(4)]}`
  if (!column) return added
  const wider = /^character varying|^character\(/.test(column.type)
    ? 'text'
    : { smallint: 'integer', integer: 'bigint', real: 'double precision' }[column.type]
  switch (below(4)) {
    case 0:
      return others.length > 1 ? `ALTER TABLE ${table} DROP ${column.name}` : added
    case 1:
      return `ALTER TABLE ${table} RENAME ${column.name} TO renamed_${number}`
    case 2:
      return wider === undefined ? added : `ALTER TABLE ${table} ALTER ${column.name} TYPE ${wider}`
    default:
      return added
  }
}

/** Puts rows back that a TRUNCATE has taken. */
async function refill({ name: table, columns }: Table, url: string): Promise<string | undefined> {
  const [{ exists } = {}] = await runSql(
    url,
    `SELECT to_regclass('kept.${table}') IS NOT NULL AND NOT EXISTS (SELECT FROM public.${table}) AS exists`,
  )
  if (exists !== true) return undefined
  const kept = await runSql(
    url,
    `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = 'kept.${table}'::regclass AND attnum > 0`,
  )
  const names = columns.map(({ name }) => name).filter((name) => kept.some((column) => column.name === name))
  return names.length < columns.filter(({ isKey, isRequired }) => isKey || isRequired).length
    ? undefined
    : `INSERT INTO public.${table} (${names.join(', ')}) SELECT ${names.join(', ')} FROM kept.${table} ON CONFLICT DO NOTHING`
}

/** Rows that a mirrored table and what it mirrors do not have in common. */
function differences(fixture: Fixture, table: string) {
  const each = Object.keys(strategies).map((name) => {
    const [copy, source] = [
      `(SELECT t::text AS row FROM ${name}.${table} AS t)`,
      `(SELECT s::text AS row FROM proxy_${name}.${table} AS s)`,
    ]
    return `SELECT '${name}' AS strategy, * FROM ((${copy} EXCEPT ALL ${source}) UNION ALL (${source} EXCEPT ALL ${copy}) LIMIT 3) AS differing`
  })
  return fixture.sql(each.join(' UNION ALL '))
}

const runs = crossedMajors().flatMap((pair) =>
  schemas.map((schema) => ({ pair, schema, name: `PostgreSQL ${pair.name}, ${schema.name}` })),
)

test.each(runs)('$name: mirrored tables are equal to their source after each change', { timeout: 0 }, async ({
  pair,
  schema,
  name,
}) => {
  const source = await createSource(pair, `${schema.text}\n;${loosen}`)
  onTestFinished(() => source.drop())
  const fixture = await fixtureFor(pair, source, '')
  const parsed = await fixture.manifest(manifest)
  const allow = ['drops-data', 'drops-dependents'] as const
  await applyTo(parsed, fixture.url, { allow })
  const below = randomNumbers(seed)
  const used = new Map<string, number>()
  const count = (what: string) => used.set(what, (used.get(what) ?? 0) + 1)
  const connect = connectTo(fixture.url)
  for (let change = 0; change < changes; change += 1) {
    const tables = (await runSql(source.url, columnsQuery)).map(
      ({ table, columns }) => ({ name: table, columns }) as Table,
    ) // as the query has them
    const table = tables[below(tables.length)]
    if (!table) throw new Error('there is no table')
    const isOfColumns = below(12) === 0
    const text = isOfColumns
      ? changeOfColumns(table, change, below)
      : ((await refill(table, source.url)) ?? changeOfRows(table, below))
    const found = [seed, change, text]
    await runSql(source.url, `SET search_path = public; ${text}`).catch((error) =>
      expect([...found, String(error)]).toEqual([]),
    )
    count(text.trim().split(/\s+/).slice(0, 1).join(' '))
    if (isOfColumns) {
      const { report } = await applyTo(parsed, fixture.url, { allow })
      expect([...found, report?.steps.filter(({ outcome }) => outcome.status !== 'applied')]).toEqual([...found, []])
    }
    const { views } = await refresh(parsed, [`*.${table.name}`], connect, refreshDefaults)
    for (const { how, because, outcome } of views) {
      expect([...found, how, outcome]).toEqual([...found, how, expect.objectContaining({ status: 'applied' })])
      count(`${how}: ${because?.replace(/since version.*/, 'since a version')}`)
    }
    expect(views).toHaveLength(Object.keys(strategies).length)
    expect([...found, await differences(fixture, table.name)]).toEqual([...found, []])
  }
  const { views } = await refresh(parsed, [], connect, refreshDefaults)
  expect(views.filter(({ outcome }) => outcome.status !== 'applied')).toEqual([])
  for (const { table } of await runSql(source.url, columnsQuery))
    expect([table, await differences(fixture, String(table))]).toEqual([table, []])
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  if (isLong) process.stdout.write(`${name}: ${JSON.stringify(Object.fromEntries(used))}\n`)
})
