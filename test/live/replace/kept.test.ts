// Everything that is granted, set or built on a replaced object is on its successor too.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { catalogLines } from '../../support/catalog.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const manifest = (total: string, where: string) => `${head()}
schemas:
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public }
        columns: { id: bigint, total: "${total}", note: text }
        checks: { sane: { expression: id > 0, comment: as there } }
  local:
    materialized_views:
      orders:
        query: SELECT id, total, note FROM proxy.orders ${where}
        indexes: { orders_id: { unique: true, columns: [id], comment: declared } }
`

/** More than twenty kinds of settings and objects on what is replaced. Some grantees grant their privileges on. */
const additions = (owner: string, reader: string, granter: string) => `
  CREATE SCHEMA reports; CREATE SCHEMA stats; GRANT ALL ON SCHEMA reports, stats, local, proxy TO ${owner}, ${reader}, ${granter};
  CREATE EXTENSION hstore;

  ALTER MATERIALIZED VIEW local.orders OWNER TO ${owner};
  GRANT SELECT ON local.orders TO ${granter} WITH GRANT OPTION; SET ROLE ${granter}; GRANT SELECT ON local.orders TO ${reader}; RESET ROLE;
  GRANT SELECT (id), UPDATE (note) ON local.orders TO ${reader}; REVOKE TRUNCATE ON local.orders FROM ${owner};
  COMMENT ON MATERIALIZED VIEW local.orders IS 'It''s 100%'; COMMENT ON COLUMN local.orders.total IS 'in all';
  ALTER MATERIALIZED VIEW local.orders ALTER COLUMN total SET STATISTICS 77, ALTER COLUMN total SET (n_distinct = 20),
    ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET COMPRESSION pglz;
  ALTER MATERIALIZED VIEW local.orders SET (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_vacuum_threshold = 33);
  CREATE INDEX "by % note" ON local.orders (lower(note) DESC, id) INCLUDE (total) WITH (fillfactor = 60) WHERE total > 3;
  ALTER INDEX local."by % note" ALTER COLUMN 1 SET STATISTICS 321; COMMENT ON INDEX local."by % note" IS 'theirs';
  ALTER MATERIALIZED VIEW local.orders CLUSTER ON orders_id;
  CREATE INDEX by_pattern ON local.orders USING btree (note text_pattern_ops); CREATE INDEX hashed ON local.orders USING hash (id);
  CREATE STATISTICS stats.pair (mcv) ON id, note FROM local.orders; ALTER STATISTICS stats.pair SET STATISTICS 44;
  CREATE STATISTICS stats.lowered ON lower(note), id FROM local.orders;
  COMMENT ON STATISTICS stats.pair IS 'so there'; ALTER STATISTICS stats.pair OWNER TO ${granter};
  ALTER MATERIALIZED VIEW local.orders DEPENDS ON EXTENSION hstore; ALTER INDEX local.orders_id DEPENDS ON EXTENSION hstore;
  ALTER INDEX local.by_pattern DEPENDS ON EXTENSION hstore;
  ALTER DEFAULT PRIVILEGES IN SCHEMA local, reports, proxy GRANT SELECT ON TABLES TO ${reader};
  ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT INSERT ON TABLES TO PUBLIC;

  ALTER FOREIGN TABLE proxy.orders OWNER TO ${owner}; GRANT SELECT ON proxy.orders TO ${granter}; GRANT INSERT (id) ON proxy.orders TO ${reader};
  COMMENT ON FOREIGN TABLE proxy.orders IS 'theirs'; COMMENT ON COLUMN proxy.orders.id IS 'their id';
  ALTER FOREIGN TABLE proxy.orders ALTER COLUMN id SET STATISTICS 55, ALTER COLUMN id SET (n_distinct = -1);
  CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER one BEFORE INSERT OR UPDATE OF total ON proxy.orders FOR EACH ROW WHEN (NEW.id > 7) EXECUTE FUNCTION public.noted('a');
  CREATE TRIGGER two AFTER DELETE ON proxy.orders FOR EACH STATEMENT EXECUTE FUNCTION public.noted();
  ALTER FOREIGN TABLE proxy.orders DISABLE TRIGGER one; ALTER FOREIGN TABLE proxy.orders ENABLE REPLICA TRIGGER two;
  COMMENT ON TRIGGER one ON proxy.orders IS 'theirs'; ALTER TRIGGER two ON proxy.orders DEPENDS ON EXTENSION hstore;
  CREATE STATISTICS stats.of_table ON id, note FROM proxy.orders;

  SET ROLE ${owner};
  CREATE VIEW reports.daily WITH (security_barrier = true) AS SELECT id, total, note AS "The % note" FROM local.orders;
  COMMENT ON VIEW reports.daily IS 'a view'; COMMENT ON COLUMN reports.daily.id IS 'its id';
  GRANT SELECT ON reports.daily TO ${granter} WITH GRANT OPTION; GRANT INSERT (id) ON reports.daily TO PUBLIC;
  ALTER VIEW reports.daily ALTER COLUMN id SET DEFAULT 7;
  RESET ROLE; SET ROLE ${granter}; GRANT SELECT ON reports.daily TO ${reader}; RESET ROLE;
  CREATE TRIGGER instead INSTEAD OF INSERT ON reports.daily FOR EACH ROW EXECUTE FUNCTION public.noted('instead');
  COMMENT ON TRIGGER instead ON reports.daily IS 'a trigger';
  CREATE RULE nothing AS ON DELETE TO reports.daily DO INSTEAD NOTHING; COMMENT ON RULE nothing ON reports.daily IS 'a rule';
  CREATE VIEW reports.ids AS SELECT id FROM local.orders WHERE id > 1;
  CREATE VIEW reports.above AS SELECT count(*) AS count FROM reports.ids;
  CREATE FUNCTION reports.counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count FROM reports.above; END;
  CREATE TABLE reports.guarded (id int); ALTER TABLE reports.guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY known ON reports.guarded USING (id IN (SELECT i.id FROM reports.ids i));
  CREATE RULE counted AS ON INSERT TO reports.guarded DO ALSO SELECT count FROM reports.above;

  SET ROLE ${owner};
  CREATE MATERIALIZED VIEW reports.best (id, best) WITH (fillfactor = 80) AS SELECT id, max(total) FROM local.orders GROUP BY 1;
  CREATE UNIQUE INDEX best_id ON reports.best (id); COMMENT ON INDEX reports.best_id IS 'one each'; GRANT SELECT ON reports.best TO ${reader};
  CREATE STATISTICS reports.of_best ON id, best FROM reports.best; COMMENT ON MATERIALIZED VIEW reports.best IS 'with data';
  CREATE MATERIALIZED VIEW reports.copied AS SELECT id, total FROM reports.daily; CREATE INDEX copied_id ON reports.copied (id);
  COMMENT ON COLUMN reports.copied.id IS 'its id'; GRANT SELECT (id) ON reports.copied TO ${reader}; REVOKE DELETE ON reports.copied FROM ${owner};
  RESET ROLE; CREATE VIEW reports.over_best AS SELECT id FROM reports.best; CREATE VIEW reports.over_copied AS SELECT id FROM reports.copied; ANALYZE;
