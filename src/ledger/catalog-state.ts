// Computes one digest of the whole catalog, as far as it matters to a manifest. A proof holds while the digest is equal.

import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { catalogCosts, manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { couldActAs } from '../introspector/trust.ts'
import { declaredKinds } from '../kinds/registry.ts'

/** Kinds with many objects, which are compared by one digest of the catalog instead of one by one. */
export const digestedKinds = declaredKinds.filter(({ probe }) => probe.how === 'read-back')

/**
 * A digest of the catalog rows of all objects of the digested kinds that a manifest owns, of the relations that they
 * read, and of everything that could change the meaning of their SQL. It covers too much rather than too little: entire
 * rows, and all user-defined functions, types and operators. It leaves out only what PostgreSQL changes by itself, such
 * as statistics and the location of data. It deparses nothing, so it waits for no lock, and it returns a single row.
 *
 * `created_by_fdwsync` is left out. It matters only for objects that are no longer declared, and a proof is recorded
 * only if there are none. An older ledger has that column under another name.
 */
const stateQuery: Sql = trusted(`
  WITH owned AS MATERIALIZED (
    SELECT o.address, o.object_oid AS oid, ($2::jsonb ->> (o.address::json ->> 0)) AS catalog, o.digest
      FROM fdwsync.object o WHERE o.manifest = $1
  ), own_relation AS MATERIALIZED (
    SELECT oid FROM owned WHERE catalog = 'pg_class'
    UNION
    SELECT t.typrelid FROM owned JOIN pg_type t USING (oid) WHERE catalog = 'pg_type' AND t.typrelid <> 0
  ), relation AS MATERIALIZED (
    SELECT oid FROM own_relation
    UNION
    SELECT d.refobjid FROM own_relation o JOIN pg_rewrite r ON r.ev_class = o.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    UNION
    SELECT d.refobjid FROM own_relation o JOIN pg_attrdef e ON e.adrelid = o.oid
      JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_class'::regclass
    UNION
    SELECT d.refobjid FROM own_relation o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype = 'c'
      JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_class'::regclass
    UNION
    SELECT i.inhparent FROM own_relation o JOIN pg_inherits i ON i.inhrelid = o.oid
  ), type AS MATERIALIZED (
    -- All types but row types of relations, array types and those in pg_catalog. This goes through indexes, since pg_type has
    -- two rows per table. The uses below are arrays of OIDs, since the planner expects far more rows than there are.
    SELECT objid AS oid FROM pg_depend
     WHERE refclassid = 'pg_namespace'::regclass AND classid = 'pg_type'::regclass AND objid >= 16384
    UNION
    SELECT rngmultitypid FROM pg_range WHERE rngmultitypid >= 16384
  ), composite AS MATERIALIZED (
    SELECT typrelid AS oid FROM pg_type WHERE oid = ANY (ARRAY (SELECT oid FROM type)) AND typrelid <> 0
  ), owner(oid) AS (
    SELECT proowner FROM pg_proc WHERE oid >= 16384
    UNION SELECT oprowner FROM pg_operator WHERE oid >= 16384
    UNION SELECT typowner FROM pg_type WHERE oid = ANY (ARRAY (SELECT oid FROM type))
    UNION SELECT opcowner FROM pg_opclass WHERE oid >= 16384
    UNION SELECT collowner FROM pg_collation WHERE oid >= 16384
    UNION SELECT cfgowner FROM pg_ts_config WHERE oid >= 16384
    UNION SELECT relowner FROM relation JOIN pg_class USING (oid)
    UNION SELECT extowner FROM pg_extension
  ), described AS (
    SELECT 'pg_class'::regclass AS class, oid FROM own_relation
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM own_relation o JOIN pg_constraint k ON k.conrelid = o.oid
    UNION ALL SELECT catalog::regclass, oid FROM owned WHERE catalog IN ('pg_type', 'pg_statistic_ext')
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM owned o JOIN pg_constraint k ON k.contypid = o.oid WHERE o.catalog = 'pg_type'
  ), part(name, digest) AS (
    SELECT 'ledger', md5(string_agg(concat_ws(' ', address, oid, digest), '|' ORDER BY address)) FROM owned
    UNION ALL
    SELECT 'other manifests', md5(string_agg(concat_ws(' ', o.manifest, o.address), '|' ORDER BY o.manifest, o.address))
      FROM fdwsync.object o WHERE o.manifest <> $1 AND o.address IN (SELECT address FROM owned)
    UNION ALL
    SELECT 'relations', md5(string_agg(concat_ws(' ', c.oid, relname, n.nspname, reltype, relkind, relpersistence, pg_get_userbyid(relowner), relam,
                                                 reltablespace, relispartition, relispopulated, reloptions, relacl, relpartbound, relrowsecurity,
                                                 (SELECT reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid)), '|' ORDER BY c.oid))
      FROM relation JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
    UNION ALL
    -- A relation created in another schema of the search path can hide the one that a query means.
    SELECT 'relations of the same names', md5(string_agg(concat_ws(' ', c.oid, c.relname, c.relnamespace), '|' ORDER BY c.oid))
      FROM pg_class c WHERE c.relname IN (SELECT relname FROM relation JOIN pg_class USING (oid))
    UNION ALL
    SELECT 'columns', md5(string_agg(digest, '' ORDER BY oid))
      FROM (SELECT oid, md5(string_agg(a::text, '|' ORDER BY attnum)) AS digest
              FROM relation JOIN pg_attribute a ON attrelid = oid AND attnum > 0 GROUP BY oid) AS each
    UNION ALL
    SELECT 'defaults', md5(string_agg(d::text, '|' ORDER BY d.adrelid, d.adnum)) FROM relation r JOIN pg_attrdef d ON d.adrelid = r.oid
    UNION ALL
    SELECT 'constraints', md5(string_agg(k::text, '|' ORDER BY k.oid)) FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    UNION ALL
    SELECT 'queries', md5(string_agg(w::text, '|' ORDER BY w.oid)) FROM own_relation o JOIN pg_rewrite w ON w.ev_class = o.oid
    UNION ALL
    SELECT 'indexes', md5(string_agg((to_jsonb(i) - 'indcheckxmin')::text, '|' ORDER BY i.indexrelid))
      FROM own_relation o JOIN pg_index i ON i.indexrelid = o.oid
    UNION ALL
    SELECT 'foreign tables', md5(string_agg(f::text, '|' ORDER BY f.ftrelid)) FROM own_relation o JOIN pg_foreign_table f ON f.ftrelid = o.oid
    UNION ALL
    SELECT 'parents', md5(string_agg(i::text, '|' ORDER BY i.inhrelid, i.inhseqno)) FROM own_relation o JOIN pg_inherits i ON i.inhrelid = o.oid
    UNION ALL
    SELECT 'statistics', md5(string_agg(concat(s::text, pg_get_userbyid(s.stxowner)), '|' ORDER BY s.oid))
      FROM owned o JOIN pg_statistic_ext s USING (oid) WHERE o.catalog = 'pg_statistic_ext'
    UNION ALL
    SELECT 'types', md5(string_agg(concat(t::text, pg_get_userbyid(t.typowner)), '|' ORDER BY t.oid))
      FROM owned o JOIN pg_type t USING (oid) WHERE o.catalog = 'pg_type'
    UNION ALL
    SELECT 'comments', md5(string_agg(d::text, '|' ORDER BY d.classoid, d.objoid, d.objsubid))
      FROM described JOIN pg_description d ON d.classoid = class AND d.objoid = described.oid
    UNION ALL
    SELECT 'all schemas', md5(string_agg(concat_ws(' ', oid, nspname), '|' ORDER BY oid))
      FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL
    SELECT 'all types', md5(string_agg(concat_ws(' ', t.oid, typname, typnamespace, typtype, typbasetype, typtypmod, typcollation, typnotnull, typdefault, typowner,
             (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
             (SELECT string_agg(k::text, ',' ORDER BY k.oid) FROM pg_constraint k WHERE contypid = t.oid)), '|' ORDER BY t.oid))
      FROM pg_type t WHERE t.oid = ANY (ARRAY (SELECT oid FROM type)) AND typtype <> 'p' AND typelem = 0
    UNION ALL
    -- A type created in pg_catalog, which every search path starts with, has no dependency on that schema.
    SELECT 'types of the same names', md5(string_agg(concat_ws(' ', t.oid, t.typname, t.typnamespace), '|' ORDER BY t.oid))
      FROM pg_type t WHERE t.typname IN (SELECT typname FROM pg_type WHERE oid = ANY (ARRAY (SELECT oid FROM type)))
    UNION ALL
    SELECT 'all attributes of types', md5(string_agg(a::text, '|' ORDER BY attrelid, attnum))
      FROM composite JOIN pg_attribute a ON attrelid = composite.oid
    UNION ALL
    SELECT 'all functions', md5(string_agg(concat_ws(' ', oid, proname, pronamespace, proargtypes, proallargtypes, prorettype, provariadic,
                                                     pronargdefaults, prokind, proretset, provolatile, proowner), '|' ORDER BY oid))
      FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT 'all operators', md5(string_agg(o::text, '|' ORDER BY oid)) FROM pg_operator o WHERE oid >= 16384
    UNION ALL
    SELECT 'all operator classes', md5(string_agg(o::text, '|' ORDER BY oid)) FROM pg_opclass o WHERE oid >= 16384
    UNION ALL
    SELECT 'all casts', md5(string_agg(k::text, '|' ORDER BY oid)) FROM pg_cast k WHERE oid >= 16384
    UNION ALL
    SELECT 'all collations', md5(string_agg(concat_ws(' ', oid, collname, collnamespace, collowner), '|' ORDER BY oid)) FROM pg_collation WHERE oid >= 16384
    UNION ALL
    SELECT 'all text search configurations', md5(string_agg(concat_ws(' ', oid, cfgname, cfgnamespace, cfgowner), '|' ORDER BY oid))
      FROM pg_ts_config WHERE oid >= 16384
    UNION ALL
    SELECT 'all access methods', md5(string_agg(m::text, '|' ORDER BY oid)) FROM pg_am m WHERE oid >= 16384
    UNION ALL
    SELECT 'all tablespaces', md5(string_agg(concat_ws(' ', oid, spcname), '|' ORDER BY oid)) FROM pg_tablespace
    UNION ALL
    SELECT 'database', concat_ws(' ', dattablespace, encoding, datcollate, datctype) FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'all members of extensions', md5(string_agg(concat_ws(' ', classid, objid, refobjid), '|' ORDER BY classid, objid))
      FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    UNION ALL
    -- Whose code the manifest may use depends on what roles can act as the one that applies, or as the owner of a view.
    SELECT 'owners of code', md5(string_agg(concat_ws(' ', r.oid, runner.oid, pg_has_role(r.oid, runner.oid, ${couldActAs})), '|' ORDER BY r.oid, runner.oid))
      FROM owner JOIN pg_roles r USING (oid)
      JOIN pg_roles runner ON runner.rolname = current_user OR runner.oid IN (SELECT relowner FROM own_relation JOIN pg_class USING (oid))
     WHERE NOT r.rolsuper
    UNION ALL
    SELECT 'path', $3
  )
  SELECT md5(string_agg(concat(name, ' ', digest), E'\\n' ORDER BY name)) AS state FROM part`)

/** Computes the digest within the session's transaction, which it leaves under `readingPath`. */
export async function readCatalogState(
  session: Session,
  manifest: string,
  searchPath: readonly string[],
): Promise<string> {
  await session.run(manifestPath(searchPath))
  const [path] = await session.query<{ schemas: string }>(
    trusted('SELECT pg_catalog.current_schemas(false)::pg_catalog.text AS schemas'),
  )
  await session.run(readingPath)
  await session.run(catalogCosts)
  const catalogs = Object.fromEntries(digestedKinds.map(({ kind, catalog }) => [kind, catalog]))
  const [row] = await session.query<{ state: string }>(stateQuery, [
    manifest,
    JSON.stringify(catalogs),
    path?.schemas ?? '',
  ])
  if (!row) throw new Error('an aggregate query returned no row')
  return row.state
}
