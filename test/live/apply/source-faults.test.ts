// What cannot be read at the source is found before anything is applied: a plan warns of it, an apply refuses it.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import { FdwsyncError } from '../../../src/core/errors.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { Connect } from '../../../src/db/connect.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor, fixtureWithOwnSource, substitute } from '../../support/fixture.ts'
import { eachMajor, isNewest, newestMajor } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { snapshot } from '../../support/outcomes.ts'
import { proxyTo } from '../../support/proxy.ts'

const source = `
  CREATE TABLE orders (id bigint, total numeric(10,2), note text);
  INSERT INTO orders VALUES (1, 1.5, NULL), (2, 2.5, 'secret note');
  CREATE TABLE customers (id bigint, name text);
  CREATE SCHEMA hidden; CREATE TABLE hidden.orders (id bigint)`

const manifest = `
version: 1
name: shop
extensions: { file_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
  files: { foreign_data_wrapper: file_fdw }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "numeric(10,2)", note: text } }
      customers: { server: shop, options: { schema_name: public }, columns: { id: bigint, name: text } }
      lines: { server: files, options: { filename: "\${env:FILE}" }, columns: { line: text } }
  local:
    materialized_views:
      orders: { query: "SELECT id, total FROM proxy.orders" }
      customers: { query: "SELECT * FROM proxy.customers" }
`

type Edits = readonly (readonly [from: string, to: string])[]

interface Fault {
  readonly what: string
  /** Each replaces one text of the manifest by another. */
  readonly edits: Edits
  /** `SUBJECT: REASON` of each fault. */
  readonly faults: readonly RegExp[]
}

const host = 'host: "${env:SOURCE_HOST}"'
const fileTable = '      lines: { server: files, options: { filename: "${env:FILE}" }, columns: { line: text } }\n'
const publicMapping = 'public: { user: "${env:SOURCE_USER}", password: "${env:SOURCE_PASSWORD}" }'
const ordersTable = 'orders: { server: shop, options: { schema_name: public }'

/** A server for a user who may read some of the source, for the tables that name it. */
const guest = `
  guest:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:GUEST}", password: "\${env:GUEST_PASSWORD}" } }
schemas:`

