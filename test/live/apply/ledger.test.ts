// A ledger that another role prepared or altered is not trusted, and none of its code runs.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { history } from '../../../src/api/history.ts'
import { refresh } from '../../../src/api/refresh.ts'
import { ledgerMigration, ledgerTables } from '../../../src/ledger/schema.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { eventLog } from '../../support/outcomes.ts'

/** Tables like those of the ledger, as an attacker would create them who waits for a superuser to apply. */
const tables = `CREATE SCHEMA fdwsync; ${ledgerMigration(0)};
  GRANT ALL ON SCHEMA fdwsync TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA fdwsync TO PUBLIC;`

/** The attacker's code, which would run as the role that reads or writes the ledger. It records that it ran. */
const payload = `
  CREATE TABLE public.ran (who text, how text); GRANT ALL ON public.ran TO PUBLIC;
  CREATE FUNCTION public.payload() RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.ran VALUES (current_user, 'function'); RETURN 1; END $$;
  CREATE FUNCTION public.payload_trigger() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.ran VALUES (current_user, 'trigger'); RETURN NEW; END $$;
  CREATE FUNCTION public.shout(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$;`

const attacks: Readonly<Record<string, string>> = {
  'a table': '',
  'a trigger': 'CREATE TRIGGER t BEFORE INSERT ON fdwsync.apply FOR EACH ROW EXECUTE FUNCTION public.payload_trigger()',
  'a rule':
    "CREATE RULE r AS ON INSERT TO fdwsync.apply DO ALSO INSERT INTO public.ran VALUES (current_user, 'rule' || public.payload())",
  'a default': 'ALTER TABLE fdwsync.object ALTER COLUMN digest SET DEFAULT public.payload()::text',
  'a generated column': 'ALTER TABLE fdwsync.apply ADD extra text GENERATED ALWAYS AS (public.shout(manifest)) STORED',
  'a check': 'ALTER TABLE fdwsync.object ADD CHECK (public.payload() = 1)',
  'a view':
    'ALTER TABLE fdwsync.version RENAME TO v; CREATE VIEW fdwsync.version AS SELECT version FROM fdwsync.v WHERE public.payload() = 1; GRANT ALL ON fdwsync.version TO PUBLIC',
  'an index on an expression': 'CREATE INDEX ON fdwsync.object (public.shout(address))',
  'a policy':
    'ALTER TABLE fdwsync.object ENABLE ROW LEVEL SECURITY; ALTER TABLE fdwsync.object FORCE ROW LEVEL SECURITY; CREATE POLICY p ON fdwsync.object USING (public.payload() = 1)',
  'a trigger on steps':
    'CREATE TRIGGER t BEFORE INSERT ON fdwsync.step FOR EACH ROW EXECUTE FUNCTION public.payload_trigger()',
  'a rule on refreshes':
    "CREATE RULE r AS ON INSERT TO fdwsync.refresh DO ALSO INSERT INTO public.ran VALUES (current_user, 'rule' || public.payload())",
  'a default of refreshes': 'ALTER TABLE fdwsync.refresh ALTER COLUMN row_count SET DEFAULT public.payload()',
  'a ledger of the first version, and a view where the next one has a table':
    'UPDATE fdwsync.version SET version = 1; DROP TABLE fdwsync.step; CREATE VIEW fdwsync.step AS SELECT public.payload()',
  'an empty schema': `DROP FUNCTION fdwsync.refresh; DROP TABLE ${ledgerTables.map((table) => `fdwsync.${table}`).join(', ')}`,
  'a function':
    'CREATE FUNCTION fdwsync.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT public.payload(); SELECT clock_timestamp() $$',
  'a domain':
    'CREATE DOMAIN fdwsync.d AS text CHECK (public.payload() = 1); ALTER TABLE fdwsync.object ALTER COLUMN address TYPE fdwsync.d',
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function expectRefusal(fixture: Fixture) {
    const parsed = await fixture.manifest(shopManifest({ here: 'SELECT 1 AS id' }))
    const message = expect.stringMatching(/the ledger in schema "fdwsync" is not trusted: .*belongs to role_/)
    await expect(planFor(parsed, fixture.url)).rejects.toMatchObject({ exitCode: 1, message })
    await expect(applyTo(parsed, fixture.url)).rejects.toMatchObject({ exitCode: 1, message })
    const session = await connectTo(fixture.url)('history')
    await expect(history(session, { limit: 1 })).rejects.toMatchObject({ exitCode: 1, message })
    await session.close()
    await fixture.sql('CREATE SCHEMA local; CREATE MATERIALIZED VIEW local.here AS SELECT 1 AS id')
    const log = eventLog()
    const refreshed = await refresh(parsed, [], connectTo(fixture.url), { ...applyDefaults, ...log, hidden: [] })
    expect(refreshed.views.map(({ outcome }) => outcome.status)).toEqual(['applied'])
    const warnings = log.events.flatMap((event) => (event.type === 'warning' ? [event.reason] : []))
    expect(warnings).toEqual([expect.stringContaining('is not trusted')])
    expect(await fixture.sql('SELECT * FROM public.ran')).toEqual([])
    expect(await fixture.sql("SELECT FROM pg_namespace WHERE nspname = 'proxy'")).toEqual([])
  }

  test.each(
    Object.entries(attacks),
  )('a ledger that another role prepared with %s is refused, and a superuser runs none of its code', async (_, sql) => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await fixture.sql(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT CREATE ON SCHEMA public TO ${user};
      SET ROLE ${user}; ${tables} ${payload} ${sql}`)
    await expectRefusal(fixture)
  })

  test.each([
    'apply',
    'object',
    'step',
    'refresh',
  ])('a trigger of another role on the table %s of the ledger is refused, and never runs', async (table) => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await applyTo(await fixture.manifest(shopManifest({ here: 'SELECT 1 AS id' })), fixture.url)
    await fixture.sql(`${payload} GRANT USAGE ON SCHEMA fdwsync TO ${user}; GRANT TRIGGER ON fdwsync.${table} TO ${user};
        SET ROLE ${user};
        CREATE TRIGGER t BEFORE INSERT OR UPDATE ON fdwsync.${table} FOR EACH ROW EXECUTE FUNCTION public.payload_trigger()`)
    const parsed = await fixture.manifest(shopManifest({ there: 'SELECT 1 AS id' }))
    await expect(applyTo(parsed, fixture.url)).rejects.toThrow(`${table} has the trigger t`)
    expect(await fixture.sql('SELECT * FROM public.ran')).toEqual([])
  })

  test('an object that another role adds to the schema of the ledger is refused', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await applyTo(await fixture.manifest(shopManifest({ here: 'SELECT 1 AS id' })), fixture.url)
    await fixture.sql(`${payload} GRANT CREATE ON SCHEMA fdwsync TO ${user}; SET ROLE ${user};
      CREATE FUNCTION fdwsync.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT public.payload(); SELECT clock_timestamp()'`)
    const parsed = await fixture.manifest(shopManifest({ there: 'SELECT 1 AS id' }))
    await expect(applyTo(parsed, fixture.url)).rejects.toThrow('function now belongs to role_')
    expect(await fixture.sql('SELECT * FROM public.ran')).toEqual([])
  })

  test('operators and functions in schema public that hide built-in ones are never run', async () => {
    const fixture = await fixtureFor(pair, source)
    const { user } = await fixture.role()
    await fixture.sql(`${payload}
      CREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT public.payload() = 1 AND $1::text OPERATOR(pg_catalog.=) $2';
      CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same);
      CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT public.payload()::text';
      CREATE FUNCTION public.to_jsonb(text) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(public.payload())';
      ALTER DATABASE ${fixture.target.name} SET search_path = public, pg_catalog;
      ALTER ROLE ${user} NOLOGIN`)
    const parsed = await fixture.manifest(shopManifest({ orders: 'SELECT id FROM proxy.orders' }))
    await applyTo(parsed, fixture.url)
    await applyTo(await fixture.manifest(shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })), fixture.url)
    expect(await fixture.sql('SELECT * FROM public.ran')).toEqual([])
  })
})
