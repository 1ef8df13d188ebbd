// The query for the digest of what a manifest owns and reads. What its SQL could refer to beyond that is in catalog-code-query.ts.

import { type Sql, trusted } from '../core/sql.ts'
import { nameOfWantedJob } from '../kinds/scheduled-job.ts'
import {
  digestOfParts,
  eachOf,
  hasQueries,
  hasTables,
  isNamed,
  named,
  type OwnedKinds,
  ownedTables,
  part,
  readAttribute,
  row,
} from './catalog-state-parts.ts'

/** All columns of pg_attribute that DDL can set. */
const attribute = row(
  'a.attnum, a.attname, a.atttypid, a.atttypmod, a.attndims, a.attstattarget, a.attstorage, a.attcompression, a.attnotnull',
  'a.atthasdef, a.attidentity, a.attgenerated, a.attisdropped, a.attislocal, a.attinhcount, a.attcollation, a.attoptions',
  'a.attfdwoptions, CASE WHEN r.manages_grants THEN a.attacl END',
)

const ledgerParts: readonly string[] = [
  part('ledger', row('address, oid, digest, jsonb_hash_extended(declared, 0)'), 'address', 'owned'),
  part(
    'other manifests',
    row('o.manifest, o.address'),
    'o.manifest, o.address',
    'fdwsync.object o WHERE o.manifest <> $1 AND o.address IN (SELECT address FROM owned WHERE catalog IS NOT NULL)',
  ),
]

