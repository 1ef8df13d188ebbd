// Roles without superuser: what they can do, and which grant an error or a plan names.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf, planAndApply } from '../../../src/api/apply.ts'
import { previewRefresh, refresh } from '../../../src/api/refresh.ts'
import { verify } from '../../../src/api/verify.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { endIdle, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function owner(
    fixture: Fixture,
    grants: readonly string[] = ['CREATE ON DATABASE', 'USAGE ON FOREIGN DATA WRAPPER'],
  ) {
    const role = await fixture.role()
    for (const grant of grants)
      await fixture.sql(
        `GRANT ${grant} ${grant.includes('DATABASE') ? fixture.target.name : 'postgres_fdw'} TO ${role.user}`,
      )
    return role
  }

  test('CREATE on the database and USAGE on the wrapper are enough to plan, apply, change, refresh and remove', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await owner(fixture)
    const parsed = await fixture.manifest(shop.replace('servers:', 'extensions: { postgres_fdw: {} }\nservers:'))
    expect(missedOf((await applyTo(parsed, url)).report)).toEqual([])
    const plan = await planFor(parsed, url)
    expect([changesOf(plan), plan.undetermined, plan.warnings]).toEqual([[], [], []])
    const refreshed = await refresh(parsed, [], connectTo(url), { ...applyDefaults, hidden: [] })
    expect(refreshed.views.map(({ outcome }) => outcome.status)).toEqual(['applied'])

    const changed = await fixture.manifest(
      shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders' }).replace(
        'note: text',
        'note: varchar',
      ),
      { SOURCE_PASSWORD: 'rotated' },
    )
    const { report } = await applyTo(changed, url)
    expect(report && exitCodeOf(report), 'the new password is wrong').toBe(5)
    const back = await fixture.manifest(shop)
    expect(missedOf((await applyTo(back, url)).report)).toEqual([])
    expect(changesOf(await planFor(back, url))).toEqual([])
    const nothing = await fixture.manifest('version: 1\nname: faults\n')
    expect(missedOf((await applyTo(nothing, url, { allow: ['drops-data'] })).report)).toEqual([])
    expect(await fixture.sql("SELECT FROM pg_namespace WHERE nspname IN ('proxy', 'local')")).toEqual([])
    expect(user).toMatch(/^role_/)
  })

  test('without CREATE on the database: the plan lists what is undetermined, and apply names the missing privilege', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await owner(fixture, ['USAGE ON FOREIGN DATA WRAPPER'])
    const parsed = await fixture.manifest(shop)
    const grant = `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}`
    const plan = await planFor(parsed, url)
    expect(JSON.stringify([plan.undetermined, plan.refusals])).toContain(grant)
    const failure = await applyTo(parsed, url).catch((error: unknown) => error)
    expect(failure).toMatchObject({ exitCode: 4 })
    expect(JSON.stringify(failure)).toContain(grant)
  })

  test('creating or altering a wrapper needs a superuser, as the error explains; a wrapper that is as declared needs nothing', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url } = await owner(fixture)
    const parsed = (wrappers: string) =>
      fixture.manifest(`version: 1\nname: faults\nforeign_data_wrappers: { ${wrappers} }\n`)
    expect(missedOf((await applyTo(await parsed('postgres_fdw: {}'), url)).report)).toEqual([])
    const failure = await applyTo(await parsed('postgres_fdw: {}, other: {}'), url).catch((error: unknown) => error)
    expect(failure).toMatchObject({ exitCode: 4 })
    expect(JSON.stringify(failure)).toMatch(/permission denied to create foreign-data wrapper .*other.*superuser/)
    const altered = await planFor(await parsed('postgres_fdw: { options: { a: b } }'), url)
    expect(JSON.stringify(altered.undetermined)).toMatch(/foreign-data wrapper .*superuser/)
  })

  test('everything exists, and the role may alter it but create nothing: only the ledger cannot be created', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await owner(fixture, ['USAGE ON FOREIGN DATA WRAPPER'])
    await fixture.sql(`CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; ALTER SERVER shop OWNER TO ${user}`)
    const parsed = await fixture.manifest(
      'version: 1\nname: faults\nservers: { shop: { options: { fetch_size: 5 } } }\n',
    )
    const failure = await applyTo(parsed, url).catch((error: unknown) => error)
    expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(/permission denied for database/) })
    expect(JSON.stringify(failure)).toContain(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}`)
    expect(await fixture.sql('SELECT srvoptions FROM pg_foreign_server')).toEqual([{ srvoptions: null }])
  })

  test('without USAGE on the wrapper, a server that exists is altered, and none is created', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await owner(fixture, ['CREATE ON DATABASE'])
    await fixture.sql(`CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw; ALTER SERVER mine OWNER TO ${user}`)
    const mine = await fixture.manifest('version: 1\nname: faults\nservers: { mine: { options: { fetch_size: 5 } } }\n')
    const { undetermined, warnings } = await planFor(mine, url)
    expect([undetermined, warnings.map(({ code }) => code)]).toEqual([[], ['object/not-probed']])
    expect(missedOf((await applyTo(mine, url)).report)).toEqual([])
    expect(await planFor(mine, url)).toMatchObject({ changes: [], undetermined: [], warnings: [] })
    const parsed = await fixture.manifest(shop)
    const errorOf = async (work: Promise<unknown>) => JSON.stringify(await work.catch((error: unknown) => error))
    expect(await errorOf(planFor(parsed, url))).toContain('permission denied for foreign-data wrapper postgres_fdw')
    expect(await errorOf(applyTo(parsed, url))).toContain('permission denied for foreign-data wrapper postgres_fdw')
    expect(user).toMatch(/^role_/)
  })

  test('what the role may not do is refused by the plan, and what it may do is applied', async () => {
    const fixture = await fixtureFor(pair, source)
    const [{ url, user }, other] = [await owner(fixture), await fixture.role()]
    const manifest = (schemas: string, server = '{}') =>
      fixture.manifest(`version: 1\nname: faults\nservers: { shop: ${server} }\nschemas: { ${schemas} }\n`)
    const refusalsOf = async (schemas: string, server?: string) => {
      const { refusals } = await planFor(await manifest(schemas, server), url)
      return refusals.map(({ title, reason }) => `${title}: ${reason.replaceAll(other.user, 'other')}`).sort()
    }
    await applyTo(await manifest('a: {}, b: {}, c: {}'), url)
    await fixture.sql(
      `ALTER SCHEMA b OWNER TO ${other.user}; ALTER SCHEMA c OWNER TO ${other.user}; GRANT USAGE ON SCHEMA c TO ${user}`,
    )
    const [given, copy] = [`owner: ${other.user}`, `{ query: SELECT 1 AS id, owner: ${other.user} }`]
    const owned = `a: { types: { t: { enum: [x], ${given} } }, materialized_views: { m: ${copy} }, tables: { r: ${copy} },
      foreign_tables: { f: { server: shop, columns: { id: int }, ${given} } } }, b: {}, c: {}`
    const titles = ['foreign table a.f', 'materialized view a.m', 'table a.r', 'type a.t']
    const notGiven = `${user} cannot give it to other, since it is not a member of that role`
    expect(await refusalsOf(`${owned}, d: { ${given} }`, `{ ${given} }`)).toEqual(
      [...titles, 'schema d', 'server shop'].sort().map((title) => `${title}: ${notGiven}`),
    )
    expect(await refusalsOf('a: {}, b: { comment: x }, c: { types: { t: { enum: [x] } } }')).toEqual([
      `schema b: it is owned by other, and ${user} does not have the privileges of that role`,
      `type c.t: ${user} needs CREATE ON SCHEMA c`,
    ])
    await fixture.sql(`GRANT ${other.user} TO ${user}`)
    expect(await refusalsOf(owned, `{ ${given} }`)).toEqual([
      'foreign table a.f: its owner other needs CREATE ON SCHEMA a',
      'materialized view a.m: its owner other needs CREATE ON SCHEMA a',
      'server shop: its owner other needs USAGE ON FOREIGN DATA WRAPPER postgres_fdw',
      'table a.r: its owner other needs CREATE ON SCHEMA a',
      'type a.t: its owner other needs CREATE ON SCHEMA a',
    ])
    const givenByHand = 'a: { tables: { q: { query: SELECT 1 AS id } } }, b: {}, c: {}'
    await applyTo(await manifest(givenByHand), url)
    await fixture.sql(`ALTER TABLE a.q OWNER TO ${other.user}`)
    expect(await refusalsOf(givenByHand)).toEqual(['table a.q: its owner other needs CREATE ON SCHEMA a'])
    await fixture.sql(`DROP TABLE a.q; GRANT USAGE, CREATE ON SCHEMA a TO ${other.user}`)
    const { plan, report } = await applyTo(await manifest(owned), url)
    expect([plan.refusals, missedOf(report)]).toEqual([[], []])
    expect(changesOf(await planFor(await manifest(owned), url))).toEqual([])
    await fixture.sql('CREATE TABLE a.child () INHERITS (a.f)')
    expect(await refusalsOf(owned.replace('{ id: int }', '{ id: bigint }'))).toEqual([
      `foreign table a.f: table a.child, which inherits from it and would be altered too, is owned by postgres, and ${user} does not have the privileges of that role`,
    ])
    await fixture.sql('DROP TABLE a.child')
    const views = (grants: string) =>
      owned
        .replace(
          `m: ${copy}`,
          `m: ${copy.replace('}', ', indexes: { m_key: { unique: true, columns: [id] } } }')}, n: { query: SELECT 1 AS id${grants} }, o: { query: SELECT id FROM a.n, ${given} }`,
        )
        .replace('tables: {', `tables: { s: ${copy},`)
    const unreadable = async (grants: string) => {
      const { warnings } = await planFor(await manifest(views(grants)), url, 60_000, true)
      return warnings.flatMap(({ code, message, refusesApply }) =>
        code === 'server/missing-privilege'
          ? [`${refusesApply ? 'refused' : 'warned'}: ${message.replaceAll(other.user, 'other')}`]
          : [],
      )
    }
    expect(await unreadable('')).toEqual([
      'refused: materialized view a.o: it cannot be loaded: its owner other needs SELECT on materialized view a.n',
    ])
    const granted = `, grants: { select: [${other.user}] }`
    expect(await unreadable(granted)).toEqual([])
    await fixture.sql(
      `REVOKE USAGE ON SCHEMA a FROM ${other.user}; REVOKE TEMPORARY ON DATABASE ${fixture.target.name} FROM PUBLIC; ALTER TABLE a.r OWNER TO ${user}; ALTER TABLE a.m OWNER TO ${user}`,
    )
    const missing = 'it cannot be loaded: its owner other needs'
    expect((await unreadable(granted)).sort()).toEqual([
      `refused: materialized view a.o: ${missing} USAGE on schema a`,
      `refused: table a.s: ${missing} TEMPORARY on database ${fixture.target.name}`,
      `refused: table a.s: ${missing} USAGE on schema a`,
      `warned: materialized view a.m: it cannot be refreshed concurrently: its owner other needs TEMPORARY on database ${fixture.target.name}`,
      'warned: materialized view a.m: it cannot be refreshed concurrently: its owner other needs USAGE on schema a',
      `warned: table a.r: it cannot be refreshed: its owner other needs TEMPORARY on database ${fixture.target.name}`,
      'warned: table a.r: it cannot be refreshed: its owner other needs USAGE on schema a',
    ])
    await fixture.sql(
      `ALTER TABLE a.r OWNER TO ${other.user}; ALTER TABLE a.m OWNER TO ${other.user}; GRANT USAGE ON SCHEMA a TO ${other.user}; GRANT TEMPORARY ON DATABASE ${fixture.target.name} TO PUBLIC`,
    )

    await fixture.sql(`ALTER SCHEMA fdwsync_source OWNER TO postgres`)
    const renamed = 'a: { tables: { s: { renamed_from: r, query: SELECT 1 AS id }, t: { query: SELECT 1 AS id } } }'
    const { refusals } = await planFor(await manifest(renamed), url)
    expect(refusals.map(({ title, reason, hint }) => [title, reason, hint])).toEqual(
      ['table a.s', 'table a.t'].map((title) => [
        title,
        `${user} needs CREATE ON SCHEMA fdwsync_source`,
        `Give it to the role that owns the ledger: ALTER SCHEMA fdwsync_source OWNER TO ${user};`,
      ]),
    )
    await fixture.sql(
      `ALTER SCHEMA fdwsync_source OWNER TO ${user}; ALTER SCHEMA a OWNER TO postgres; REVOKE CREATE ON SCHEMA a FROM ${other.user}`,
    )
    expect(await refusalsOf(renamed)).toContain(`table a.s: ${user} needs CREATE ON SCHEMA a`)
  })

  test('what an owner has had revoked from itself, its loads lack', async () => {
    const fixture = await fixtureFor(pair, source)
    const [{ url, user }, other] = [await owner(fixture), await fixture.role()]
    await fixture.sql(`GRANT ${other.user} TO ${user}`)
    const given = `owner: ${other.user}`
    const manifest = (type: string, more = '') => {
      const query = `query: "SELECT 1::${type} AS id"${more}`
      return fixture.manifest(`version: 1
name: faults
schemas:
  a:
    grants: { usage: [${other.user}], create: [${other.user}] }
    materialized_views: { n: { ${query}, ${given} }, x: { query: SELECT id FROM a.n, ${given} }, p: { ${query} } }
    tables: { z: { query: SELECT id FROM a.n, ${given} }, q: { query: SELECT id FROM a.p } }
`)
    }
    const lacked = async (parsed: Promise<ParsedManifest>) => {
      const { warnings } = await planFor(await parsed, url, 60_000, true)
      const faults = warnings.filter(({ refusesApply }) => refusesApply)
      return faults.map(({ message, hint }) =>
        `${message}: ${hint}`.replaceAll(other.user, 'other').replaceAll(user, 'user'),
      )
    }
    expect(missedOf((await applyTo(await manifest('int'), url)).report)).toEqual([])
    await fixture.sql(
      `REVOKE ALL ON a.n FROM ${other.user}; REVOKE ALL ON a.p FROM ${user}; REVOKE INSERT, DELETE ON a.z FROM ${other.user}`,
    )
    const others = `[delete, insert, ${pair.major < 17 ? '' : 'maintain, '}references, trigger, truncate, update]`
    const hint = (revoked: string) => `It was revoked. Declare that: revoked_from_owner: ${revoked}`
    expect((await lacked(manifest('bigint'))).sort()).toEqual([
      `materialized view a.x: it cannot be loaded: its owner other needs SELECT on materialized view a.n: ${hint(others)}`,
      `table a.q: it cannot be loaded: its owner user needs SELECT on materialized view a.p: ${hint(others)}`,
      `table a.z: it cannot be loaded: its owner other needs INSERT on table a.z: ${hint('[delete]')}`,
      `table a.z: it cannot be loaded: its owner other needs SELECT on materialized view a.n: ${hint(others)}`,
    ])
    expect(await lacked(manifest('int'))).toEqual([])
    await fixture.sql(`GRANT INSERT ON a.z TO ${other.user}`)
    const declared = await manifest('bigint', ', revoked_from_owner: [update]')
    expect(missedOf((await applyTo(declared, url)).report)).toEqual([])
  })

  test('a read-only server: the plan lists what is undetermined', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql(`ALTER DATABASE ${fixture.target.name} SET default_transaction_read_only = on`)
    await endIdle(fixture.url)
    const same = await planFor(await fixture.manifest(shop), fixture.url)
    expect(changesOf(same)).toEqual([])
    expect(same.undetermined.every(({ reason }) => reason.includes('read-only'))).toBe(true)
    const changed = shop.replace('SELECT id, total', 'SELECT id').replace('note: text', 'note: varchar')
    const plan = await planFor(
      await fixture.manifest(changed.replace('options: { host', 'options: { fetch_size: 5, host')),
      fixture.url,
    )
    expect(changesOf(plan)).toContain('alter server shop')
    expect(plan.undetermined.map(({ title, hint }) => [title, hint])).toContainEqual([
      'materialized view local.orders',
      expect.stringContaining('plan against the primary'),
    ])
    const queries = { orders: 'SELECT id, total FROM proxy.orders', more: 'SELECT id FROM proxy.orders' }
    const withNew = await planFor(await fixture.manifest(shopManifest(queries)), fixture.url)
    expect([withNew.refusals, withNew.undetermined.map(({ code }) => code)]).toEqual([
      [],
      expect.arrayContaining(['server/read-only']),
    ])
    const altered = await fixture.manifest(changed.replace('options: { host', 'options: { fetch_size: 5, host'))
    const session = await connectTo(fixture.url)('refresh')
    const attempts = [
      () =>
        planAndApply({ parsed: altered, connect: connectTo(fixture.url), populate: true, options: applyDefaults }, () =>
          Promise.reject(new Error('it asks although nothing can be applied')),
        ),
      () => refresh(altered, [], connectTo(fixture.url), refreshDefaults),
      () => previewRefresh(session, altered, [], { strategy: undefined }),
      () =>
        verify(
          session,
          altered,
          { names: [], only: [] },
          { ...refreshDefaults, connect: connectTo(fixture.url), hidden: [] },
        ),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        exitCode: 1,
        problems: [{ code: 'server/read-only', message: expect.stringContaining('default_transaction_read_only') }],
      })
    }
    await session.close()
  })

  describe('options that the role cannot see', () => {
    const mapped = (password: string, user = 'u') =>
      `version: 1\nname: faults\nservers: { shop: { options: { host: h }, user_mappings: { ROLE: { user: ${user}, password: ${password} } } } }\n`

    async function setUp() {
      const fixture = await fixtureFor(pair, source)
      const [server, other] = [await owner(fixture), await fixture.role()]
      const manifest = (password: string, user?: string) =>
        fixture.manifest(mapped(password, user).replace('ROLE', other.user))
      const stored = async () => fixture.sql('SELECT umid, umoptions FROM pg_user_mappings ORDER BY umid')
      return { fixture, server, other, manifest, stored }
    }

    test('an unchanged declaration is a warning, a changed one is applied', async () => {
      const { fixture, server, other, manifest, stored } = await setUp()
      await applyTo(await manifest('first'), server.url)
      const [before] = await stored()
      expect(before).toMatchObject({ umoptions: ['user=u', 'password=first'] })
      const [recorded] = await fixture.sql(
        "SELECT declared::text FROM fdwsync.object WHERE address LIKE '%userMapping%'",
      )
      expect(recorded?.declared).toMatch(/"password": \{"digest": "scrypt:[0-9a-f]{32}:[0-9a-f]{64}"\}/)
      expect(recorded?.declared).not.toContain('first')

      const same = await planFor(await manifest('first'), server.url)
      expect(changesOf(same)).toEqual([])
      expect(same.warnings).toEqual([
        { code: 'object/hidden-options', message: expect.stringContaining('its options are hidden from this role') },
      ])
      for (const [password, user] of [
        ['second', 'u'],
        ['second', 'v'],
      ] as const) {
        const { plan, report } = await applyTo(await manifest(password, user), server.url)
        expect(changesOf(plan)).toEqual([`replace user mapping for ${other.user} on shop`])
        expect(missedOf(report)).toEqual([])
        expect(await stored()).toEqual([
          expect.objectContaining({ umoptions: [`user=${user}`, `password=${password}`] }),
        ])
        expect(changesOf(await planFor(await manifest(password, user), server.url))).toEqual([])
      }
    })

    test('an existing mapping with hidden options is never assumed to be as declared', async () => {
      const { fixture, server, other, manifest, stored } = await setUp()
      await fixture.sql(`CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h');
        ALTER SERVER shop OWNER TO ${server.user}; CREATE USER MAPPING FOR ${other.user} SERVER shop OPTIONS (user 'theirs')`)
      const before = await stored()
      const parsed = await manifest('first')
      const plan = await planFor(parsed, server.url)
      expect(plan.undetermined.map(({ title }) => title)).toEqual([`user mapping for ${other.user} on shop`])
      await applyTo(parsed, server.url)
      expect(await stored()).toEqual(before)
      expect(await fixture.sql("SELECT FROM fdwsync.object WHERE address LIKE '%userMapping%'")).toEqual([])
    })
  })
})
