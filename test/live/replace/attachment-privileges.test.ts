// What was added to a relation by a role with more privileges: a plan that replaces it says which of them are missing.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { createTablespace } from '../../support/tablespace.ts'

const manifest = (type: string) => `${head()}
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "numeric(10,2)" } }
  local:
    materialized_views:
      seen: { query: "SELECT id, total, 1::${type} AS n FROM proxy.orders" }
    tables:
      kept: { query: "SELECT id, total, 1::${type} AS n FROM proxy.orders", primary_key: [id] }
`

const additions = [
  'CREATE INDEX by_hand ON local.seen (total) TABLESPACE case_space',
  'CREATE INDEX by_hand_too ON local.kept (total) TABLESPACE case_space',
  'ALTER INDEX local.kept_pkey SET TABLESPACE case_space',
  'ALTER TABLE local.kept ADD CONSTRAINT u UNIQUE (id) USING INDEX TABLESPACE case_space',
  'CREATE TRIGGER t BEFORE INSERT ON local.kept FOR EACH ROW EXECUTE FUNCTION hidden.f()',
  'ALTER TABLE local.kept ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES hidden.ids NOT VALID',
  'CREATE STATISTICS hidden.s ON id, total FROM local.seen',
  'CREATE RULE r AS ON DELETE TO local.kept DO ALSO SELECT id FROM hidden.ids',
  'CREATE PUBLICATION others FOR TABLE local.kept',
]

const lacked = [
  ['index local.by_hand', 'CREATE ON TABLESPACE case_space'],
  ['statistics hidden.s', 'USAGE, CREATE ON SCHEMA hidden'],
  ['constraint fk', 'REFERENCES ON TABLE hidden.ids'],
  ['constraint fk', 'USAGE ON SCHEMA hidden'],
  ['constraint u', 'CREATE ON TABLESPACE case_space'],
  ['index local.by_hand_too', 'CREATE ON TABLESPACE case_space'],
  ['its place in publication others', 'ownership of publication others'],
  ['rule r', 'USAGE ON SCHEMA hidden'],
  ['the tablespace of primary key kept_pkey', 'CREATE ON TABLESPACE case_space'],
  ['trigger t', 'EXECUTE ON FUNCTION hidden.f()'],
  ['trigger t', 'USAGE ON SCHEMA hidden'],
]

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    await createTablespace(pair.target.url)
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('each is named with what the role needs, and what the hints say leads out', async () => {
    const fixture = await fixtureFor(pair, source)
    const { url, user } = await fixture.role()
    await fixture.sql(`GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user};
      GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user};
      CREATE SCHEMA hidden; CREATE TABLE hidden.ids (id bigint PRIMARY KEY);
      CREATE FUNCTION hidden.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
      REVOKE EXECUTE ON FUNCTION hidden.f() FROM PUBLIC`)
    await applyTo(await fixture.manifest(manifest('int')), url)
    await fixture.sql(additions.join('; '))
    const parsed = await fixture.manifest(manifest('bigint'))
    const { refusals } = await planFor(parsed, url)
    expect(refusals.map(({ reason }) => reason)).toEqual(
      lacked.map(([title, privilege]) => `its successor cannot keep ${title}: ${user} needs ${privilege}`),
    )
    const grants = refusals.flatMap(({ hint }) => /^GRANT [^;]*;/.exec(hint)?.[0] ?? [])
    expect(grants).toHaveLength(lacked.length - 1)
    await fixture.sql(`${grants.join(' ')} ALTER PUBLICATION others OWNER TO ${user}`)
    expect(missedOf((await applyTo(parsed, url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, url))).toEqual([])
    await fixture.sql(`REVOKE ALL ON TABLESPACE case_space FROM ${user}`)
  })
})
