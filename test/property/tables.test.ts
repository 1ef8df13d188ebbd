// Whatever changes at a source, each strategy leaves a table that holds what its query returns, by the command and by fdwsync.refresh(), between
// the oldest and the newest server.

import { expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import { runSql } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { valuesAlike as columns } from '../support/alike-values.ts'
import { applyTo, connectTo, refreshDefaults } from '../support/fdwsync.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { crossedMajors } from '../support/majors.ts'
import { type RandomNumbers, randomNumbers } from '../support/random.ts'

// The suite runs for some seconds per pair of servers, from a fixed seed; FDWSYNC_PROPERTY_SECONDS=600 for long, from another one each time.
const seconds = Number(process.env.FDWSYNC_PROPERTY_SECONDS ?? 3)
const isLong = process.env.FDWSYNC_PROPERTY_SECONDS !== undefined
const seed = Number(process.env.FDWSYNC_PROPERTY_SEED ?? (isLong ? Date.now() % 2 ** 31 : 20260101))
/** The minimum on a slow machine. */
const fewestChanges = 8

const names = Object.keys(columns)
/** Those that a source cannot digest. */
const beside = ['label', 'numbers', 'longs', 'ranges', 'keys', 'doc', 'mood']
const list = names.map((name) => `${name} ${columns[name]?.type}`)

/** Tables of the source, whose keys differ in how their rows get into blocks. */
const keys = { numbered: 'id int', named: 'part varchar(10), code uuid' } as const
type Table = keyof typeof keys

const create = (table: Table) => `
  CREATE TABLE ${table} (${keys[table]}, ${list.join(', ')}, number int, version bigint, PRIMARY KEY (${keyColumns(table).join(', ')}));
  CREATE FUNCTION touch_${table}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := nextval(''versions''); RETURN NEW; END';
  CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION touch_${table}();
  ${insert(table, 1, 300)}`
const keyColumns = (table: Table) => keys[table].split(', ').map((column) => column.split(' ')[0] ?? '')
const keyValues = (table: Table) => (table === 'numbered' ? 'i' : "'p' || i % 7, md5(i::text)::uuid")
const insert = (table: Table, from: number, to: number) =>
  `INSERT INTO ${table} (${keyColumns(table).join(', ')}, number, word, amount, data)
     SELECT ${keyValues(table)}, i, 'word ' || i, i / 3.0, jsonb_build_object('i', i) FROM generate_series(${from}, ${to}) AS i ON CONFLICT DO NOTHING`

const manifest = `
version: 1
name: tables
extensions: { postgres_fdw: {} }
search_path: [public]
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}", fetch_size: "1000" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
schemas:
  proxy:
    foreign_tables:
${Object.keys(keys)
  .map((table) => {
    const types = [...keys[table as Table].split(', '), ...list, 'number int', 'version bigint'].map((column) => {
      const [name = '', ...type] = column.split(' ')
      const collation = type.join(' ').match(/^(.*) COLLATE "(.*)"$/)
      return collation
        ? [name, { type: collation[1], collation: collation[2] }]
        : [name, type.join(' ').replace('mood', 'public.mood')]
    })
    return `      ${table}: { server: shop, options: { schema_name: public }, columns: ${JSON.stringify(Object.fromEntries(types))} }`
  })
  .join('\n')}
  local:
    tables:
${Object.keys(keys)
  .map((table) => {
    const key = `primary_key: [${keyColumns(table as Table).join(', ')}]`
    const digested = [
      ...keyColumns(table as Table),
      ...names.filter((name) => !beside.includes(name)),
      'number',
      'version',
    ]
    return `      ${table}: { query: SELECT * FROM proxy.${table}, ${key} }
      ${table}_digested: { query: "SELECT ${digested.join(', ')} FROM proxy.${table}", ${key} }`
  })
  .join('\n')}
      marked:
        query: SELECT id, version, ${names.filter((name) => name !== 'word').join(', ')} FROM proxy.numbered
        primary_key: [id]
        refresh: { watermark: { column: version, overlap: 0, deletes: 1ms, full: never } }
`

/** Some change of the source's table. */
function changeOf(table: Table, below: RandomNumbers): string {
  const number = below(330)
  const rows = [
    `number = ${number}`,
    `number % 10 = ${below(10)}`,
    `number BETWEEN ${number} AND ${number + below(40)}`,
    'true',
  ][below(4)] as string // of four
  const name = names[below(names.length)] ?? ''
  const column = columns[name]
  const values = column?.values ?? []
  const value = below(5) === 0 ? 'NULL' : values[below(values.length)]
  switch (below(10)) {
    case 0:
      return insert(table, number, number + below(60))
    case 1:
      return `DELETE FROM ${table} WHERE ${rows}`
    case 2:
      return table === 'numbered'
        ? `UPDATE ${table} SET id = id + (SELECT max(id) FROM ${table}) WHERE ${rows} AND id < 1000000`
        : `UPDATE ${table} SET code = gen_random_uuid() WHERE ${rows}`
    case 3:
      // Two rows exchange a value.
      return `UPDATE ${table} AS t SET ${name} = o.${name} FROM ${table} AS o WHERE t.number + o.number = ${2 * number + 1} AND ${rows.replace('number', 't.number').replace('true', 't.number < 9')}`
    case 4:
      return below(4) === 0 ? `TRUNCATE ${table}` : insert(table, 1, 300)
    case 5:
      return `ALTER TABLE ${table} ALTER word TYPE ${['text', 'varchar', 'char(4000)'][below(3)]}, ALTER number TYPE ${['int', 'smallint'][below(2)]}`
    default:
      return `UPDATE ${table} SET ${name} = ${value}::${column?.type} WHERE ${rows}`
  }
}

test.each(crossedMajors())('PostgreSQL $name: whatever changes, tables are equal to their query after each refresh', {
  timeout: 0,
}, async (pair: ServerPair) => {
  const source = await createSource(
    pair,
    `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE SEQUENCE versions; ${create('numbered')}; ${create('named')}`,
  )
  onTestFinished(() => source.drop())
  const fixture = await fixtureFor(
    pair,
    source,
    "CREATE EXTENSION postgres_fdw; CREATE TYPE public.mood AS ENUM ('sad', 'glad')",
  )
  const parsed = await fixture.manifest(manifest)
  await applyTo(parsed, fixture.url)
  const below = randomNumbers(seed)
  const end = Date.now() + seconds * 1000
  const used = new Map<string, number>()
  const strategyOf = (table: string) => (table === 'marked' ? 'auto' : 'compare')
  const byCommand = async (tables: readonly string[]) => {
    const reports = await Promise.all(
      tables.map((each) =>
        refresh(parsed, [each], connectTo(fixture.url), { ...refreshDefaults, strategy: strategyOf(each) }),
      ),
    )
    return reports.flatMap(({ views }) =>
      views.map(({ title, how, because, outcome: { status } }) => ({
        name: title.replace(/^table /, ''),
        how,
        because,
        status,
      })),
    )
  }
  const byFunction = (tables: readonly string[]) =>
    fixture.sql(
      tables
        .map(
          (each) =>
            `SELECT 'local.${each}' AS name, how, because, outcome AS status FROM fdwsync.refresh('local.${each}', '${strategyOf(each)}')`,
        )
        .join(' UNION ALL '),
    )
  for (let change = 0; change < fewestChanges || Date.now() < end; change += 1) {
    const table = change % 2 === 0 ? 'numbered' : 'named'
    const text = changeOf(table, below)
    await runSql(source.url, text)
    const tables = [table, `${table}_digested`, ...(table === 'numbered' ? ['marked'] : [])]
    const isByCommand = change % 4 < 2
    // Else digests would not be compared once the source had a column of another type.
    await fixture.sql("UPDATE fdwsync.refresh SET state = state - '{unlikeDigests,changed}'::text[]")
    const refreshed = await (isByCommand ? byCommand(tables) : byFunction(tables))
    expect(refreshed).toHaveLength(tables.length)
    for (const { name, how, because, status } of refreshed) {
      const found = [seed, change, text, name, how]
      expect([...found, status]).toEqual([...found, 'applied'])
      const way = `${isByCommand ? 'command' : 'function'}, ${how}: ${because}`.replace(
        /since version.*/,
        'since a version',
      )
      used.set(way, (used.get(way) ?? 0) + 1)
      const view = `fdwsync_source."${name}"`
      const differing = await fixture.sql(`
        (SELECT t::text AS row FROM ${name} AS t EXCEPT ALL SELECT q::text FROM ${view} AS q LIMIT 3) UNION ALL
        (SELECT q::text FROM ${view} AS q EXCEPT ALL SELECT t::text FROM ${name} AS t LIMIT 3)`)
      expect([...found, differing]).toEqual([...found, []])
    }
  }
  expect([...used.keys()]).toEqual(
    expect.arrayContaining(['command, compare: as asked for', 'function, compare: as asked for']),
  )
  if (isLong) process.stdout.write(`${pair.name}: ${JSON.stringify(Object.fromEntries(used))}\n`)
})
