// Messages of the server become warnings of plans and reports, on the object that they are about.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head, shopManifest } from '../../support/manifests.ts'

const withMissingExtension = head().replace('options: { host', 'options: { extensions: hstore, host')
const extensionMissing = 'server shop: the server warns: extension "hstore" is not installed'

/** Raises a message for each object that is created. */
const loudTrigger = (level: string) => `
  CREATE FUNCTION public.loud() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
    FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP RAISE ${level} 'seen "%"', r.object_identity; END LOOP; END $$;
  CREATE EVENT TRIGGER loud ON ddl_command_end EXECUTE FUNCTION public.loud()`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a warning of a wrapper, whatever the role has set', async () => {
    const rig = await fixtureFor(pair, source)
    await rig.sql(`ALTER DATABASE ${rig.target.name} SET client_min_messages = error`)
    const parsed = await rig.manifest(withMissingExtension)
    const plan = await planFor(parsed, rig.url)
    expect(plan.warnings).toEqual([expect.objectContaining({ code: 'server/notice', message: extensionMissing })])
    expect(plan.warnings[0]?.title).toBe('server shop')
    const { report } = await applyTo(parsed, rig.url)
    expect(report?.warnings.map(({ message }) => message)).toEqual([extensionMissing])
    expect((await planFor(parsed, rig.url)).warnings).toEqual([])
  })

  test.each(['NOTICE', 'WARNING'])('what an event trigger raises as %s, once for all objects', async (level) => {
    const rig = await fixtureFor(pair, source)
    await rig.sql(loudTrigger(level))
    const parsed = await rig.manifest(shopManifest({ orders: 'SELECT id FROM proxy.orders' }))
    const { plan, report } = await applyTo(parsed, rig.url, { allow: ['exposes-secret'] })
    expect(plan.warnings).toEqual([])
    const verb = level === 'NOTICE' ? 'reports' : 'warns'
    expect(report?.warnings.map(({ message }) => message)).toEqual([
      // The load of the view is one more warning.
      `schema proxy: the server ${verb}: seen "proxy" (and ${level === 'NOTICE' ? 6 : 7} alike: schema local, server shop, user mapping for public on shop, foreign table proxy.orders, foreign table proxy.customers, materialized view local.orders)`,
    ])
  })

  test('no routine notices, and none of what is rolled back', async () => {
    const rig = await fixtureFor(pair, source)
    await rig.sql('CREATE TABLE public.base (id bigint NOT NULL)')
    const parsed = await rig.manifest(
      shopManifest({ orders: 'SELECT id FROM proxy.orders' }).replace(
        'options: { schema_name: public }',
        'options: { schema_name: public }\n        inherits: [{ schema: public, name: base }]',
      ),
    )
    const { plan, report } = await applyTo(parsed, rig.url)
    expect([plan.warnings, report?.warnings]).toEqual([[], []])
  })

  test('what a query warns of while it is loaded or refreshed', async () => {
    const rig = await fixtureFor(pair, source)
    await rig.sql(`CREATE FUNCTION public.warn(id bigint) RETURNS bigint LANGUAGE plpgsql AS
      $$ BEGIN RAISE NOTICE 'row %', id; IF id < 3 THEN RAISE WARNING E'odd \\033[2J row %', id; END IF; RETURN id; END $$`)
    const manifest = shopManifest({
      orders: 'SELECT public.warn(id) AS id FROM proxy.orders',
      quiet: 'SELECT id FROM proxy.orders',
    })
    const parsed = await rig.manifest(manifest)
    const expected = 'materialized view local.orders: the server warns: odd \u001b[2J row 1 (and 1 alike)'
    const { report } = await applyTo(parsed, rig.url)
    expect(report?.warnings.map(({ message }) => message)).toEqual([expected])
    const refreshed = await refresh(parsed, [], connectTo(rig.url), { ...applyDefaults, hidden: [] })
    expect(refreshed.warnings.map(({ message }) => message)).toEqual([expected])
    const printed = await run(rig, ['refresh'], manifest)
    expect(printed.stdout).toContain('the server warns: odd \\u001b[2J row 1 (and 1 alike)')
  })
})