const faults: readonly Fault[] = [
  {
    what: 'a host that does not exist',
    edits: [[host, 'host: nowhere.invalid']],
    faults: [/^server shop: its source cannot be reached: could not connect to server "shop" .*nowhere\.invalid/],
  },
  {
    what: 'a port on which nothing listens',
    edits: [['port: "${env:SOURCE_PORT}"', 'port: "1"']],
    faults: [/^server shop: its source cannot be reached: .*/],
  },
  {
    what: 'a wrong password',
    edits: [['password: "${env:SOURCE_PASSWORD}"', 'password: "${env:WRONG}"']],
    faults: [/^server shop: its source refuses the connection: .*password authentication failed/],
  },
  {
    what: 'a user that does not exist',
    edits: [['user: "${env:SOURCE_USER}"', 'user: nobody_here']],
    faults: [/^server shop: its source refuses the connection: .*nobody_here/],
  },
  {
    what: 'a database that does not exist',
    edits: [['dbname: "${env:SOURCE_DATABASE}"', 'dbname: nothing_here']],
    faults: [/^server shop: its source refuses the connection: .*database "nothing_here" does not exist/],
  },
  {
    what: 'no user mapping for the owner of a view',
    edits: [[publicMapping, '"{{OTHER}}": { user: "${env:SOURCE_USER}", password: "${env:SOURCE_PASSWORD}" }']],
    faults: [
      /^materialized view local.customers: it reads from server shop as \S+, which has no user mapping there$/,
      /^materialized view local.orders: it reads from server shop as \S+, which has no user mapping there$/,
    ],
  },
  {
    what: 'a user mapping without a password for a view of another role',
    edits: [
      [
        `user_mappings:\n      ${publicMapping}`,
        `user_mappings:\n      ${publicMapping}\n      "{{OTHER}}": { user: "\${env:SOURCE_USER}", password: "\${env:WRONG}" }`,
      ],
      ['orders: { query:', 'orders: { owner: "{{OTHER}}", query:'],
      [ordersTable, ordersTable.replace('{', '{ grants: { select: ["{{OTHER}}"] },')],
      ['proxy:\n', 'proxy:\n    grants: { usage: ["{{OTHER}}"] }\n'],
    ],
    faults: [/^server shop: its source refuses the connection: .*password authentication failed/],
  },
  {
    what: 'a table that does not exist',
    edits: [[`${ordersTable}`, 'orders: { server: shop, options: { schema_name: public, table_name: order }']],
    faults: [
      /^foreign table proxy.orders: it cannot be read: the source reports: relation "public.order" does not exist/,
    ],
  },
  {
    what: 'a schema that does not exist',
    edits: [[`${ordersTable}`, 'orders: { server: shop']],
    faults: [
      /^foreign table proxy.orders: it cannot be read: the source reports: relation "proxy.orders" does not exist/,
    ],
  },
  {
    what: 'a table that the user may not read',
    edits: [[`${publicMapping}`, 'public: { user: "${env:GUEST}", password: "${env:GUEST_PASSWORD}" }']],
    faults: [/^foreign table proxy.orders: it cannot be read: the source reports: permission denied for table orders/],
  },
  {
    what: 'a schema that the user may not use',
    edits: [
      [
        'customers: { server: shop, options: { schema_name: public }, columns: { id: bigint, name: text } }\n      lines',
        'customers: { server: shop, options: { schema_name: public }, columns: { id: bigint, name: text } }\n      more: { server: guest, options: { schema_name: hidden, table_name: orders }, columns: { id: bigint } }\n      lines',
      ],
      ['\nschemas:', guest],
    ],
    faults: [/^foreign table proxy.more: it cannot be read: the source reports: permission denied for schema hidden/],
  },
  {
    what: 'a column that does not exist',
    edits: [['note: text', 'notes: text, nothing: { type: int, options: { column_name: "note" } }']],
    faults: [/^foreign table proxy.orders: it cannot be read: the source reports: column "notes" does not exist/],
  },
  {
    what: 'a renamed table and a renamed column, whose source has not renamed them',
    edits: [
      [ordersTable, ordersTable.replace('orders: {', 'sales: { renamed_from: orders,')],
      ['FROM proxy.orders', 'FROM proxy.sales'],
      ['columns: { id: bigint, name: text }', 'columns: { id: bigint, label: { type: text, renamed_from: name } }'],
    ],
    faults: [
      /^foreign table proxy.customers: it cannot be read: the source reports: column "label" does not exist/,
      /^foreign table proxy.sales: it cannot be read: the source reports: relation "public.sales" does not exist/,
    ],
  },
  {
    what: 'a column of another type',
    edits: [['note: text', 'note: timestamptz']],
    faults: [
      /^foreign table proxy.orders: column note cannot be read as timestamp with time zone: the source has another type of value$/,
    ],
  },
  {
    what: 'a file that does not exist',
    edits: [['filename: "${env:FILE}"', 'filename: /nowhere/at/all']],
    faults: [/^foreign table proxy.lines: it cannot be read: could not open file "\/nowhere\/at\/all" for reading/],
  },
]

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createSource(pair, source)
  })
  afterAll(() => database.drop())

  test('each fault, for what is new and for what changes', async () => {
    const [empty, applied] = await Promise.all([prepare(pair, database), prepare(pair, database)])
    await applyTo(await applied.manifest(manifest), applied.url)
    for (const fixture of isNewest(pair) ? [empty, applied] : [applied]) {
      const before = await snapshot(fixture)
      for (const { what, edits, faults: expected } of faults) {
        const { plan, error } = await applyTried(fixture, edited(manifest, edits))
        expect(error, what).toBeInstanceOf(FdwsyncError)
        const found = plan.warnings.flatMap(({ message, refusesApply }) => (refusesApply ? [message] : []))
        expect(found.toSorted(), what).toEqual(expected.map((each) => expect.stringMatching(each)))
        expect(error, what).toMatchObject({ exitCode: 4, problems: found.map((message) => ({ message })) })
        expect(JSON.stringify([plan.warnings, error]), what).not.toMatch(/wrong-password|secret note|fdwsync_import/)
        expect(await snapshot(fixture), what).toEqual(before)
      }
    }
  })
})

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('what does not change is not tried, and --no-check-source applies all the same', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port), FILE: '/nowhere' }
    const text = edited(manifest, [
      [fileTable, ''],
      ['file_fdw: {} }', 'file_fdw: {}, postgres_fdw: {} }'],
    ])
    const command = (args: readonly string[], ...edits: Edits) => run(fixture, args, edited(text, edits), env)
    const apply = ['apply', '--auto-approve', '--source-timeout', '2s']

    proxy.mode = 'silent'
    const silent = await command(apply)
    expect(silent).toMatchObject({ code: 4, stdout: expect.stringContaining('its source cannot be reached') })
    expect(silent.stderr).toContain('reading from the source of server shop took longer than 2 s')
    expect(silent.stderr).toContain('To apply it anyway: --no-check-source')

    proxy.mode = 'refuse'
    expect(await command(['plan', '--detailed-exitcode'])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('warning server shop: its source cannot be reached'),
    })
    expect((await command(['plan', '--no-check-source'])).stdout).not.toContain('warning')
    expect((await command(['plan', '--offline', '--no-check-source'])).stdout).not.toContain('warning')
    expect(await command([...apply, '--no-check-source'])).toMatchObject({ code: 5 })
    proxy.mode = 'forward'
    expect(await command(apply)).toMatchObject({ code: 0 })

    proxy.mode = 'refuse'
    const connections = proxy.connections
    const comment: Edits[number] = ['orders: { query', 'orders: { comment: of the shop, query']
    expect(await command(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 })
    expect(await command(apply, comment)).toMatchObject({ code: 0 })
    expect(proxy.connections).toBe(connections)
    const newView: Edits[number] = [
      'materialized_views:',
      'materialized_views:\n      more: { query: SELECT name FROM proxy.customers }',
    ]
    expect(await command(apply, comment, newView)).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('warning server shop: its source cannot be reached'),
    })
  })

  test('a changed password of a mirror is tried too, although the import has failed with it already', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    const command = (args: readonly string[], password: string) =>
      run(fixture, args, mirroring(), { ...fixture.env, SOURCE_PASSWORD: password })
    const apply = ['apply', '--auto-approve']
    const { SOURCE_PASSWORD: right = '' } = fixture.env
    expect(await command(apply, right)).toMatchObject({ code: 0 })
    const passwords = `SELECT option_value AS password FROM pg_user_mappings, pg_options_to_table(umoptions)
      WHERE option_name = 'password'`
    const before = await fixture.sql(passwords)
    expect((await command(['plan'], 'wrong')).stdout).toContain('warning server shop: its source refuses')
    expect(await command(apply, 'wrong')).toMatchObject({ code: 4 })
    expect(await fixture.sql(passwords)).toEqual(before)
    expect(await command([...apply, '--no-check-source'], 'wrong')).toMatchObject({ code: 6 })
    expect(await fixture.sql(passwords)).toEqual([{ password: 'wrong' }])
    expect(await command(apply, right)).toMatchObject({ code: 0 })
  })

  test('a table that no view reads has to be readable for one of the roles with a user mapping', async () => {
    const fixture = await prepare(pair, await ownSource(pair))
    const mappings = `${publicMapping}
      "{{OTHER}}": { user: "\${env:GUEST}", password: "\${env:GUEST_PASSWORD}" }`
    const text = edited(manifest, [
      [fileTable, ''],
      [publicMapping, mappings],
      ['orders: { query: "SELECT id, total FROM proxy.orders" }', ''],
    ])
    const warningsOf = async (table: string) => {
      const parsed = await fixture.manifest(edited(text, [[ordersTable, table]]))
      return (await planFor(parsed, fixture.url, 5000, true)).warnings.map(({ message }) => message)
    }
    expect(await warningsOf(ordersTable)).toEqual([])
    expect(await warningsOf(ordersTable.replace('public', 'public, table_name: ordrs'))).toEqual([
      expect.stringMatching(/^foreign table proxy.orders: it cannot be read: .*"public.ordrs" does not exist$/),
    ])
  })

  test('a column that is generated on read need not exist at the source', async (context) => {
    if (pair.major < 18) return context.skip('PostgreSQL 18 brings these columns')
    const fixture = await fixtureWithOwnSource(pair, source)
    const column = 'twice: { type: numeric, generated: { expression: total * 2, virtual: true } }'
    const text = edited(manifest, [
      [fileTable, ''],
      ['note: text', column],
      ['file_fdw: {} }', 'file_fdw: {}, postgres_fdw: {} }'],
    ])
    expect((await planFor(await fixture.manifest(text), fixture.url, 5000, true)).warnings).toEqual([])
  })

  test('a view of another role between is read as that role', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    await fixture.sql('CREATE EXTENSION postgres_fdw')
    const { user } = await fixture.role()
    const mapping = publicMapping.replace('public', pair.target.user)
    const text = edited(manifest, [
      [fileTable, ''],
      [publicMapping, mapping],
    ])
    await applyTo(await fixture.manifest(text), fixture.url)
    await fixture.sql(`GRANT USAGE ON SCHEMA proxy TO ${user}; GRANT SELECT ON proxy.orders TO ${user};
      CREATE VIEW public.inner AS SELECT id FROM proxy.orders; ALTER VIEW public.inner OWNER TO ${user};
      CREATE VIEW public.outer AS SELECT id FROM public.inner`)
    const view = 'materialized_views:\n      through: { query: SELECT id FROM public.outer }'
    const { warnings } = await planFor(
      await fixture.manifest(edited(text, [['materialized_views:', view]])),
      fixture.url,
      5000,
      true,
    )
    expect(warnings).toMatchObject([
      {
        message: `materialized view local.through: it reads from server shop as ${user}, which has no user mapping there`,
        refusesApply: true,
      },
    ])
  })

  test('what is loaded again is tried, through views and parents too', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    await fixture.sql(`CREATE TABLE base (id bigint); CREATE TABLE days (id bigint) PARTITION BY LIST (id);
      CREATE VIEW every_day AS SELECT days FROM days`)
    const text = edited(manifest, [
      [fileTable, ''],
      ['file_fdw: {} }', 'file_fdw: {}, postgres_fdw: {} }'],
      [ordersTable, ordersTable.replace('{', '{ inherits: [base],')],
      ['customers: { server: shop', 'customers: { partition_of: { table: days, default: true }, server: shop'],
      ['columns: { id: bigint, name: text }', 'columns: {}'],
      ['SELECT id, total FROM proxy.orders', 'SELECT * FROM base'],
      ['SELECT * FROM proxy.customers', 'SELECT (days).* FROM every_day'],
    ])
    const parsed = await fixture.manifest(text)
    await applyTo(parsed, fixture.url)
    await fixture.sql('ALTER TABLE base ADD here int; ALTER TABLE days ADD today date')
    const { warnings } = await planFor(parsed, fixture.url, 5000, true)
    expect(warnings).toMatchObject([
      {
        message: expect.stringMatching(/^foreign table proxy.orders: it cannot be read: .*"here"/),
        refusesApply: true,
      },
      { message: expect.stringMatching(/^foreign table proxy.customers: it cannot be read: .*"today"/) },
    ])
  })

  test('for a role that may not create what it plans, a warning reports that it was not tried', async () => {
    const fixture = await fixtureWithOwnSource(pair, source)
    await fixture.sql('CREATE EXTENSION postgres_fdw')
    const planner = await fixture.role()
    const text = edited(manifest, [[fileTable, '']])
    const { warnings } = await planFor(await fixture.manifest(text), planner.url, 5000, true)
    expect(warnings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^server shop: it is unknown whether its source can be read/),
    )
  })
})

