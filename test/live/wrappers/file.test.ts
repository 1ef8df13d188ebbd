// Tables of file_fdw.

import { expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { eachMajor, newestMajor } from '../../support/majors.ts'
import { problemsOf } from '../../support/outcomes.ts'
import { converge, type Round, runRounds } from '../../support/wrappers.ts'

const servers = `
version: 1
name: files
extensions: { file_fdw: {} }
servers:
  files:
    foreign_data_wrapper: file_fdw
    user_mappings: { public: {} }
`

const manifest = `${servers}
schemas:
  proxy:
    foreign_tables:
      products:
        server: files
        options: { filename: "\${env:FILE}", format: csv, header: true, "null": "" }
        columns:
          id: { type: bigint, not_null: true }
          name: { type: text, options: { force_not_null: true } }
          price: numeric(10,2)
        checks: { sane: price >= 0 }
  local:
    materialized_views:
      products:
        query: SELECT id, name, price FROM proxy.products
        indexes:
          products_id: { unique: true, columns: [id] }
          products_dear: { columns: [{ column: price, order: desc }], where: price > 2 }
      prices:
        query: SELECT count(*) AS products, sum(price) AS total FROM local.products
`

const importing = `${servers}
schemas:
  proxy:
    imports:
      - server: files
        remote_schema: everything
`

const rounds: readonly Round[] = [
  {
    what: 'by hand: options of the table and of a column, an index gone',
    here: `ALTER FOREIGN TABLE proxy.products OPTIONS (SET format 'text', DROP "null", ADD delimiter ';', DROP header);
      ALTER FOREIGN TABLE proxy.products ALTER name OPTIONS (DROP force_not_null); DROP INDEX local.products_id`,
    changes: ['alter foreign table proxy.products', 'create index local.products_id'],
  },
  {
    what: 'by hand: the server is gone',
    here: 'DROP SERVER files CASCADE',
    changes: [
      'create server files',
      'create user mapping for public on files',
      'create foreign table proxy.products',
      'create materialized view local.products',
      'create materialized view local.prices',
      'create index local.products_id',
      'create index local.products_dear',
    ],
  },
]

/** Writes a file of the server's own, whose path it returns. */
async function written({ url }: Fixture, rows: string): Promise<string> {
  const [row] = await runSql(
    url,
    `SELECT current_setting('data_directory') || '/' || current_database() || '.csv' AS path`,
  )
  const path = String(row?.path)
  await runSql(url, `COPY (${rows}) TO '${path}' (FORMAT csv, HEADER)`)
  return path
}

const products = "SELECT * FROM (VALUES (1, 'Tea', 2.5), (2, 'Cof,fee', 3), (3, '', NULL)) AS p (id, name, price)"

test.each(eachMajor())('file_fdw, PostgreSQL $name: created, repaired, refreshed', async (pair: ServerPair) => {
  const fixture = await fixtureWithOwnSource(pair, 'SELECT')
  const parsed = await fixture.manifest(manifest, { FILE: await written(fixture, products) })
  await converge(parsed, fixture.url)
  await runRounds(parsed, fixture.url, rounds, () => {})
  await written(fixture, `${products} UNION ALL SELECT 4, 'Milk', 1`)
  await converge(parsed, fixture.url)
  expect(await fixture.sql('SELECT * FROM local.prices')).toEqual([{ products: '4', total: '6.50' }])
  const [third] = await fixture.sql('SELECT name, price FROM local.products WHERE id = 3')
  expect(third).toEqual({ name: '', price: null })
})

test.each(newestMajor())('file_fdw, PostgreSQL $name: what it cannot do is an error', async (pair: ServerPair) => {
  const fixture = await fixtureWithOwnSource(pair, 'SELECT')
  const imports = await fixture.manifest(importing)
  expect(problemsOf(await planFor(imports, fixture.url).catch((error: unknown) => error))).toEqual([
    '14: import of schema "everything" of server files into schema proxy: foreign-data wrapper "file_fdw" does not support IMPORT FOREIGN SCHEMA',
  ])

  await fixture.sql('CREATE EXTENSION file_fdw')
  const { url, user } = await fixture.role()
  await fixture.sql(
    `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO ${user}`,
  )
  const text = manifest.replace('extensions: { file_fdw: {} }\n', '')
  const parsed = await fixture.manifest(text, { FILE: await written(fixture, products) })
  expect((await planFor(parsed, url)).refusals).toEqual([
    expect.objectContaining({
      title: 'foreign table proxy.products',
      // Before 16 it is in the message, later in the hint.
      reason: expect.stringContaining('it cannot be checked on the server'),
    }),
  ])
  await fixture.sql(`GRANT pg_read_server_files TO ${user}`)
  await converge(parsed, url)
})