`

/** What test/support/catalog.ts leaves out: what is built on the objects of manifests. With OIDs of what must stay itself. */
const more = `
  SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid::regclass) AS name, CASE WHEN c.oid::regclass::text <> 'reports.daily' THEN c.oid::text END AS oid,
         pg_get_userbyid(relowner) AS owner, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a)::text AS grants, reloptions::text AS options,
         obj_description(c.oid, 'pg_class') AS comment,
         (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x), pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)), ', ' ORDER BY attnum)
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = c.oid AND attnum > 0) AS columns,
         CASE WHEN relkind = 'v' THEN pg_get_viewdef(c.oid) END AS query
    FROM pg_class c WHERE relnamespace = 'reports'::regnamespace AND relkind IN ('v', 'r')
  UNION ALL SELECT 'trigger ' || tgname, NULL, NULL, NULL, tgenabled::text, obj_description(t.oid), NULL, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
  UNION ALL SELECT 'rule ' || rulename, NULL, NULL, NULL, ev_enabled::text, obj_description(r.oid), NULL, pg_get_ruledef(r.oid) FROM pg_rewrite r WHERE rulename IN ('nothing', 'counted')
  UNION ALL SELECT 'policy ' || polname, oid::text, NULL, NULL, NULL, NULL, NULL, pg_get_expr(polqual, polrelid) FROM pg_policy
  UNION ALL SELECT 'function ' || p.oid::regprocedure, p.oid::text, NULL, NULL, NULL, NULL, NULL, pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'reports'::regnamespace
  UNION ALL SELECT 'depends on extension', NULL, NULL, NULL, NULL, NULL, NULL, pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE deptype = 'x'`

async function everything(fixture: Fixture): Promise<ReadonlySet<string>> {
  const client = await fixture.client()
  const lines = await catalogLines(client)
  const { rows } = await client.query<Record<string, string | null>>(more)
  const parts = rows.flatMap(({ name, ...row }) =>
    Object.entries(row).flatMap(([attribute, value]) => (value ? [`${name}: ${attribute} = ${value}`] : [])),
  )
  return new Set([...lines, ...parts])
}

/** `materialized view local.orders: query`, of what is not in both. */
function differing(one: ReadonlySet<string>, other: ReadonlySet<string>): readonly string[] {
  const lines = [...[...one].filter((line) => !other.has(line)), ...[...other].filter((line) => !one.has(line))]
  return [...new Set(lines.map((line) => line.slice(0, line.indexOf(' = '))))].sort()
}

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test.each([
    ['another query', manifest('numeric(10,2)', 'WHERE id > 2'), ['materialized view local.orders: query']],
    [
      'another type of a column',
      manifest('numeric(12,3)', ''),
      [
        'foreign table column proxy.orders.total: type',
        'materialized view column local.orders.total: type',
        'materialized view column reports.copied.total: type',
        'view reports.daily: columns',
      ],
    ],
  ])('%s: nothing else differs of all that was set on it and built on it', async (_, text, changes) => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('numeric(10,2)', '')), fixture.url)
    const [owner, reader, granter] = [await fixture.role(), await fixture.role(), await fixture.role()]
    await fixture.sql(additions(owner.user, reader.user, granter.user))
    const before = await everything(fixture)
    const parsed = await fixture.manifest(text)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(differing(before, await everything(fixture))).toEqual(changes)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })

  test('a refresh by swap: nothing differs at all, and the next plan is empty', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest('numeric(10,2)', ''))
    await applyTo(parsed, fixture.url)
    const [owner, reader, granter] = [await fixture.role(), await fixture.role(), await fixture.role()]
    await fixture.sql(additions(owner.user, reader.user, granter.user))
    await fixture.sql('DROP MATERIALIZED VIEW reports.best CASCADE')
    const oid = "SELECT 'local.orders'::regclass::oid AS oid"
    const [before, oidBefore] = [await everything(fixture), await fixture.sql(oid)]
    const { views } = await refresh(parsed, [], connectTo(fixture.url), { ...refreshDefaults, strategy: 'swap' })
    expect(views).toMatchObject([{ how: 'swap', rows: '50', outcome: { status: 'applied' } }])
    expect(differing(before, await everything(fixture))).toEqual([])
    expect(await fixture.sql(oid)).not.toEqual(oidBefore)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })
})