function edited(text: string, edits: Edits): string {
  return edits.reduce((before, [from, to]) => {
    expect(before).toContain(from)
    return before.replace(from, () => to)
  }, text)
}

/** A target with the variables of all manifests of this file. */
async function prepare(pair: ServerPair, database: TestDatabase): Promise<Fixture> {
  const fixture = await fixtureFor(pair, database, 'CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw')
  const other = await fixture.role()
  const guestOfSource = await guestRole(database)
  const [row] = await fixture.sql("SELECT current_setting('data_directory') || '/PG_VERSION' AS file")
  const more = {
    FILE: String(row?.file),
    OTHER: other.user,
    WRONG: 'wrong-password',
    GUEST: guestOfSource.user,
    GUEST_PASSWORD: guestOfSource.password,
  }
  return { ...fixture, manifest: (text, env) => fixture.manifest(substitute(text, more), { ...more, ...env }) }
}

async function ownSource(pair: ServerPair): Promise<TestDatabase> {
  const database = await createSource(pair, source)
  onTestFinished(() => database.drop())
  return database
}

/** A role of the source that may read the customers and nothing else. */
async function guestRole(database: TestDatabase) {
  const user = `guest_${randomBytes(5).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await runSql(database.url, `CREATE ROLE ${user} LOGIN PASSWORD '${password}'; GRANT SELECT ON customers TO ${user}`)
  onTestFinished(async () => {
    await runSql(database.url, `DROP OWNED BY ${user}; DROP ROLE ${user}`)
  })
  return { user, password }
}

/** Applies with the trial of sources. The error is that of the refusal. */
async function applyTried(fixture: Fixture, text: string, connect: Connect = connectTo(fixture.url)) {
  let plan: Plan | undefined
  const approve = async (shown: Plan) => {
    plan = shown
    return true
  }
  const parsed = await fixture.manifest(text)
  const options = { ...applyDefaults, sourceTimeoutMilliseconds: 5000 }
  const error = await planAndApply({ parsed, connect, populate: true, trySources: true, options }, approve).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!plan) throw error
  return { plan, error }
}
