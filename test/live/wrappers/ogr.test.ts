// Tables of ogr_fdw over SQLite, CSV and GeoJSON, where it is installed.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import { describeWrapper } from '../../servers/wrapper-host.ts'
import { manifestOf, planFor } from '../../support/fdwsync.ts'
import { changesOf, problemsOf } from '../../support/outcomes.ts'
import { converge, offlinePlan, type Round, runRounds, tablesOf } from '../../support/wrappers.ts'

const land = `
  CREATE TABLE "Big Rivers" (id integer PRIMARY KEY, "Long Name" text NOT NULL, km real, born date);
  CREATE TABLE lakes (id integer PRIMARY KEY, name varchar(40), depth integer);
  INSERT INTO "Big Rivers" VALUES (1, 'Rhine', 1233.5, '2020-01-02'), (2, 'Elbe', 1094, NULL);
  INSERT INTO lakes VALUES (1, 'Bodensee', 251);`

const products = 'id,name,price\n1,Tea,2.5\n2,"Cof,fee",3\n'
const places = {
  type: 'FeatureCollection',
  features: [
    { type: 'Feature', geometry: { type: 'Point', coordinates: [7.1, 50.7] }, properties: { name: 'Bonn' } },
    { type: 'Feature', geometry: { type: 'Point', coordinates: [9.9, 53.5] }, properties: { name: 'Hamburg' } },
  ],
}

const servers = `
version: 1
name: land
extensions: { ogr_fdw: {} }
servers:
  land:
    foreign_data_wrapper: ogr_fdw
    options: { datasource: "\${env:FOLDER}/land.sqlite", format: SQLite }
  csv:
    foreign_data_wrapper: ogr_fdw
    options: { datasource: "\${env:FOLDER}/csv", format: CSV, open_options: AUTODETECT_TYPE=YES }
`

const imported = `${servers}
schemas:
  proxy:
    imports:
      - { server: land, remote_schema: ogr_all }
      - server: csv
        remote_schema: ogr_all
        limit_to: [products]
        tables: { products: { columns: { id: integer, price: "numeric(10,2)" } } }
  local:
    materialized_views:
      rivers:
        query: SELECT long_name, km FROM proxy.big_rivers
        indexes: { rivers_name: { unique: true, columns: [long_name] } }
      products:
        query: SELECT id, name, price FROM proxy.products
        indexes: { products_price: { columns: [price] } }
`

const rounds: readonly Round[] = [
  {
    what: 'by hand: options of the server and of a table, an index gone',
    here: `ALTER SERVER csv OPTIONS (ADD updateable 'false');
      ALTER FOREIGN TABLE proxy.lakes OPTIONS (SET layer 'Big Rivers'); DROP INDEX local.products_price`,
    changes: ['alter server csv', 'alter foreign table proxy.lakes', 'create index local.products_price'],
  },
  {
    what: 'at the source: a column and a table more',
    there: 'ALTER TABLE lakes ADD COLUMN owner text; CREATE TABLE "Small Ponds" (id integer PRIMARY KEY, name text)',
    changes: ['create foreign table proxy.small_ponds', 'alter foreign table proxy.lakes'],
  },
  {
    what: 'at the source: a table less',
    there: 'DROP TABLE "Small Ponds"',
    changes: ['drop foreign table proxy.small_ponds'],
  },
]