const relationParts: readonly string[] = [
  part(
    'own relations',
    row(
      'c.oid, relname, n.nspname, reltype, relkind, relpersistence',
      // The view with the query of a table has to have the owner of the table.
      "CASE WHEN manages_owner OR relkind = 'r' THEN pg_get_userbyid(relowner) END",
      'CASE WHEN manages_grants THEN relacl END, relam, reltablespace',
      'CASE WHEN reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = reltablespace) END',
      'relispartition, reloptions, relpartbound, relrowsecurity',
      'CASE WHEN reltoastrelid <> 0 THEN (SELECT reloptions FROM pg_class toast WHERE toast.oid = c.reltoastrelid) END',
    ),
    'c.oid',
    'own_relation JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace',
  ),
  part(
    'other relations',
    row('c.oid, relname, n.nspname, reltype, relkind, relpersistence, relispartition, relpartbound, relrowsecurity'),
    'c.oid',
    `relation r JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
        WHERE r.oid NOT IN (SELECT oid FROM own_relation)`,
  ),
  `-- A relation created in another schema of the search path can hide the one that a query means.
    ${part(
      'relations by name',
      row('oid, relname, relnamespace'),
      'oid',
      `(${named('pg_class', 'rel')}) AS c WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')`,
    )}`,
  `SELECT 'columns', md5(string_agg(digest, '' ORDER BY oid))
      FROM (SELECT r.oid, (SELECT md5(string_agg(CASE WHEN r.is_whole THEN ${attribute} ELSE ${readAttribute} END, '|' ORDER BY attnum))
                             FROM pg_attribute a WHERE attrelid = r.oid AND attnum > 0) AS digest
              FROM relation r) AS each`,
]

/** What belongs to the relations. */
const partsOfRelations = (kinds: OwnedKinds): readonly string[] => [
  ...onlyIf(hasTables(kinds), () =>
    part(
      'defaults',
      'd::text',
      'd.adrelid, d.adnum',
      `relation r ${eachOf('pg_attrdef', 'd', 'adrelid = r.oid')} WHERE is_whole`,
    ),
  ),
  ...onlyIf(hasTables(kinds), () =>
    part(
      'constraints',
      'k::text',
      'k.oid',
      `relation r ${eachOf('pg_constraint', 'k', 'conrelid = r.oid')} WHERE is_whole`,
    ),
  ),
  ...onlyIf(hasTables(kinds), () =>
    part('partition keys', 'p::text', 'p.partrelid', 'parent JOIN pg_partitioned_table p ON p.partrelid = parent.oid'),
  ),
  ...onlyIf(hasQueries(kinds), () =>
    part('queries', 'w::text', 'w.oid', `own_relation o ${eachOf('pg_rewrite', 'w', 'ev_class = o.oid')}`),
  ),
  ...onlyIf(kinds.has('index'), () =>
    part(
      'indexes',
      "(to_jsonb(i) - 'indcheckxmin')::text",
      'i.indexrelid',
      `own_relation o ${eachOf('pg_index', 'i', 'indexrelid = o.oid')}`,
    ),
  ),
  ...onlyIf(kinds.has('table'), () =>
    part(
      'keys',
      row('i.indexrelid, i.indisvalid'),
      'i.indexrelid',
      `own_relation o ${eachOf('pg_index', 'i', 'indrelid = o.oid AND indisprimary')}`,
    ),
  ),
  ...onlyIf(kinds.has('foreignTable'), () =>
    part(
      'foreign tables',
      'f::text',
      'f.ftrelid',
      `own_relation o ${eachOf('pg_foreign_table', 'f', 'ftrelid = o.oid')}`,
    ),
  ),
  ...onlyIf(hasTables(kinds), () =>
    part(
      'parents',
      'i::text',
      'i.inhrelid, i.inhseqno',
      `own_relation o ${eachOf('pg_inherits', 'i', 'inhrelid = o.oid')}`,
    ),
  ),
]

const otherObjectParts = (kinds: OwnedKinds): readonly string[] => [
  ...onlyIf(kinds.has('statistics'), () =>
    part(
      'statistics',
      row('s::text, pg_get_userbyid(s.stxowner)'),
      's.oid',
      "owned o JOIN pg_statistic_ext s USING (oid) WHERE o.catalog = 'pg_statistic_ext'",
    ),
  ),
  ...onlyIf(kinds.has('foreignDataWrapper'), () =>
    part(
      'wrappers',
      row(
        'w.oid, fdwname, fdwhandler, fdwvalidator, fdwoptions, CASE WHEN manages_owner THEN pg_get_userbyid(fdwowner) END',
        'CASE WHEN manages_grants THEN fdwacl END',
      ),
      'w.oid',
      "owned o JOIN pg_foreign_data_wrapper w USING (oid) WHERE o.catalog = 'pg_foreign_data_wrapper'",
    ),
  ),
  ...onlyIf(kinds.has('type'), () =>
    part(
      'own types',
      row(
        't.oid, CASE WHEN manages_owner THEN pg_get_userbyid(t.typowner) END, CASE WHEN manages_grants THEN t.typacl END',
      ),
      't.oid',
      "owned o JOIN pg_type t USING (oid) WHERE o.catalog = 'pg_type'",
    ),
  ),
  part(
    'comments',
    // Part of the text and not a condition, which would be computed for every object without a comment.
    "CASE WHEN jsonb_path_exists(declared, '$.**.comment') THEN d::text END",
    'd.classoid, d.objoid, d.objsubid',
    `described ${eachOf('pg_description', 'd', 'objoid = described.oid AND classoid = class')}`,
  ),
]

/** What the names in the SQL of the objects depend on. */
const surroundingParts: readonly string[] = [
  part('schemas', row('oid, nspname'), 'oid', 'reachable'),
  `SELECT 'database', ${row('dattablespace, spcname, encoding, datcollate, datctype')}
      FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database()`,
  `SELECT 'path', $3::name[]::text`,
]

const partsOf = (kinds: OwnedKinds): readonly string[] => [
  ...ledgerParts,
  ...relationParts,
  ...partsOfRelations(kinds),
  ...otherObjectParts(kinds),
  ...surroundingParts,
]

/** Parts that have rows only if the manifest owns something of certain kinds. */
const onlyIf = (isNeeded: boolean, part: () => string): readonly string[] => (isNeeded ? [part()] : [])

/** Whether anything exists that codeQuery covers. If this is wrongly true, it only costs time. */
const mayUseCode = (kinds: OwnedKinds) =>
  kinds.has('type')
    ? 'true'
    : `
  EXISTS (SELECT FROM pg_proc WHERE oid >= 16384 AND ${isNamed('proname')})
  OR EXISTS (SELECT FROM pg_operator WHERE oid >= 16384 AND ${isNamed('oprname')})
  OR EXISTS (SELECT FROM pg_opclass WHERE oid >= 16384 AND (opcdefault OR ${isNamed('opcname')}))
  OR EXISTS (SELECT FROM pg_cast WHERE oid >= 16384)
  OR EXISTS (SELECT FROM pg_collation WHERE oid >= 16384 AND ${isNamed('collname')})
  OR EXISTS (SELECT FROM pg_ts_config WHERE oid >= 16384 AND ${isNamed('cfgname')})
  OR EXISTS (SELECT FROM pg_ts_dict WHERE oid >= 16384 AND ${isNamed('dictname')})
  -- The row types of own relations are as these are.
  OR EXISTS (SELECT FROM pg_type WHERE oid >= 16384 AND ${isNamed('typname')} AND typrelid NOT IN (SELECT oid FROM own_relation))
  OR EXISTS (SELECT FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.atttypid >= 16384)
  OR EXISTS (SELECT FROM relation r JOIN pg_class c USING (oid) WHERE NOT is_whole AND (relkind = 'v' OR relrowsecurity))`

const jobsElsewhere =
  "ARRAY(SELECT address FROM owned WHERE catalog = 'cron.job' AND address::json ->> 3 IS NOT NULL ORDER BY address)"

/**
 * The digest covers the catalog rows of all objects that the manifest owns: entire rows, but for what PostgreSQL changes by itself,
 * such as statistics and the location of data, and for owners, grants and comments that the manifest leaves open. It also
 * covers the shape of the relations that they read, and the relations that a name in their SQL could find.
 *
 * It deparses nothing, so it waits for no lock, and it returns a single row.
 *
 * `$1`: the manifest, `$2`: the catalogs of the digested kinds, `$3`: the schemas of search_path that exist, `$4`: the names.
 * `created_by_fdwsync` is left out. It matters only for objects that are no longer declared, and a proof is recorded only if there
 * are none.
 */
export const stateQuery = (kinds: OwnedKinds): Sql =>
  trusted(`
  WITH RECURSIVE ${ownedTables(kinds)}), described(class, oid, declared) AS (
    SELECT 'pg_class'::regclass, oid, declared FROM own_relation${
      hasTables(kinds)
        ? `
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, declared FROM own_relation o ${eachOf('pg_constraint', 'k', 'conrelid = o.oid', 'oid')}`
        : ''
    }
    -- Tables with a schema need not exist here.
    UNION ALL SELECT CASE WHEN catalog NOT LIKE '%.%' THEN catalog::regclass END, oid, declared FROM owned WHERE catalog <> 'pg_class'${
      kinds.has('type')
        ? `
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, declared FROM owned o JOIN pg_constraint k ON k.contypid = o.oid
     WHERE o.catalog = 'pg_type'`
        : ''
    }
  )
  SELECT ${digestOfParts(partsOf(kinds))} AS digest, ${mayUseCode(kinds)} AS "mayUseCode",
         ARRAY(SELECT o.address FROM owned o JOIN pg_class c USING (oid) WHERE o.catalog = 'pg_class' AND NOT c.relispopulated
                ORDER BY o.address) AS unloaded,
         ${kinds.has('scheduledJob') ? jobsElsewhere : 'ARRAY[]::text[]'} AS elsewhere,
         EXISTS (SELECT FROM pg_extension, pg_namespace
                  WHERE extname = 'pg_cron' AND nspname = 'cron' AND has_schema_privilege(pg_namespace.oid, 'USAGE')) AS "canSchedule"`)

/** A part of its own, since pg_cron need not be in the database. */
export const jobsQuery: Sql = trusted(`
  SELECT md5(string_agg(concat_ws(' ', j.jobid, j.jobname, j.schedule, j.command, j.active, j.username), '|' ORDER BY j.jobid)) AS digest
    FROM fdwsync.object o
   CROSS JOIN LATERAL (SELECT o.address::json ->> 1 AS schema, o.address::json ->> 2 AS name, NULL AS database) AS wanted
    JOIN cron.job j ON j.jobname = ${nameOfWantedJob} AND j.database = current_database()
   WHERE o.manifest = $1 AND o.address LIKE '["scheduledJob"%' AND o.address::json ->> 3 IS NULL`)

/** A part of its own, since a ledger of an older release has no policies. */
export const policiesQuery: Sql = trusted(`
  SELECT md5(string_agg(p::text, '|' ORDER BY p.address)) AS digest
    FROM fdwsync.object o
    JOIN fdwsync.policy p USING (address)
   WHERE o.manifest = $1 AND o.address LIKE '["refreshPolicy"%'`)
