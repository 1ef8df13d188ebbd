// What a refresh by watermark finds, and what only the comparison of keys finds.

import { expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { runSql } from '../../servers/databases.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'

const manifest = `
version: 1
name: watermarks
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
schemas:
  proxy:
    foreign_tables:
      facts: { server: shop, options: { schema_name: public }, columns: { id: integer, note: text, gone: boolean, at: integer } }
  local:
    tables:
      changes: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0 } } }
      soft: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0, deletes: { soft: gone } } } }
      keys: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0, deletes: 1ms } } }
`

test.each(newestMajor())('PostgreSQL $name: changes, marked rows, rows without a watermark, and keys', async (pair) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean DEFAULT false, at int);
     INSERT INTO facts SELECT i, 'as it was', false, i FROM generate_series(1, 6) AS i`,
  )
  const parsed = await fixture.manifest(manifest)
  await applyTo(parsed, fixture.url)
  const all = () => refresh(parsed, [], connectTo(fixture.url), refreshDefaults)
  await all()
  await runSql(
    fixture.source.url,
    `UPDATE facts SET note = 'changed', at = 10 WHERE id = 1; UPDATE facts SET gone = true, at = 11 WHERE id = 2;
     DELETE FROM facts WHERE id = 3; INSERT INTO facts VALUES (7, 'late', false, 3), (8, 'unmarked', false, NULL)`,
  )
  const { views } = await all()
  expect(views.map(({ title, how, written }) => [title, how, written])).toEqual([
    ['table local.changes', 'watermark', { inserted: '1', updated: '2', deleted: '0' }],
    ['table local.soft', 'watermark', { inserted: '1', updated: '1', deleted: '1' }],
    ['table local.keys', 'watermark', { inserted: '2', updated: '2', deleted: '1' }],
  ])
  const idsOf = async (table: string) =>
    (await fixture.sql(`SELECT id FROM local.${table} ORDER BY 1`)).map(({ id }) => id)
  expect(await idsOf('changes')).toEqual([1, 2, 3, 4, 5, 6, 8])
  expect(await idsOf('soft')).toEqual([1, 3, 4, 5, 6, 8])
  expect(await fixture.sql('SELECT * FROM local.keys ORDER BY 1')).toEqual(
    await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
  )
  // An unmarked row is read each time, and written only if it differs.
  expect((await all()).views.map(({ written }) => written)).toEqual(
    Array.from({ length: 3 }, () => ({ inserted: '0', updated: '0', deleted: '0' })),
  )

  // A plan finds what a refresh could not use.
  const keyed = 'query: SELECT * FROM proxy.facts, primary_key: [id], refresh:'
  const mistaken = manifest
    .replace(`changes: { ${keyed} { watermark: { column: at, `, `changes: { ${keyed} { watermark: { column: when, `)
    .replace(`keys: { ${keyed} { watermark: { column: at, `, `keys: { ${keyed} { watermark: { column: note, `)
  await expect(planFor(await fixture.manifest(mistaken), fixture.url)).rejects.toThrow(
    /changes: its query returns no column "when".*keys: its watermark "note" is of type text/s,
  )
  // What is declared for all tables is not what each of them can have.
  const inherited = manifest.replace('schemas:', 'refresh: { watermark: { column: at } }\nschemas:')
  const withoutColumn = inherited.replace(
    /changes: .*/,
    'changes: { query: "SELECT id, note FROM proxy.facts", primary_key: [id] }',
  )
  const { warnings } = await planFor(await fixture.manifest(withoutColumn), fixture.url)
  expect(warnings.map(({ code, title }) => [code, title])).toContainEqual([
    'refresh/watermark',
    'refresh policy of local.changes',
  ])
})
