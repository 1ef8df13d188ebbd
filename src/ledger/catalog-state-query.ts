// The query for the digest of the catalog that a proof records: see catalog-state.ts.

import { type Sql, trusted } from '../core/sql.ts'
import { couldActAs } from '../introspector/trust.ts'

/** A row as text, with its NULLs. */
const row = (...columns: readonly string[]) => `ROW(${columns.join(', ')})::text`

/** A part of the digest: rows as text, in a fixed order. */
const part = (name: string, text: string, order: string, from: string) =>
  `SELECT '${name}', md5(string_agg(${text}, '|' ORDER BY ${order})) FROM ${from}`

/** Whether a name in a column of type name is one of those that the SQL has. The cast cuts them to the length of names. */
const isNamed = (column: string) => `${column} = ANY ($4::text[]::name[])`

/** What a name in the SQL could find in a catalog, without what PostgreSQL itself came with. */
const named = (catalog: string, prefix: string) =>
  `SELECT * FROM ${catalog} WHERE oid >= 16384 AND ${isNamed(`${prefix}name`)} AND ${prefix}namespace IN (SELECT oid FROM reachable)`

/** All columns of pg_attribute that DDL can set. */
const attribute = row(
  'a.attnum, a.attname, a.atttypid, a.atttypmod, a.attndims, a.attstattarget, a.attstorage, a.attcompression, a.attnotnull',
  'a.atthasdef, a.attidentity, a.attgenerated, a.attisdropped, a.attislocal, a.attinhcount, a.attcollation, a.attoptions',
  'a.attfdwoptions, CASE WHEN r.manages_grants THEN a.attacl END',
)

/** The columns of pg_attribute that decide what a query over a relation means. */
const readAttribute = row('a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attisdropped')

const typeText = row(
  't.oid, typname, typnamespace, typtype, typbasetype, typtypmod, typndims, typcollation, typnotnull, typdefaultbin',
  'typdefault, typelem',
  '(SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)',
  '(SELECT array_agg(k::text ORDER BY k.oid) FROM pg_constraint k WHERE contypid = t.oid)',
)

/**
 * The digest covers:
 * - The catalog rows of all objects that the manifest owns: entire rows, but for what PostgreSQL changes by itself, such as statistics
 *   and the location of data, and for owners, grants and comments that the manifest leaves open.
 * - The shape of the relations that they read, and of the types of their columns.
 * - Whatever a name in their SQL could find: in a schema of search_path, in one that the SQL names, or in pg_catalog. It covers too
 *   much rather than too little: each name counts as that of a function, a type, an operator, a relation …
 * - What SQL uses without naming it: casts, default operator classes, and the functions behind those and behind operators and
 *   aggregates.
 *
 * It deparses nothing, so it waits for no lock, and it returns a single row.
 *
 * `$1`: the manifest, `$2`: the catalogs of the digested kinds, `$3`: the schemas of search_path that exist, `$4`: the names.
 * `created_by_fdwsync` is left out. It matters only for objects that are no longer declared, and a proof is recorded only if there
 * are none.
 */
