// Comparisons of many rows. Large blocks are compared first: whatever changes, the table is equal afterwards, and only what differs was written. And a row
// that is gone leaves its value of a unique index, in a time that grows with the rows and not with their square.

import { expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import { runSql } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, connectTo, refreshDefaults } from '../support/fdwsync.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { crossedMajors } from '../support/majors.ts'
import { head } from '../support/manifests.ts'

const rows = 300_000

const tables = {
  numbered: { key: 'id', value: 'i * 3 - 100000' },
  named: { key: 'code', value: 'md5(i::text)::uuid' },
}

const source = Object.entries(tables).map(
  ([name, { key, value }]) => `
    CREATE TABLE ${name} (${key} ${key === 'id' ? 'bigint' : 'uuid'} PRIMARY KEY, number int UNIQUE, note text);
    INSERT INTO ${name} SELECT ${value}, i, 'note ' || i FROM generate_series(1, ${rows}) AS i`,
)

const manifest = `${head('large')}
schemas:
  proxy:
    foreign_tables:
      numbered: { server: shop, options: { schema_name: public }, columns: { id: bigint, number: integer, note: text } }
      named: { server: shop, options: { schema_name: public }, columns: { code: uuid, number: integer, note: text } }
  local:
    tables:
      numbered: { query: SELECT * FROM proxy.numbered, primary_key: [id] }
      named: { query: SELECT * FROM proxy.named, primary_key: [code] }
`

/** Changes of a table at the source, how many rows they insert, update and delete, and the strategy if it is another one. */
const changes: readonly (readonly [
  change: string,
  inserted: number,
  updated: number,
  deleted: number,
  how?: 'merge',
])[] = [
  ['SELECT FROM TABLE', 0, 0, 0],
  ['SELECT FROM TABLE', 0, 0, 0],
  // Samples show that everything has to be read.
  ["UPDATE TABLE SET note = 'most' WHERE number % 2 = 0", 0, 150_000, 0],
  ['SELECT FROM TABLE', 0, 0, 0, 'merge'],
  ["UPDATE TABLE SET note = 'one' WHERE number = 77777", 0, 1, 0],
  ['UPDATE TABLE SET note = NULL WHERE number BETWEEN 10 AND 19 OR number BETWEEN 250000 AND 250009', 0, 20, 0],
  ["UPDATE TABLE SET note = 'scattered' WHERE number % 1000 = 5", 0, 300, 0],
  ['DELETE FROM TABLE WHERE number % 1000 = 7', 0, 0, 300],
  ['INSERT INTO TABLE SELECT VALUE, i, NULL FROM generate_series(400001, 400500) AS i', 500, 0, 0],
  ['INSERT INTO TABLE SELECT VALUE, i, NULL FROM generate_series(-300000, -299901) AS i', 100, 0, 0],
  ["UPDATE TABLE SET note = 'changed' WHERE number % 50 = 0", 0, 6012, 0],
]

test.each(crossedMajors())('PostgreSQL $name: large blocks show whatever changed', {
  timeout: 0,
}, async (pair: ServerPair) => {
  const database = await createSource(pair, source.join(';'))
  onTestFinished(() => database.drop())
  const fixture = await fixtureFor(pair, database)
  const parsed = await fixture.manifest(manifest)
  await applyTo(parsed, fixture.url)
  for (const [change, inserted, updated, deleted, strategy = 'compare'] of changes) {
    for (const [name, { value }] of Object.entries(tables))
      await runSql(database.url, change.replace('TABLE', name).replace('VALUE', value))
    const report = await refresh(parsed, [], connectTo(fixture.url), { ...refreshDefaults, strategy: 'compare' })
    for (const { title, how, outcome, written: found } of report.views)
      expect([change, title, how, outcome.status, found]).toEqual([
        ...[change, title, strategy, 'applied'],
        { inserted: String(inserted), updated: String(updated), deleted: String(deleted) },
      ])
    for (const name of Object.keys(tables)) {
      const differing = await fixture.sql(`
        (SELECT t::text FROM local.${name} AS t EXCEPT ALL SELECT q::text FROM proxy.${name} AS q LIMIT 3) UNION ALL
        (SELECT q::text FROM proxy.${name} AS q EXCEPT ALL SELECT t::text FROM local.${name} AS t LIMIT 3)`)
      expect([change, differing]).toEqual([change, []])
    }
  }
})

test.each(crossedMajors())('PostgreSQL $name: a new row gets a unique value of one that is gone', async (pair) => {
  const create = `CREATE TABLE codes (id int PRIMARY KEY, code text, at int);
    INSERT INTO codes SELECT i, 'code ' || i, i FROM generate_series(1, 200000) AS i`
  const database = await createSource(pair, create)
  onTestFinished(() => database.drop())
  const fixture = await fixtureFor(pair, database)
  const parsed = await fixture.manifest(`${head('codes')}
schemas:
  proxy: { foreign_tables: { codes: { server: shop, options: { schema_name: public }, columns: { id: int, code: text, at: int } } } }
  local:
    tables:
      codes:
        query: SELECT * FROM proxy.codes
        primary_key: [id]
        indexes: { codes_code: { unique: true, columns: [code] } }
        refresh: { watermark: { column: at, overlap: 0, deletes: never } }
`)
  await applyTo(parsed, fixture.url)
  await refresh(parsed, [], connectTo(fixture.url), refreshDefaults)
  const ways = [
    () => refresh(parsed, [], connectTo(fixture.url), refreshDefaults),
    () => fixture.sql("SELECT fdwsync.refresh('local.codes')"),
  ]
  for (const [at, way] of ways.entries()) {
    const id = 200_001 + at
    const text = `DELETE FROM codes WHERE id = ${at + 5}; INSERT INTO codes VALUES (${id}, 'code ${at + 5}', ${id})`
    await runSql(database.url, text)
    await way()
    expect(await fixture.sql(`SELECT id FROM local.codes WHERE code = 'code ${at + 5}'`)).toEqual([{ id }])
  }
})
