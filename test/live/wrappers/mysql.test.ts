// Tables of mysql_fdw over MariaDB, where both are installed.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { runSql } from '../../servers/databases.ts'
import { type Mariadb, mariadbPrograms, startMariadb } from '../../servers/mariadb.ts'
import { describeWrapper } from '../../servers/wrapper-host.ts'
import { applyDefaults, applyTo, connectTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { changesOf, problemsOf } from '../../support/outcomes.ts'
import { type ProxyMode, proxyTo } from '../../support/proxy.ts'
import { converge, offlinePlan, type Round, runCommand, runRounds, tablesOf } from '../../support/wrappers.ts'

const sourceSql = await readFile(join(import.meta.dirname, 'mysql.sql'), 'utf8')

const head = `
version: 1
name: shop
extensions: { mysql_fdw: {} }
servers:
  shop:
    foreign_data_wrapper: mysql_fdw
    options: { host: "\${env:HOST}", port: "\${env:PORT}", fetch_size: 1000 }
    user_mappings:
      public: { username: reader, password: "\${env:PASSWORD}" }
`

const byHand = `${head}
schemas:
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { dbname: shop, table_name: Orders }
        columns:
          id: { type: bigint, not_null: true }
          total: numeric(10,2)
          placed_at: timestamp
  local:
    materialized_views:
      orders:
        query: SELECT id, total, placed_at FROM proxy.orders
        indexes:
          orders_id: { unique: true, columns: [id] }
          orders_total: { columns: [{ column: total, order: desc }], where: total > 5 }
`

const byHandRounds: readonly Round[] = [
  {
    what: 'options of the server, by hand',
    here: "ALTER SERVER shop OPTIONS (SET fetch_size '7', ADD secure_auth 'true')",
    changes: ['alter server shop'],
  },
  {
    what: 'the password, by hand',
    here: "ALTER USER MAPPING FOR public SERVER shop OPTIONS (SET password 'another')",
    changes: ['alter user mapping for public on shop'],
  },
  {
    what: 'options of the table, and an index gone, by hand',
    here: "ALTER FOREIGN TABLE proxy.orders OPTIONS (SET table_name 'customers', ADD max_blob_size '100'); DROP INDEX local.orders_id",
    changes: ['alter foreign table proxy.orders', 'create index local.orders_id'],
  },
]

const imported = `${head}
schemas:
  proxy:
    imports:
      - { server: shop, remote_schema: shop, except: [parcels, returns], options: { import_default: "true" } }
      - { server: shop, remote_schema: stock }
  local:
    materialized_views:
      orders_of_customers:
        query: SELECT c.name, o.total FROM proxy."Orders" o JOIN proxy.customers c ON c.id = o.customer_id
        indexes: { total: { columns: [total] } }
`

const withEnumerations = imported.replace(', except: [parcels, returns]', '')

const mirror = `${head}
mirrors:
  shop:
    server: shop
    remote_schema: shop
    except: [parcels, returns]
    proxy_schema: proxy
    schema: local
    indexes: { each: [{ columns: [customer_id] }] }
`

describeWrapper('mysql_fdw with MariaDB', { libraries: ['mysql_fdw'], programs: mariadbPrograms }, (host) => {
  let source: Mariadb
  beforeAll(async () => {
    source = await startMariadb()
  })
  afterAll(() => source?.stop())

  const fresh = () =>
    source.run(
      `DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS stock; DROP USER IF EXISTS reader@'%';\n${sourceSql}`,
    )
  const env = () => ({ HOST: source.host, PORT: String(source.port), PASSWORD: 'canary-4711' })
  const parse = (text: string, more = {}) => manifestOf(text, { ...env(), ...more })

  test('declared tables: created, and drift repaired', async () => {
    fresh()
    const url = await host().database()
    const parsed = await parse(byHand)
    await converge(parsed, url)
    await runRounds(parsed, url, byHandRounds, source.run)
    expect(await runSql(url, 'SELECT id::int, total FROM local.orders ORDER BY id')).toEqual([
      { id: 1, total: '10.50' },
      { id: 2, total: '7.00' },
      { id: 3, total: '2.00' },
    ])
  })

  test('imported from two databases of the source, which change', async () => {
    fresh()
    const url = await host().database()
    const parsed = await parse(imported)
    await converge(parsed, url)
    expect(await tablesOf(url, 'proxy')).toEqual({
      Orders: 'id bigint, customer_id integer, total numeric, placed_at timestamp without time zone, note text',
      customers: 'id integer, name character varying(80), joined date, active smallint',
      places: 'id integer, name character varying(20)',
      totals: 'customer_id integer, total numeric',
    })
    await runRounds(
      parsed,
      url,
      [
        {
          what: 'a column and a table added',
          there: 'USE shop; ALTER TABLE customers ADD phone varchar(20); CREATE TABLE stock.racks (id int PRIMARY KEY)',
          changes: ['alter foreign table proxy.customers', 'create foreign table proxy.racks'],
        },
        {
          what: 'a table gone',
          there: 'DROP TABLE stock.racks',
          changes: ['drop foreign table proxy.racks'],
        },
      ],
      source.run,
    )
    expect(changesOf(await offlinePlan(parsed, url))).toEqual([])
  })

  test('tables that cannot be imported are named, and the others are imported', async () => {
    fresh()
    const url = await host().database()
    const parsed = await parse(withEnumerations)
    const plan = await planFor(parsed, url)
    expect(plan.undetermined.map(({ title, reason }) => `${title}: ${reason}`)).toEqual([
      'foreign table proxy.parcels: it cannot be imported: type "parcels_state_t" does not exist',
      'foreign table proxy.returns: it cannot be imported: type "returns_reason_t" does not exist',
    ])
    expect(changesOf(plan)).toContain('create foreign table proxy."Orders"')
    await runSql(
      url,
      "CREATE TYPE parcels_state_t AS ENUM ('packed', 'sent'); CREATE TYPE returns_reason_t AS ENUM ('broken', 'other')",
    )
    await converge(parsed, url)
    expect(await runSql(url, 'SELECT state::text FROM proxy.parcels')).toEqual([{ state: 'sent' }])
  })

  test('a mirror, with an index where its column is', async () => {
    fresh()
    const url = await host().database()
    await converge(await parse(mirror), url)
    expect(await runSql(url, "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'local' ORDER BY 1")).toEqual(
      [{ name: 'Orders_customer_id_idx' }, { name: 'totals_customer_id_idx' }],
    )
  })

  test("the source's indexes cannot be copied: an error before the source is asked", async () => {
    const copying = mirror.replace('indexes: {', 'indexes: { copy: true,')
    const message = 'indexes can be copied only through postgres_fdw, and server shop uses mysql_fdw'
    expect(problemsOf(await parse(copying).catch((error: unknown) => error))).toEqual([`19: ${message}`])
    fresh()
    const url = await host().database()
    await applyTo(await parse(head), url)
    const elsewhere = `version: 1\nname: another\n${copying.slice(copying.indexOf('mirrors:'))}`
    const parsed = await parse(elsewhere)
    expect(problemsOf(await planFor(parsed, url).catch((error: unknown) => error))).toEqual([`10: ${message}`])
  })

  test.each<ProxyMode>(['refuse', 'silent'])('the source does not answer: %s', async (mode) => {
    fresh()
    const url = await host().database()
    const proxy = await proxyTo(source)
    const parsed = await parse(mirror, { PORT: String(proxy.port) })
    await converge(parsed, url)
    proxy.mode = mode
    const { undetermined, changes, refusals } = await planFor(parsed, url, 700)
    expect({ changes, refusals }).toEqual({ changes: [], refusals: [] })
    expect(undetermined).toMatchObject([
      { reason: expect.stringContaining('so the tables of the last apply are kept') },
    ])
    const loaded = await refresh(parsed, [], connectTo(url), {
      ...applyDefaults,
      hidden: [],
      sourceTimeoutMilliseconds: 700,
    })
    expect(loaded.views.map(({ outcome }) => outcome.status)).toEqual(['failed', 'failed', 'failed'])
    expect(await runSql(url, 'SELECT count(*)::int AS count FROM local.customers')).toEqual([{ count: 2 }])
  })

  test('a password that is wrong, and a view over what could therefore not be imported', async () => {
    fresh()
    const url = await host().database()
    const parsed = await parse(imported, { PASSWORD: 'canary-wrong' })
    const { refusals, undetermined } = await planFor(parsed, url)
    expect(refusals[0]?.reason).toMatch(/^its source could not be asked: failed to connect to MySQL: Access denied/)
    expect(JSON.stringify(refusals)).not.toContain('canary')
    expect(undetermined[0]?.reason).toContain('it needs import of schema "shop" of server shop')
  })

  test('what cannot be read is found before it is applied', async () => {
    fresh()
    const url = await host().database()
    const faults = [
      ['port: "${env:PORT}"', 'port: "1"', /^server shop: its source cannot be reached: /],
      [
        'password: "${env:PASSWORD}"',
        'password: canary-wrong',
        /^server shop: its source refuses the connection: .*Access denied for user/,
      ],
      ['dbname: shop', 'dbname: hop', /^server shop: its source refuses the connection: .*to database 'hop'/],
      [
        'table_name: Orders',
        'table_name: orders',
        /^foreign table proxy.orders: it cannot be read: [\s\S]*Table 'shop.orders' doesn't exist/,
      ],
      [
        'dbname: shop, table_name: Orders',
        'dbname: mysql, table_name: user',
        /^server shop: its source refuses the connection: .*to database 'mysql'/,
      ],
      [
        'placed_at: timestamp',
        'placed_at: timestamp\n          more: text',
        /^foreign table proxy.orders: it cannot be read: [\s\S]*Unknown column 'more'/,
      ],
      [
        'placed_at: timestamp',
        'placed_at: timestamp\n          note: timestamp',
        /^foreign table proxy.orders: column note cannot be read as timestamp without time zone: /,
      ],
    ] as const
    const found = []
    for (const [from, to] of faults) {
      const parsed = await parse(byHand.replace(from, () => to))
      const { warnings } = await planFor(parsed, url, 5000, true)
      found.push(warnings.map(({ message }) => message).join())
    }
    expect(found).toEqual(faults.map(([, , pattern]) => expect.stringMatching(pattern)))
    expect((await planFor(await parse(byHand), url, 5000, true)).warnings).toEqual([])
  })

  test('a password is nowhere: not in a plan, its SQL, the report, the log of the server', async () => {
    fresh()
    const url = await host().database()
    const { shown, log } = await runCommand(host(), url, imported, env())
    expect(shown).toContain('password (secret)')
    expect(shown).toContain('username reader')
    expect(shown).not.toContain('canary')
    expect(log).not.toContain('canary')
    const mapping = 'SELECT umoptions::text AS options FROM pg_user_mappings'
    expect(await runSql(url, mapping)).toEqual([{ options: '{username=reader,password=canary-4711}' }])
    const foreignWord = { ...env(), PASSWORD: 'canary-wrong' }
    const plan = await planFor(await parse(byHand, foreignWord), url)
    expect(JSON.stringify(plan)).not.toContain('canary')
  })
})
