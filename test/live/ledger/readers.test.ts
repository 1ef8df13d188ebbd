// Who can read and write the ledger: several roles, roles without privileges, read-only servers and copies.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { applyDetails, history } from '../../../src/api/history.ts'
import { findBinaries, startThrowawayServer } from '../../../src/demo/server/server.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyTo, connectTo, type Environment, manifestOf, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { asVersion1 } from '../../support/ledger.ts'
import { eachMajor, isThorough, newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' }).replace(
  'orders: { query',
  'orders: { comment: copied, query',
)
const here = (name: string) =>
  `version: 1\nname: ${name}\nschemas: { ${name}: { materialized_views: { here: { query: "SELECT 1 AS id" } } } }\n`

async function applier(fixture: Fixture) {
  const role = await fixture.role()
  await fixture.sql(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${role.user}`)
  return role
}

async function owners(fixture: Fixture): Promise<readonly unknown[]> {
  const rows = await fixture.sql(`SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class
    WHERE relnamespace = 'fdwsync'::regnamespace AND relkind = 'r'`)
  return rows.map(({ owner }) => owner)
}

// Which membership or privilege a role needs depends on the version.
describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('another role owns the ledger: the error contains the GRANT that helps', async () => {
    const fixture = await fixtureFor(pair, source)
    const [one, two] = [await applier(fixture), await applier(fixture)]
    await applyTo(await fixture.manifest(here('one')), one.url)
    const hintOfApply = async () => {
      const failure = await applyTo(await fixture.manifest(here('two')), two.url).catch((error: unknown) => error)
      expect(failure).toMatchObject({
        exitCode: 4,
        message: expect.stringContaining(`${two.user} has no USAGE on schema fdwsync`),
      })
      const [{ hint = '' }] = JSON.parse(JSON.stringify(failure)).problems
      return hint
    }
    const grant = `GRANT ${one.user} TO ${two.user}`
    expect(await hintOfApply()).toContain(`A role that applies must be a member of it instead: ${grant}`)
    await fixture.sql(
      pair.target.major >= 16 ? `${grant} WITH INHERIT FALSE` : `${grant}; ALTER ROLE ${two.user} NOINHERIT`,
    )
    const hint = await hintOfApply()
    expect(hint).toContain('does not inherit from it')
    await fixture.sql(hint.match(/(?:GRANT|ALTER ROLE) [^;]+;/g).join(' '))
    expect(missedOf((await applyTo(await fixture.manifest(here('two')), two.url)).report)).toEqual([])
  })

  test.each(
    isThorough() ? ['a superuser', 'another role'] : ['another role'],
  )('roles that only plan, monitor or refresh a ledger of %s, as README describes them', async (owner) => {
    const fixture = await fixtureFor(pair, source)
    const deployer = owner === 'a superuser' ? { url: fixture.url, user: pair.target.user } : await applier(fixture)
    const [planner, monitor, refresher] = [await applier(fixture), await fixture.role(), await fixture.role()]
    await fixture.sql(`GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${deployer.user}`)
    await applyTo(await fixture.manifest(shop), deployer.url)
    for (const { user } of [planner, monitor, refresher])
      await fixture.sql(
        `GRANT USAGE ON SCHEMA fdwsync TO ${user}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}`,
      )
    await fixture.sql(
      `GRANT USAGE ON SCHEMA proxy, local TO ${planner.user}; GRANT USAGE ON FOREIGN SERVER shop TO ${planner.user}`,
    )
    await fixture.sql(`GRANT USAGE ON SCHEMA local TO ${refresher.user}; GRANT INSERT ON fdwsync.refresh TO ${refresher.user};
      ${pair.target.major >= 17 ? `GRANT MAINTAIN ON local.orders TO ${refresher.user}` : `GRANT ${deployer.user} TO ${refresher.user}`}`)
    const named: Environment = owner === 'a superuser' ? {} : { FDWSYNC_LEDGER_OWNER: deployer.user }
    const as = ({ url }: { url: string }, args: readonly string[], manifest?: string) =>
      run({ ...fixture, url }, args, manifest, named)

    const proofs = await fixture.sql('SELECT catalog_state FROM fdwsync.proof')
    const proven = await as(planner, ['plan', '--detailed-exitcode', '--format', 'json'], shop)
    expect(proven).toMatchObject({ code: 0 })
    expect(JSON.parse(proven.stdout).fingerprint).toBe(proofs[0]?.catalog_state)
    await fixture.sql('DELETE FROM fdwsync.proof')
    expect(await as(planner, ['plan', '--detailed-exitcode'], shop)).toMatchObject({ code: 0 })
    // It may create nothing, but the ledger shows that nothing has changed.
    expect(await as(monitor, ['status', '--check'], shop)).toMatchObject({ code: 0 })
    expect(await as(refresher, ['refresh'], shop)).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('not recorded'),
    })
    expect(await fixture.sql('SELECT refreshed_by::text AS who FROM fdwsync.refresh ORDER BY started_at')).toEqual([
      { who: deployer.user },
      { who: refresher.user },
    ])
    const changed = shop.replace('SELECT id, total', 'SELECT id')
    expect(await as(planner, ['plan', '--detailed-exitcode'], changed)).toMatchObject({
      code: 2,
      stdout: expect.not.stringContaining('readers wait'),
    })
    await fixture.sql('REFRESH MATERIALIZED VIEW local.orders WITH NO DATA')
    expect(await as(planner, ['plan', '--detailed-exitcode'], shop)).toMatchObject({ code: 2 })
    await fixture.sql("COMMENT ON MATERIALIZED VIEW local.orders IS 'altered by hand'")
    expect(await as(monitor, ['status', '--check'])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('altered outside fdwsync: comment'),
    })
    expect(await as(planner, ['apply', '--auto-approve'], changed)).not.toMatchObject({ code: 0 })
  })
})

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('several roles apply: their shared role owns the ledger, including tables that a migration adds', async () => {
    const fixture = await fixtureFor(pair, source)
    const [one, two, three] = [await applier(fixture), await applier(fixture), await applier(fixture)]
    const shared = await fixture.role()
    await fixture.sql(
      `GRANT ${shared.user} TO ${one.user}, ${two.user}; CREATE SCHEMA fdwsync AUTHORIZATION ${shared.user};
       GRANT USAGE ON SCHEMA fdwsync TO ${three.user}; GRANT ${shared.user} TO ${three.user}
       ${pair.target.major >= 16 ? 'WITH INHERIT FALSE, SET TRUE' : `; ALTER ROLE ${three.user} NOINHERIT`}`,
    )
    // It can create the ledger as its owner, and not write to it then.
    await expect(applyTo(await fixture.manifest(here('one')), three.url)).rejects.toMatchObject({
      problems: [{ code: 'ledger/unwritable', hint: expect.stringContaining(`GRANT ${shared.user} TO ${three.user}`) }],
    })
    expect(missedOf((await applyTo(await fixture.manifest(here('one')), one.url)).report)).toEqual([])
    expect(await owners(fixture)).toEqual([shared.user])
    expect(missedOf((await applyTo(await fixture.manifest(here('two')), two.url)).report)).toEqual([])
    await fixture.sql(asVersion1)
    expect(missedOf((await applyTo(await fixture.manifest(here('three')), two.url)).report)).toEqual([])
    expect(await owners(fixture)).toEqual([shared.user])
    const schemas = await fixture.sql(
      "SELECT DISTINCT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname IN ('one', 'three')",
    )
    expect(schemas.map(({ owner }) => owner).sort(), 'only the ledger belongs to the shared role').toEqual(
      [one.user, two.user].sort(),
    )
    expect(
      (await fixture.sql('SELECT applied_by::text AS who FROM fdwsync.apply ORDER BY started_at')).map(
        ({ who }) => who,
      ),
    ).toEqual([one.user, two.user, two.user])
  })

  test.each([
    'nothing',
    'USAGE',
  ])('a plan by a role with %s on the ledger reports unknown ownership, and drops and adopts nothing', async (has) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(here('one')), fixture.url)
    const { user, url } = await fixture.role()
    if (has === 'USAGE') await fixture.sql(`GRANT USAGE ON SCHEMA fdwsync TO ${user}`)
    await fixture.sql(
      `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON SCHEMA one TO ${user}; CREATE SCHEMA found`,
    )
    const without = 'version: 1\nname: one\nschemas: { one: {}, found: {} }\n'
    const plan = await planFor(await fixture.manifest(without), url)
    expect(changesOf(plan)).toEqual([])
    expect(plan.undetermined).toEqual([
      expect.objectContaining({
        title: 'ownership',
        reason: expect.stringMatching(has === 'USAGE' ? /no SELECT on fdwsync\.\w+/ : /no USAGE on schema fdwsync/),
        hint: expect.stringContaining(`GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${user}`),
      }),
    ])
    const { code, stdout } = await run({ ...fixture, url }, ['plan', '--detailed-exitcode'], without)
    expect([code, stdout]).toEqual([6, expect.stringContaining('ownership: not known')])
    await expect(applyTo(await fixture.manifest(without), url)).rejects.toMatchObject({ exitCode: 4 })
    const asked = await run({ ...fixture, url }, ['history'], without)
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('the ledger cannot be read')])
    await fixture.sql(plan.undetermined[0]?.hint.replace('Grant it: ', '') ?? '')
    expect([...changesOf(await planFor(await fixture.manifest(without), url))].sort()).toEqual([
      'adopt schema found',
      'drop materialized view one.here',
    ])
  })

  test('a planted ledger is not trusted, whichever other role is named', async () => {
    const fixture = await fixtureFor(pair, source)
    const [mallory, deployer, planner] = [await applier(fixture), await applier(fixture), await applier(fixture)]
    await applyTo(await fixture.manifest(here('one')), mallory.url)
    await fixture.sql(`GRANT USAGE ON SCHEMA fdwsync TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO PUBLIC`)
    for (const named of [{}, { FDWSYNC_LEDGER_OWNER: deployer.user }]) {
      for (const args of [['plan'], ['status', '--check'], ['history']]) {
        const { code, stderr } = await run({ ...fixture, url: planner.url }, args, here('one'), named)
        expect([code, stderr], args.join()).toEqual([
          1,
          expect.stringContaining(`the schema belongs to ${mallory.user}`),
        ])
      }
    }
  })

  test('on a read-only server, plans know the ownership, and the history can be read', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user, url } = await applier(fixture)
    await applyTo(await fixture.manifest(here('one')), url)
    await fixture.sql(`ALTER ROLE ${user} SET default_transaction_read_only = on`)
    const plan = await planFor(await fixture.manifest('version: 1\nname: one\nschemas: { one: {} }\n'), url)
    expect([changesOf(plan), plan.undetermined]).toEqual([['drop materialized view one.here'], []])
    const session = await connectTo(url)('history')
    const { applies } = await history(session, { limit: 5 })
    expect(applies.map(({ manifest, outcome }) => [manifest, outcome])).toEqual([['one', 'applied']])
    await session.close()
  })

  test('the history of a copied database names the original; that of a version 1 ledger is shown as far as recorded', async () => {
    const fixture = await fixtureFor(pair, source)
    const { report } = await applyTo(await fixture.manifest(shop), fixture.url)
    const copy = await createDatabase(pair.target, { template: fixture.target.name })
    try {
      const session = await connectTo(copy.url)('history')
      const { apply, steps, refreshes } = await applyDetails(session, report?.applyId?.slice(0, 6) ?? '')
      expect(apply).toMatchObject({ madeElsewhere: true, database: fixture.target.name, outcome: 'applied' })
      expect(steps.map(({ title }) => title)).toContain('server shop')
      expect(refreshes).toEqual([expect.objectContaining({ rows: '50', how: 'plain', outcome: 'applied' })])
      await expect(applyDetails(session, 'ffffff')).rejects.toThrow('no apply has an id that begins with')
      await session.close()
      const { stdout } = await run({ ...fixture, url: copy.url }, ['history'], shop)
      expect(stdout).toContain(`applied to database ${fixture.target.name}`)
      await runSql(copy.url, asVersion1)
      const old = await run({ ...fixture, url: copy.url }, ['history'], shop)
      expect([old.code, old.stdout]).toEqual([0, expect.stringContaining('unknown')])
    } finally {
      await copy.drop()
    }
  })
})

const [binaries] = findBinaries()

test.skipIf(!binaries)('on a hot standby, plan and history work, and no apply is shown as interrupted', async () => {
  if (!binaries) return
  const server = await startThrowawayServer({ binaries })
  onTestFinished(() => server.stop())
  const first = await manifestOf(here('one'), {})
  await applyTo(first, server.url())
  await runSql(server.url(), "UPDATE fdwsync.apply SET outcome = 'in progress', ended_at = NULL")
  writeFileSync(join(server.dataDirectory, 'standby.signal'), '')
  await server.restart()
  expect(await runSql(server.url(), 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: true }])
  const plan = await planFor(await manifestOf('version: 1\nname: one\nschemas: { one: {} }\n', {}), server.url())
  expect([changesOf(plan), plan.undetermined]).toEqual([['drop materialized view one.here'], []])
  const session = await connectTo(server.url())('history')
  const { applies } = await history(session, { limit: 5 })
  expect(applies.map(({ outcome, madeElsewhere }) => [outcome, madeElsewhere])).toEqual([['in progress', false]])
  await session.close()
  await expect(
    applyTo(await manifestOf('version: 1\nname: one\n', {}), server.url(), { allow: ['drops-data'] }),
  ).rejects.toThrow(/is a standby/)
})