export const stateQuery: Sql = trusted(`
  WITH RECURSIVE owned AS MATERIALIZED (
    SELECT o.address, o.object_oid AS oid, ($2::jsonb ->> (o.address::json ->> 0)) AS catalog, o.digest, o.declared,
           o.declared ? 'owner' AS manages_owner, o.declared ?| '{grants,revokedFromOwner}' AS manages_grants
      FROM fdwsync.object o WHERE o.manifest = $1
  ), own_relation AS MATERIALIZED (
    SELECT oid, declared, manages_owner, manages_grants FROM owned WHERE catalog = 'pg_class'
    UNION ALL
    SELECT t.typrelid, declared, manages_owner, manages_grants FROM owned JOIN pg_type t USING (oid)
     WHERE catalog = 'pg_type' AND t.typrelid <> 0
  ), parent AS MATERIALIZED (
    SELECT DISTINCT i.inhparent AS oid FROM own_relation o JOIN pg_inherits i ON i.inhrelid = o.oid
  ), relation AS MATERIALIZED (
    SELECT oid, true AS is_whole, manages_grants FROM own_relation
    UNION ALL
    SELECT oid, true, false FROM parent WHERE oid NOT IN (SELECT oid FROM own_relation)
    UNION ALL
    SELECT oid, false, false FROM (
      SELECT d.refobjid AS oid FROM own_relation o JOIN pg_rewrite r ON r.ev_class = o.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
      UNION
      SELECT d.refobjid FROM own_relation o JOIN pg_attrdef e ON e.adrelid = o.oid
        JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_class'::regclass
      UNION
      SELECT d.refobjid FROM own_relation o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype = 'c'
        JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_class'::regclass
    ) AS read WHERE oid NOT IN (SELECT oid FROM own_relation) AND oid NOT IN (SELECT oid FROM parent)
  ), reachable AS MATERIALIZED (
    SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($3::name[]) OR ${isNamed('nspname')} OR nspname = 'pg_catalog'
  ), named_function AS MATERIALIZED (
    ${named('pg_proc', 'pro')}
  ), named_operator AS MATERIALIZED (
    ${named('pg_operator', 'opr')}
  ), type(oid) AS (
    -- The types in use, those that they consist of, and those that they are cast to implicitly.
    SELECT oid FROM (
      SELECT oid FROM (${named('pg_type', 'typ')}) AS named_type
      UNION SELECT oid FROM owned WHERE catalog = 'pg_type'
      UNION SELECT a.atttypid FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
      UNION SELECT unnest(proargtypes::oid[] || prorettype || proallargtypes) FROM named_function
      UNION SELECT unnest(ARRAY[oprleft, oprright, oprresult]) FROM named_operator
      UNION SELECT casttarget FROM pg_cast WHERE castsource < 16384 AND castcontext = 'i'
    ) AS direct WHERE oid >= 16384
    UNION
    SELECT more.oid FROM type, LATERAL (
      SELECT unnest(ARRAY[typbasetype, typelem]) AS oid FROM pg_type t WHERE t.oid = type.oid
      UNION ALL SELECT a.atttypid FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid WHERE t.oid = type.oid
      UNION ALL SELECT unnest(ARRAY[g.rngsubtype, g.rngmultitypid]) FROM pg_range g WHERE type.oid IN (g.rngtypid, g.rngmultitypid)
      UNION ALL SELECT k.casttarget FROM pg_cast k WHERE k.castsource = type.oid AND k.castcontext = 'i'
    ) AS more WHERE more.oid >= 16384
  ), used_type AS MATERIALIZED (
    SELECT t.* FROM type JOIN pg_type t USING (oid)
  ), used_cast AS MATERIALIZED (
    SELECT * FROM pg_cast WHERE oid >= 16384 AND (castsource < 16384 OR castsource IN (SELECT oid FROM used_type))
       AND (casttarget < 16384 OR casttarget IN (SELECT oid FROM used_type))
  ), operator_class AS MATERIALIZED (
    ${named('pg_opclass', 'opc')}
    UNION
    SELECT * FROM pg_opclass WHERE oid >= 16384 AND opcdefault AND (opcintype < 16384 OR opcintype IN (SELECT oid FROM used_type))
  ), function AS MATERIALIZED (
    SELECT p.* FROM pg_proc p WHERE oid >= 16384 AND oid IN (
      SELECT oid FROM named_function
      UNION SELECT oprcode FROM named_operator
      UNION SELECT castfunc FROM used_cast
      UNION SELECT amproc FROM operator_class JOIN pg_amproc ON amprocfamily = opcfamily AND amproclefttype = opcintype
      UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[])
              FROM named_function f JOIN pg_aggregate ON aggfnoid = f.oid)
  ), code(class, oid, namespace, owner) AS MATERIALIZED (
    SELECT 'pg_proc'::regclass, oid, pronamespace, proowner FROM function
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, oprowner FROM named_operator
    -- The types that the manifest itself declares, and those of its relations, are its own code, whoever owns them.
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typowner FROM used_type
     WHERE coalesce(nullif(typelem, 0), oid) NOT IN (
       SELECT oid FROM owned WHERE catalog = 'pg_type' UNION SELECT reltype FROM own_relation JOIN pg_class USING (oid))
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace, opcowner FROM operator_class
    UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, collowner FROM (${named('pg_collation', 'coll')}) AS c
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner FROM (${named('pg_ts_config', 'cfg')}) AS c
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner FROM (${named('pg_ts_dict', 'dict')}) AS d
    UNION ALL SELECT 'pg_class'::regclass, c.oid, relnamespace, relowner FROM relation JOIN pg_class c USING (oid)
     WHERE NOT is_whole AND (relkind = 'v' OR relrowsecurity)
  ), owner(oid) AS (
    SELECT owner FROM code
    UNION SELECT extowner FROM code JOIN pg_depend d ON d.classid = class AND d.objid = code.oid AND d.deptype = 'e'
      JOIN pg_extension x ON x.oid = d.refobjid
  ), described(class, oid, declared) AS (
    SELECT 'pg_class'::regclass, oid, declared FROM own_relation
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, declared FROM own_relation o JOIN pg_constraint k ON k.conrelid = o.oid
    UNION ALL SELECT catalog::regclass, oid, declared FROM owned WHERE catalog <> 'pg_class'
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, declared FROM owned o JOIN pg_constraint k ON k.contypid = o.oid
     WHERE o.catalog = 'pg_type'
  ), part(name, digest) AS (
    ${part('ledger', row('address, oid, digest, jsonb_hash_extended(declared, 0)'), 'address', 'owned')}
    UNION ALL
    ${part(
      'other manifests',
      row('o.manifest, o.address'),
      'o.manifest, o.address',
      'fdwsync.object o WHERE o.manifest <> $1 AND o.address IN (SELECT address FROM owned WHERE catalog IS NOT NULL)',
    )}
    UNION ALL
    ${part(
      'own relations',
      row(
        'c.oid, relname, n.nspname, reltype, relkind, relpersistence, CASE WHEN manages_owner THEN pg_get_userbyid(relowner) END',
        'CASE WHEN manages_grants THEN relacl END, (SELECT amname FROM pg_am WHERE oid = relam), reltablespace',
        '(SELECT spcname FROM pg_tablespace WHERE oid = reltablespace), relispartition, relispopulated, reloptions, relpartbound',
        'relrowsecurity, (SELECT reloptions FROM pg_class toast WHERE toast.oid = c.reltoastrelid)',
      ),
      'c.oid',
      'own_relation JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace',
    )}
    UNION ALL
    ${part(
      'other relations',
      row('c.oid, relname, n.nspname, reltype, relkind, relpersistence, relispartition, relpartbound, relrowsecurity'),
      'c.oid',
      `relation r JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
        WHERE r.oid NOT IN (SELECT oid FROM own_relation)`,
    )}
    UNION ALL
    -- A relation created in another schema of the search path can hide the one that a query means.
    ${part(
      'relations by name',
      row('oid, relname, relnamespace'),
      'oid',
      `(${named('pg_class', 'rel')}) AS c WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')`,
    )}
    UNION ALL
    SELECT 'columns', md5(string_agg(digest, '' ORDER BY oid))
      FROM (SELECT r.oid, md5(string_agg(CASE WHEN r.is_whole THEN ${attribute} ELSE ${readAttribute} END, '|' ORDER BY attnum)) AS digest
              FROM relation r JOIN pg_attribute a ON attrelid = r.oid AND attnum > 0 GROUP BY r.oid) AS each
    UNION ALL
    ${part('defaults', 'd::text', 'd.adrelid, d.adnum', 'relation r JOIN pg_attrdef d ON d.adrelid = r.oid WHERE is_whole')}
    UNION ALL
    ${part('constraints', 'k::text', 'k.oid', 'relation r JOIN pg_constraint k ON k.conrelid = r.oid WHERE is_whole')}
    UNION ALL
    ${part('partition keys', 'p::text', 'p.partrelid', 'parent JOIN pg_partitioned_table p ON p.partrelid = parent.oid')}
    UNION ALL
    ${part('queries', 'w::text', 'w.oid', 'own_relation o JOIN pg_rewrite w ON w.ev_class = o.oid')}
    UNION ALL
    ${part('indexes', "(to_jsonb(i) - 'indcheckxmin')::text", 'i.indexrelid', 'own_relation o JOIN pg_index i ON i.indexrelid = o.oid')}
    UNION ALL
    ${part('foreign tables', 'f::text', 'f.ftrelid', 'own_relation o JOIN pg_foreign_table f ON f.ftrelid = o.oid')}
    UNION ALL
    ${part('parents', 'i::text', 'i.inhrelid, i.inhseqno', 'own_relation o JOIN pg_inherits i ON i.inhrelid = o.oid')}
    UNION ALL
    ${part(
      'statistics',
      row('s::text, pg_get_userbyid(s.stxowner)'),
      's.oid',
      "owned o JOIN pg_statistic_ext s USING (oid) WHERE o.catalog = 'pg_statistic_ext'",
    )}
    UNION ALL
    ${part(
      'wrappers',
      row(
        'w.oid, fdwname, fdwhandler, fdwvalidator, fdwoptions, CASE WHEN manages_owner THEN pg_get_userbyid(fdwowner) END',
        'CASE WHEN manages_grants THEN fdwacl END',
      ),
      'w.oid',
      "owned o JOIN pg_foreign_data_wrapper w USING (oid) WHERE o.catalog = 'pg_foreign_data_wrapper'",
    )}
    UNION ALL
    ${part(
      'own types',
      row(
        't.oid, CASE WHEN manages_owner THEN pg_get_userbyid(t.typowner) END, CASE WHEN manages_grants THEN t.typacl END',
      ),
      't.oid',
      "owned o JOIN pg_type t USING (oid) WHERE o.catalog = 'pg_type'",
    )}
    UNION ALL
    ${part(
      'comments',
      'd::text',
      'd.classoid, d.objoid, d.objsubid',
      `described JOIN pg_description d ON d.classoid = class AND d.objoid = described.oid
        WHERE jsonb_path_exists(declared, '$.**.comment')`,
    )}
    UNION ALL
    ${part('schemas', row('oid, nspname'), 'oid', 'reachable')}
    UNION ALL
    ${part('types', typeText, 't.oid', "used_type t WHERE typtype <> 'p'")}
    UNION ALL
    ${part(
      'attributes of types',
      row('a.attrelid', readAttribute),
      'a.attrelid, a.attnum',
      'used_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0',
    )}
    UNION ALL
    ${part(
      'functions',
      row(
        'oid, proname, pronamespace, proargtypes, proallargtypes, prorettype, provariadic, pronargdefaults, prokind, proretset',
        'provolatile, proowner',
      ),
      'oid',
      'function',
    )}
    UNION ALL
    ${part('operators', 'o::text', 'oid', 'named_operator o')}
    UNION ALL
    ${part('operator classes', 'o::text', 'oid', 'operator_class o')}
    UNION ALL
    ${part('casts', 'k::text', 'oid', 'used_cast k')}
    UNION ALL
    ${part('code', 'c::text', 'class, oid', 'code c')}
    UNION ALL
    SELECT 'database', ${row('dattablespace, spcname, encoding, datcollate, datctype')}
      FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database()
    UNION ALL
    ${part(
      'members of extensions',
      row('class, code.oid, d.refobjid'),
      'class, code.oid, d.refobjid',
      "code JOIN pg_depend d ON d.classid = class AND d.objid = code.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'",
    )}
    UNION ALL
    -- Whose code the manifest may use depends on what roles can act as the one that applies, or as the owner of a view.
    ${part(
      'owners of code',
      row('role.oid, runner.oid', `pg_has_role(role.oid, runner.oid, ${couldActAs})`),
      'role.oid, runner.oid',
      `owner JOIN pg_roles role USING (oid)
        JOIN pg_roles runner ON runner.rolname = current_user OR runner.oid IN (SELECT relowner FROM own_relation JOIN pg_class USING (oid))
       WHERE NOT role.rolsuper`,
    )}
    UNION ALL
    SELECT 'path', $3::name[]::text
  )
  SELECT md5(string_agg(concat(name, ' ', digest), E'\\n' ORDER BY name)) AS state FROM part`)