describeWrapper('ogr_fdw with SQLite and CSV', { libraries: ['ogr_fdw'], programs: ['sqlite3'] }, (host) => {
  let folder = ''
  const file = () => join(folder, 'land.sqlite')
  const there = (text: string) => execFileSync('sqlite3', [file()], { input: text })
  const parse = (text: string) => manifestOf(text, { FOLDER: folder })
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdwsync-ogr-'))
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'csv'))
    writeFileSync(join(folder, 'csv', 'products.csv'), products)
    there(land)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('imported with lower-case names: drift is repaired, and the source followed', async () => {
    const url = await host().database()
    const parsed = await parse(imported)
    await converge(parsed, url)
    expect(await tablesOf(url, 'proxy')).toEqual({
      big_rivers: 'fid bigint, long_name character varying, km double precision, born date',
      lakes: 'fid bigint, name character varying, depth integer',
      products: 'fid bigint, id integer, name character varying, price numeric(10,2)',
    })
    await runRounds(parsed, url, rounds, there)
    expect(await runSql(url, 'SELECT * FROM local.products ORDER BY id')).toEqual([
      { id: 1, name: 'Tea', price: '2.50' },
      { id: 2, name: 'Cof,fee', price: '3.00' },
    ])
    expect(changesOf(await offlinePlan(parsed, url))).toEqual([])
  })

  test('spelled out, under the names that the source has', async () => {
    const url = await host().database()
    const parsed = await parse(`${servers}
schemas:
  proxy:
    foreign_tables:
      Rivers:
        server: land
        options: { layer: Big Rivers }
        columns: { fid: bigint, Name: { type: text, options: { column_name: Long Name } }, km: real }
  local:
    materialized_views:
      Rivers: { query: 'SELECT "Name", km FROM proxy."Rivers"' }
`)
    await converge(parsed, url)
    expect(await runSql(url, 'SELECT * FROM local."Rivers" ORDER BY 1')).toEqual([
      { Name: 'Elbe', km: 1094 },
      { Name: 'Rhine', km: 1233.5 },
    ])
  })

  test('a mirror with the names of the source', async () => {
    const url = await host().database()
    const mirror = `${servers}
mirrors:
  land:
    server: land
    remote_schema: ogr_all
    options: { launder_table_names: "false", launder_column_names: "false" }
    limit_to: [Big Rivers]
    proxy_schema: proxy
    schema: local
    indexes: { each: [{ columns: [Long Name] }] }
`
    await converge(await parse(mirror), url)
    expect(await runSql(url, 'SELECT "Long Name" AS name FROM local."Big Rivers" ORDER BY 1')).toEqual([
      { name: 'Elbe' },
      { name: 'Rhine' },
    ])
    const laundered = await parse(mirror.replace(/ {4}options: \{ launder.*\n/, ''))
    expect(problemsOf(await planFor(laundered, url).catch((error: unknown) => error))).toEqual([
      '17: the source has no table "Big Rivers" in schema "ogr_all"',
    ])
  })

  test('a missing data source is an error of the server, whose options the wrapper validates', async () => {
    const url = await host().database()
    const elsewhere = await manifestOf(imported, { FOLDER: join(folder, 'nowhere') })
    const problems = problemsOf(await planFor(elsewhere, url).catch((error: unknown) => error))
    expect(problems).toContain('8: server land: unable to connect to data source "${env:FOLDER}/land.sqlite"')
    const parsed = await parse(imported)
    await converge(parsed, url)
    renameSync(file(), `${file()}.away`)
    try {
      const { changes, undetermined } = await planFor(parsed, url)
      expect(changes).toEqual([])
      expect(undetermined).toMatchObject([{ reason: expect.stringContaining('the tables of the last apply are kept') }])
    } finally {
      renameSync(`${file()}.away`, file())
    }
    expect(changesOf(await planFor(parsed, url))).toEqual([])
  })
})

describeWrapper('ogr_fdw with PostGIS and GeoJSON', { libraries: ['ogr_fdw', 'postgis-3'] }, (host) => {
  test('a mirror whose geometries have an index', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-ogr-'))
    try {
      chmodSync(folder, 0o755)
      writeFileSync(join(folder, 'places.geojson'), JSON.stringify(places))
      const url = await host().database()
      const text = `
version: 1
name: places
extensions: { ogr_fdw: {}, postgis: {} }
servers:
  places:
    foreign_data_wrapper: ogr_fdw
    options: { datasource: "\${env:FOLDER}/places.geojson", format: GeoJSON }
mirrors:
  places:
    server: places
    remote_schema: ogr_all
    proxy_schema: proxy
    schema: local
    indexes: { each: [{ method: gist, columns: [geom] }] }
`
      await converge(await manifestOf(text, { FOLDER: folder }), url)
      expect(await tablesOf(url, 'proxy')).toEqual({
        places: 'fid bigint, geom geometry(Point,4326), name character varying',
      })
      const near = 'SELECT name FROM local.places ORDER BY geom <-> ST_SetSRID(ST_Point(10, 53), 4326) LIMIT 1'
      expect(await runSql(url, near)).toEqual([{ name: 'Hamburg' }])
      const index = "SELECT indexdef AS text FROM pg_indexes WHERE schemaname = 'local'"
      expect(await runSql(url, index)).toEqual([
        { text: 'CREATE INDEX places_geom_idx ON local.places USING gist (geom)' },
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
