// The query for the digest of all user-defined code that SQL could refer to: functions, operators, types and so on.

import { type Sql, trusted } from '../core/sql.ts'
import { couldActAs } from '../introspector/trust.ts'
import { digestOfParts, named, type OwnedKinds, ownedTables, part, readAttribute, row } from './catalog-state-parts.ts'

const typeText = row(
  't.oid, typname, typnamespace, typtype, typbasetype, typtypmod, typndims, typcollation, typnotnull, typdefaultbin',
  'typdefault, typelem',
  '(SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)',
  '(SELECT array_agg(k::text ORDER BY k.oid) FROM pg_constraint k WHERE contypid = t.oid)',
)

const parts: readonly string[] = [
  part('types', typeText, 't.oid', "used_type t WHERE typtype <> 'p'"),
  part(
    'attributes of types',
    row('a.attrelid', readAttribute),
    'a.attrelid, a.attnum',
    'used_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0',
  ),
  part(
    'functions',
    row(
      'oid, proname, pronamespace, proargtypes, proallargtypes, prorettype, provariadic, pronargdefaults, prokind, proretset',
      'provolatile, proowner',
    ),
    'oid',
    'function',
  ),
  part('operators', 'o::text', 'oid', 'named_operator o'),
  part('operator classes', 'o::text', 'oid', 'operator_class o'),
  part('casts', 'k::text', 'oid', 'used_cast k'),
  part('code', 'c::text', 'class, oid', 'code c'),
  part(
    'members of extensions',
    row('class, code.oid, d.refobjid'),
    'class, code.oid, d.refobjid',
    "code JOIN pg_depend d ON d.classid = class AND d.objid = code.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'",
  ),
  `-- Whose code the manifest may use depends on what roles can act as the one that applies, or as the owner of a view.
    ${part(
      'owners of code',
      row('role.oid, runner.oid', `pg_has_role(role.oid, runner.oid, ${couldActAs})`),
      'role.oid, runner.oid',
      `owner JOIN pg_roles role USING (oid)
        JOIN pg_roles runner ON runner.rolname = current_user OR runner.oid IN (SELECT relowner FROM own_relation JOIN pg_class USING (oid))
       WHERE NOT role.rolsuper`,
    )}`,
]

/**
 * The digest covers whatever a name in the SQL could find: in a schema of search_path, in one that the SQL names, or in pg_catalog. It
 * covers too much rather than too little: each name counts as that of a function, a type, an operator … It also covers the types of the
 * columns of relations, and what SQL uses without naming it: casts, default operator classes, and the functions behind those and behind
 * operators and aggregates. The parameters are those of stateQuery.
 */
export const codeQuery = (kinds: OwnedKinds): Sql =>
  trusted(`
  WITH RECURSIVE ${ownedTables(kinds)}), named_function AS MATERIALIZED (
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
  )
  SELECT ${digestOfParts(parts)} AS digest`)
