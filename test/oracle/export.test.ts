// What export writes: the text, the selection by servers and schemas, and warnings about what it leaves out.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExportOptions, exportManifest } from '../../src/api/export.ts'
import { FdwsyncError } from '../../src/core/errors.ts'
import { connect, type TestDatabase, urlOf } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, connectTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { eachMajor } from '../support/majors.ts'
import { createTablespace } from '../support/tablespace.ts'
import { exported, findings, type OracleFixture, oracleFixtureFor } from './oracle-fixture.ts'

const everything: ExportOptions = { servers: [], schemas: [] }

const twoSources = `{{SHOP}}
  CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw;
  CREATE USER MAPPING FOR oracle_etl SERVER other OPTIONS (user 'u', password 'do not print me');
  CREATE EXTENSION citext;
  CREATE SCHEMA proxy; CREATE SCHEMA shop; CREATE SCHEMA other; CREATE SCHEMA empty;
  CREATE FOREIGN TABLE proxy.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
  CREATE FOREIGN TABLE other.things (id bigint, name public.citext) SERVER other;
  CREATE MATERIALIZED VIEW shop.orders AS SELECT * FROM proxy.orders;
  CREATE UNIQUE INDEX orders_id_idx ON shop.orders (id);
  CREATE MATERIALIZED VIEW shop.sums AS SELECT sum(total) FROM shop.orders;`

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let fixture: OracleFixture
  let database: TestDatabase
  beforeAll(async () => {
    fixture = await oracleFixtureFor(pair)
    database = await fixture.database(twoSources)
  })
  afterAll(async () => {
    await database.drop()
    await fixture.cleanUp()
  })

  async function exportOf(options: Partial<ExportOptions>, url = database.url) {
    const session = await connectTo(url)('export')
    try {
      return await exportManifest(session, { ...everything, name: 'exported', ...options })
    } finally {
      await session.close()
    }
  }

  test('the text is one that a person could have written', async () => {
    const { text, warnings } = await exportOf({})
    expect(warnings).toEqual([])
    const { host, port, dbname } = {
      host: fixture.env.SOURCE_HOST,
      port: fixture.env.SOURCE_PORT,
      dbname: fixture.env.SOURCE_DATABASE,
    }
    expect(text).toBe(`# yaml-language-server: $schema=./node_modules/fdwsync/schemas/manifest.schema.json

# Exported by fdwsync 0.1.0 from the database ${database.name} (PostgreSQL ${pair.target.version}).

# Variables to set:
#   OTHER_ORACLE_ETL_PASSWORD: option password of user mapping for oracle_etl on other
#   SHOP_PASSWORD: option password of user mapping for public on shop

version: 1
name: exported

extensions:
  citext: {}
  postgres_fdw: {}

servers:
  other:
    user_mappings:
      oracle_etl: { user: u, password: "\${env:OTHER_ORACLE_ETL_PASSWORD}" }
  shop:
    options: { host: ${host}, port: ${port}, dbname: ${dbname} }
    user_mappings:
      public: { user: ${fixture.env.SOURCE_USER}, password: "\${env:SHOP_PASSWORD}" }

schemas:
  other:
    foreign_tables:
      things:
        server: other
        columns:
          id: bigint
          name: public.citext
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public }
        columns:
          id: bigint
          total: numeric(10,2)
  shop:
    materialized_views:
      orders:
        query: |-
          SELECT ${pair.major < 16 ? 'orders.' : ''}id,
              ${pair.major < 16 ? 'orders.' : ''}total
             FROM proxy.orders
        indexes:
          orders_id_idx: { unique: true, columns: [id] }
      sums:
        query: |-
          SELECT sum(${pair.major < 16 ? 'orders.' : ''}total) AS sum
             FROM shop.orders
`)
  })

  test('a server is exported with everything on it, a schema with everything that it needs', async () => {
    const titlesOf = async (options: Partial<ExportOptions>) => {
      const { manifest } = await manifestOf((await exportOf(options)).text, {
        SHOP_PASSWORD: 'x',
        OTHER_ORACLE_ETL_PASSWORD: 'y',
      })
      return {
        extensions: Object.keys(manifest.extensions ?? {}),
        servers: Object.keys(manifest.servers ?? {}),
        schemas: Object.keys(manifest.schemas ?? {}),
      }
    }
    const shop = { extensions: ['postgres_fdw'], servers: ['shop'], schemas: ['proxy', 'shop'] }
    expect(await titlesOf({ servers: ['shop'] })).toEqual(shop)
    expect(await titlesOf({ schemas: ['shop'] })).toEqual(shop)
    expect(await titlesOf({ schemas: ['proxy'] })).toEqual({ ...shop, schemas: ['proxy'] })
    expect(await titlesOf({ servers: ['other'], schemas: ['empty'] })).toEqual({
      extensions: ['citext', 'postgres_fdw'],
      servers: ['other'],
      schemas: ['empty', 'other'],
    })
    const missing = exportOf({ servers: ['none'] })
    await expect(missing).rejects.toBeInstanceOf(FdwsyncError)
    await expect(missing).rejects.toThrow('server "none" does not exist')
  })

  test('a view that is being refreshed is left out with everything that reads it, and a warning names each', async () => {
    const other = await connect(database.url)
    try {
      await other.query('BEGIN; LOCK TABLE pg_catalog.pg_aggregate IN ACCESS SHARE MODE')
      await other.query('REFRESH MATERIALIZED VIEW shop.orders')
      const { text, warnings } = await exportOf({})
      expect(text).toContain('materialized view shop.orders: another session has locked it')
      expect(text).not.toContain('query:')
      expect(text).toContain('proxy:')
      expect(warnings.map((warning) => warning.split(':')[1])).toEqual([
        ' materialized view shop.orders',
        ' materialized view shop.sums',
        ' index shop.orders_id_idx',
      ])
    } finally {
      await other.end()
    }
  })

  test('what is not exported is named at the top, and a warning names each', async () => {
    await createTablespace(pair.target.url)
    const other = await fixture.database(`{{SHOP}}
      CREATE SCHEMA app; CREATE EXTENSION citext;
      GRANT USAGE ON FOREIGN SERVER shop TO CURRENT_USER WITH GRANT OPTION;
      CREATE FOREIGN TABLE app.t (id bigint GENERATED ALWAYS AS IDENTITY (START 5), a int NOT NULL, b int) SERVER shop;
      CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
      CREATE TRIGGER audit BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f();
      CREATE STATISTICS app.of_table ON a, b FROM app.t;
      GRANT SELECT (a) ON app.t TO CURRENT_USER;
      CREATE MATERIALIZED VIEW app.v AS SELECT 1 AS x, 2 AS y;
      CREATE STATISTICS public.elsewhere ON x, y FROM app.v;
      CREATE INDEX i ON app.v (x);
      CREATE SCHEMA fdwsync_source; CREATE VIEW fdwsync_source."app.copy" AS SELECT 1 AS x, 2 AS y;
      CREATE TABLE app.copy (x int UNIQUE, y int DEFAULT 5 PRIMARY KEY USING INDEX TABLESPACE case_space, "Added" int GENERATED ALWAYS AS (y) STORED, CHECK (x > 0)) WITH (user_catalog_table = false);
      ALTER TABLE app.copy REPLICA IDENTITY FULL; ALTER TABLE app.copy ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON app.copy USING (true);
      CREATE RULE journal AS ON DELETE TO app.copy DO ALSO NOTIFY deleted;
      CREATE PUBLICATION oracle_copies FOR TABLE app.copy;
      ALTER INDEX app.i DEPENDS ON EXTENSION citext;
      GRANT CREATE ON SCHEMA public TO oracle_etl; CREATE FOREIGN TABLE public.u () SERVER shop;
      ${pair.major < 18 ? '' : `ALTER FOREIGN TABLE app.t ADD CONSTRAINT filled NOT NULL b; COMMENT ON CONSTRAINT filled ON app.t IS 'never empty';`}`)
    try {
      const { text, warnings } = await exportOf({}, other.url)
      const notExported = [
        'server shop: the grant option of the owner for USAGE',
        'schema public: who owns it, and who has privileges',
        ...(pair.major < 18
          ? []
          : [
              'foreign table app.t: the comment on the constraint NOT NULL of column b',
              'foreign table app.t: the name filled of the constraint NOT NULL of column b',
            ]),
        'foreign table app.t: the options of the sequence of identity column id',
        'foreign table app.t: the privilege SELECT of the owner on column a',
        'foreign table app.t: statistics app.of_table',
        'foreign table app.t: trigger audit',
        'materialized view app.v: statistics public.elsewhere',
        'table app.copy: column "Added", which its query does not return',
        'table app.copy: constraint copy_x_check',
        'table app.copy: constraint copy_x_key',
        'table app.copy: its place in publication oracle_copies',
        'table app.copy: policy seen',
        'table app.copy: row-level security',
        'table app.copy: rule journal',
        'table app.copy: the default of column y',
        'table app.copy: the replica identity',
        'table app.copy: the tablespace of its primary key copy_pkey',
        'index app.i: the dependency on extension citext',
      ]
      expect([...warnings].sort()).toEqual(notExported.map((line) => `not exported: ${line}`).sort())
      for (const line of notExported) expect(text).toContain(`#   ${line}`)
    } finally {
      await other.drop()
    }
  })

  test('hidden options are not mistaken for no options', async () => {
    const admin = await connect(database.url)
    const role = `export_reader_${pair.major}_${process.pid}`
    try {
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
      const url = urlOf(pair.target, database.name, { user: role, password: 'x' })
      const { text, warnings } = await exportOf({}, url)
      expect(text).toContain('#   user mapping for oracle_etl on other: its options are hidden from this role.')
      expect(text).not.toContain('${env:')
      expect(warnings.length).toBe(2)
    } finally {
      await admin.query(`DROP ROLE IF EXISTS ${role}`)
      await admin.end()
    }
  })

  test('what a manifest owns plans as nothing under its name, and gets a warning under another', async () => {
    const target = await fixture.database('')
    try {
      const { parsed } = await exported(fixture, database.url)
      await applyTo(parsed, target.url)
      const again = await exported(fixture, target.url)
      expect(again.warnings).toEqual([])
      expect(findings(await planFor(again.parsed, target.url))).toEqual([])
      expect((await exportOf({}, target.url)).warnings).toEqual([
        expect.stringMatching(/^schema .*, .* and \d+ more are owned by the manifest "oracle"$/),
      ])
    } finally {
      await target.drop()
    }
  })
})
