// What the ledger proves is not probed again, and what ends such a proof.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createPlan } from '../../../src/planner/create-plan.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const shop = shopManifest({ orders: 'SELECT id, total, public.twice(total) AS twice FROM proxy.orders' })
  .replace(
    'note: text }',
    `note: { type: text, default: 'public.mood()' }, number: { type: bigint, default: "nextval('numbers')" } }`,
  )
  .replace(
    /orders: \{ query/,
    'orders: { indexes: { orders_twice: { columns: [{ expression: public.twice(total) }] } }, query',
  )

const setUp = `CREATE FUNCTION public.twice(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
  CREATE TYPE public.state AS ENUM ('new'); CREATE FUNCTION public.mood() RETURNS text LANGUAGE sql AS 'SELECT ''ok''';
  CREATE SEQUENCE public.numbers;
  CREATE TABLE public.persons (id int, state public.state)`

/** Fails every plan that creates anything, be it only for the probe. */
const noDdl = `CREATE FUNCTION public.no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no DDL''; END';
  CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION public.no_ddl()`
const again = 'ALTER EVENT TRIGGER no_ddl DISABLE'

/** Both by the proof of the manifest and by the proofs of its objects, which must agree. */
async function isProbed(fixture: Fixture, manifest: string): Promise<boolean> {
  const byManifest = await isProbedNow(fixture, manifest)
  await fixture.sql('DELETE FROM fdwsync.proof')
  expect(await isProbedNow(fixture, manifest)).toBe(byManifest)
  return byManifest
}

/** Whether the plan is nothing but the proof. */
async function isProven(fixture: Fixture, manifest: string): Promise<boolean> {
  const { fingerprint } = await planFor(await fixture.manifest(manifest), fixture.url)
  const proofs = await fixture.sql('SELECT catalog_state FROM fdwsync.proof')
  return proofs.some(({ catalog_state: state }) => state === fingerprint)
}

async function isProbedNow(fixture: Fixture, manifest: string): Promise<boolean> {
  const parsed = await fixture.manifest(manifest)
  const plan = await planFor(parsed, fixture.url).catch((error: Error) => error)
  if (plan instanceof Error) return plan.message.includes('no DDL')
  expect(changesOf(plan)).toEqual([])
  return plan.undetermined.length > 0
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('what the ledger proves is not probed, and nothing is created', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(setUp)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql(noDdl)
    expect(await isProbed(fixture, shop)).toBe(false)
  })

  const mixed = shop.replace(
    'SELECT id, total,',
    "SELECT id, total, (SELECT max(state) FROM public.persons WHERE state > 'new') AS state,",
  )
  const disturbances: Readonly<Record<string, string>> = {
    'a function that gained an overload': "CREATE FUNCTION public.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    'a relation of a name that the query has': 'CREATE TABLE public.orders (id int)',
    'an operator': `CREATE FUNCTION public.more(public.state, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR public.> (LEFTARG = public.state, RIGHTARG = text, FUNCTION = public.more)`,
    'a function of a used name in another schema of the path':
      "CREATE SCHEMA later; CREATE FUNCTION later.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    'an operator that only syntax names': `CREATE FUNCTION public.same(public.state, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR public.= (LEFTARG = public.state, RIGHTARG = text, FUNCTION = public.same)`,
    'a cast': 'CREATE CAST (public.state AS integer) WITH INOUT',
    'a column added to a table that a query names': 'ALTER TABLE public.persons ADD COLUMN more int',
    'a column of such a table retyped': 'ALTER TABLE public.persons ALTER COLUMN id TYPE bigint',
    'an enumeration grown': "ALTER TYPE public.state ADD VALUE 'old'",
    'another sequence under the name that a default has':
      'ALTER SEQUENCE public.numbers RENAME TO others; CREATE SEQUENCE public.numbers',
    'a new schema that is in the search path': 'CREATE SCHEMA later; CREATE TABLE later.persons (id int)',
  }
  test.each(Object.entries(disturbances))('%s: it is probed again', async (what, sql) => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(setUp)
    const manifest = mixed.replace('version: 1', 'version: 1\nsearch_path: [later, public]')
    await applyTo(await fixture.manifest(manifest), fixture.url)
    await fixture.sql(sql)
    await fixture.sql(noDdl)
    expect(await isProbed(fixture, manifest), what).toBe(true)
    // The next apply that changes something proves it again.
    await fixture.sql(again)
    const more = `${manifest}  more: {}\n`
    await applyTo(await fixture.manifest(more), fixture.url)
    await fixture.sql('ALTER EVENT TRIGGER no_ddl ENABLE')
    expect(await isProbed(fixture, more), `${what}, applied`).toBe(false)
  })

  test('what does not concern the manifest: the proofs hold', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(setUp)
    await applyTo(await fixture.manifest(mixed), fixture.url)
    const other = shopManifest({ more: 'SELECT id FROM proxy.others' }, 'other')
      .replaceAll('shop', 'other')
      .replace('orders:', 'others:')
      .replace('customers:', 'strangers:')
    await applyTo(await fixture.manifest(other), fixture.url)
    await fixture.sql(`
      CREATE SCHEMA others;
      CREATE FUNCTION others.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
      CREATE FUNCTION public.other() RETURNS int LANGUAGE sql AS 'SELECT 1';
      GRANT SELECT ON local.orders TO PUBLIC;
      COMMENT ON MATERIALIZED VIEW local.orders IS 'x';
      COMMENT ON COLUMN local.orders.id IS 'y'`)
    await fixture.sql(noDdl)
    expect(await isProven(fixture, mixed)).toBe(true)
    expect(await isProbed(fixture, mixed)).toBe(false)
  })

  test('a warning is part of the proof', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await fixture.sql(`${setUp}; ALTER FUNCTION public.twice(numeric) OWNER TO ${user}`)
    const unqualified = shop.replace('public.twice(total) AS', 'twice(total) AS')
    await applyTo(await fixture.manifest(unqualified), fixture.url, { allow: ['untrusted-code'] })
    await fixture.sql(noDdl)
    expect(await isProven(fixture, unqualified)).toBe(true)
    const { warnings } = await planFor(await fixture.manifest(unqualified), fixture.url)
    await fixture.sql('DELETE FROM fdwsync.proof')
    expect(warnings).toEqual([{ code: 'object/untrusted-code', message: expect.stringContaining(user) }])
    expect((await planFor(await fixture.manifest(unqualified), fixture.url)).warnings).toEqual(warnings)
  })

  test('what was created is proven at once, but not what has changed since', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(`${setUp}; CREATE FUNCTION public.meddle() RETURNS int LANGUAGE plpgsql AS
      'BEGIN IF to_regclass(''public.meddling'') IS NOT NULL THEN
               ALTER FOREIGN TABLE proxy.customers OPTIONS (ADD table_name ''x''); END IF; RETURN 1; END'`)
    const meddled = `${shop}      meddled: { query: SELECT public.meddle() AS done }\n`
    await applyTo(await fixture.manifest(meddled), fixture.url)
    expect(await isProven(fixture, meddled)).toBe(true)
    await applyTo(await fixture.manifest(shop.replace(/ {2}local:[\s\S]*/, '')), fixture.url, { allow: ['drops-data'] })
    await fixture.sql('DROP FOREIGN TABLE proxy.orders, proxy.customers; CREATE TABLE public.meddling ()')
    const { report } = await applyTo(await fixture.manifest(meddled), fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(await isProven(fixture, meddled)).toBe(false)
    expect(changesOf(await planFor(await fixture.manifest(meddled), fixture.url))).toEqual([
      'alter foreign table proxy.customers',
    ])
  })

  test('a server of another major, as after pg_upgrade, which keeps OIDs: it is probed again', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(setUp)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql(noDdl)
    const session = await connectTo(fixture.url)('plan')
    onTestFinished(() => session.close())
    // A session for PostgreSQL 17 would use a setting that 16 does not have.
    const step = pair.target.major === 16 ? -10_000 : 10_000
    const upgraded = { ...session, serverVersion: session.serverVersion + step }
    const parsed = await fixture.manifest(shop)
    for (const ledger of ['', 'DELETE FROM fdwsync.proof']) {
      await fixture.sql(ledger)
      expect((await createPlan(session, parsed, { populate: true })).plan).toMatchObject({
        changes: [],
        undetermined: [],
      })
      const tried = (await createPlan(upgraded, parsed, { populate: true })).plan
      expect(tried.undetermined[0]?.reason).toContain('no DDL')
    }
  })

  test('another search path in the manifest: it is probed again', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql(`${setUp}; CREATE SCHEMA other; ${noDdl}; ${again}`)
    await applyTo(await fixture.manifest(shop), fixture.url)
    await fixture.sql('ALTER EVENT TRIGGER no_ddl ENABLE')
    expect(await isProbed(fixture, shop.replace('version: 1', 'version: 1\nsearch_path: [other, public]'))).toBe(true)
  })
})
