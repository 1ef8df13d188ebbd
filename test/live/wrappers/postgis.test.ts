// Tables with PostGIS types, where it is installed.

import { expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import { describeWrapper } from '../../servers/wrapper-host.ts'
import { manifestOf } from '../../support/fdwsync.ts'
import { converge, type Round, runRounds, tablesOf } from '../../support/wrappers.ts'

const sourceSql = `
  CREATE EXTENSION postgis;
  CREATE TABLE towns (id int PRIMARY KEY, name text NOT NULL, geom geometry(Point, 4326), area geography(Polygon));
  CREATE INDEX towns_geom ON towns USING gist (geom);
  CREATE INDEX towns_nd ON towns USING gist (geom gist_geometry_ops_nd) WHERE name <> '';
  CREATE TABLE roads (id int PRIMARY KEY, geom geometry(LineString, 25832));
  CREATE TABLE names (name text PRIMARY KEY);
  INSERT INTO towns VALUES (1, 'Bonn', ST_SetSRID(ST_Point(7.1, 50.7), 4326)), (2, 'Hamburg', ST_SetSRID(ST_Point(9.9, 53.5), 4326));
  INSERT INTO roads VALUES (1, ST_GeomFromText('LINESTRING(0 0, 10 10)', 25832))`

const manifest = (copy: boolean, schema: string) => `
version: 1
name: geo
search_path: [${schema}]
extensions: { postgres_fdw: {}, postgis: { schema: ${schema} } }
servers:
  geo:
    options: { host: "\${env:HOST}", port: "\${env:PORT}", dbname: "\${env:DATABASE}" }
    user_mappings:
      public: { user: postgres, password: "\${env:PASSWORD}" }
mirrors:
  geo:
    server: geo
    remote_schema: public
    except: [geography_columns, geometry_columns, spatial_ref_sys]
    proxy_schema: proxy
    schema: local
    indexes: { copy: ${copy}, each: [{ method: gist, columns: [geom] }] }
`

const rounds: readonly Round[] = [
  {
    what: 'an index gone, by hand',
    here: 'DROP INDEX local.roads_geom_idx',
    changes: ['create index local.roads_geom_idx'],
  },
  {
    what: 'another type of geometry',
    there: 'ALTER TABLE roads ALTER geom TYPE geometry(Geometry, 25832)',
    changes: ['replace foreign table proxy.roads', 'replace materialized view local.roads'],
  },
]

describeWrapper('PostGIS', { libraries: ['postgres_fdw', 'postgis-3'] }, (host) => {
  test.each([true, false])('a mirror with an index for every geometry; its own indexes copied: %s', async (copy) => {
    const source = await host().database()
    await runSql(source, sourceSql)
    const url = await host().database()
    const { host: address, port, password } = host().server
    const env = { HOST: address, PORT: String(port), DATABASE: new URL(source).pathname.slice(1), PASSWORD: password }
    const parsed = await manifestOf(manifest(copy, 'public'), env)
    await converge(parsed, url)
    expect(await tablesOf(url, 'proxy')).toEqual({
      names: 'name text',
      roads: 'id integer, geom geometry(LineString,25832)',
      towns: 'id integer, name text, geom geometry(Point,4326), area geography(Polygon,4326)',
    })
    const indexes =
      "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'local' AND indexdef ~ 'gist' ORDER BY 1"
    const names = (await runSql(url, indexes)).map(({ name }) => name)
    expect(names).toEqual(copy ? ['roads_geom_idx', 'towns_geom', 'towns_nd'] : ['roads_geom_idx', 'towns_geom_idx'])
    if (copy) await runRounds(parsed, url, rounds, (text) => runSql(source, text))
    const near = 'SELECT name FROM local.towns ORDER BY geom <-> ST_SetSRID(ST_Point(10, 53), 4326) LIMIT 1'
    expect(await runSql(url, near)).toEqual([{ name: 'Hamburg' }])
  })
})
