// The query that examines the code that objects refer to: who owns it, and whether it hides something built-in.

import { type Sql, trusted } from '../core/sql.ts'
import { couldActAs } from './trust.ts'

/** Whether a built-in function or operator accepts the arguments of one that was found: by implicit casts, or as any type. */
function acceptsInstead(found: string, builtIn: string): string {
  return `(cardinality(${found}) = cardinality(${builtIn}) AND NOT EXISTS (
    SELECT FROM unnest(${found}, ${builtIn}) AS argument(given, taken) JOIN pg_type t ON t.oid = taken
     WHERE given <> taken AND t.typtype <> 'p'
       AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.castsource = given AND k.casttarget = taken AND k.castcontext = 'i')))`
}

interface Judged {
  /** Rows of `code`, from `target t`. */
  readonly code: string
  /** Rows of `implementation`, from `code c`: what runs whenever it is used. */
  readonly implementation?: string
  /** Whether something built-in with the name of `c` is hidden, by its kind. */
  readonly hides?: string
  /** The types that it casts from or to. */
  readonly casts?: string
}

/** Nothing built-in is hidden from arguments of types that are not built in. */
const takesBuiltIn = 'c.arguments <@ ARRAY(SELECT oid FROM pg_type WHERE oid < 16384)'

/** The things that may be referred to, by catalog. */
const judged: ReadonlyMap<string, Judged> = new Map(
  Object.entries({
    pg_proc: {
      code: `SELECT class, t.oid, t.oid, 'function', pronamespace, proname, proowner, proargtypes::oid[]
      FROM target t JOIN pg_proc p USING (oid) WHERE class = 'pg_proc'::regclass`,
      implementation: `SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_aggregate a ON a.aggfnoid = c.oid
      JOIN pg_proc p ON p.oid IN (aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn)
     WHERE c.class = 'pg_proc'::regclass`,
      hides: `WHEN 'function' THEN ${takesBuiltIn} AND EXISTS (SELECT FROM pg_proc b WHERE b.proname = c.name AND b.oid < 16384
               AND (b.provariadic <> 0 OR ${acceptsInstead('c.arguments', 'b.proargtypes::oid[]')}))`,
      casts: `WHEN 'pg_proc'::regclass THEN
           (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', tn.nspname, 'name', y.typname, 'owner', pg_get_userbyid(y.typowner))), '[]')
              FROM pg_cast k JOIN pg_type y ON y.oid IN (k.castsource, k.casttarget) JOIN pg_namespace tn ON tn.oid = y.typnamespace
             WHERE k.castfunc = j.oid)`,
    },
    pg_operator: {
      code: `SELECT class, t.oid, t.oid, 'operator', oprnamespace, oprname, oprowner, array_remove(ARRAY[oprleft, oprright], 0)
      FROM target t JOIN pg_operator o USING (oid) WHERE class = 'pg_operator'::regclass`,
      implementation: `SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_operator o USING (oid) JOIN pg_proc p ON p.oid = o.oprcode WHERE c.class = 'pg_operator'::regclass`,
      hides: `WHEN 'operator' THEN ${takesBuiltIn} AND EXISTS (SELECT FROM pg_operator b WHERE b.oprname = c.name AND b.oid < 16384
               AND ${acceptsInstead('c.arguments', 'array_remove(ARRAY[b.oprleft, b.oprright], 0)')})`,
    },
    pg_type: {
      code: `SELECT class, t.oid, coalesce(e.oid, y.oid), 'type', y.typnamespace, coalesce(e.typname, y.typname), y.typowner, '{}'::oid[]
      FROM target t JOIN pg_type y USING (oid) LEFT JOIN pg_type e ON e.typarray = y.oid WHERE class = 'pg_type'::regclass`,
      hides: `WHEN 'type' THEN EXISTS (SELECT FROM pg_type b WHERE b.typname = c.name AND b.oid < 16384 AND b.typnamespace = 'pg_catalog'::regnamespace)`,
    },
    pg_collation: {
      code: `SELECT class, t.oid, t.oid, 'collation', collnamespace, collname, collowner, '{}'::oid[]
      FROM target t JOIN pg_collation c USING (oid) WHERE class = 'pg_collation'::regclass`,
      hides: `WHEN 'collation' THEN EXISTS (SELECT FROM pg_collation b WHERE b.collname = c.name AND b.oid < 16384)`,
    },
    pg_opclass: {
      code: `SELECT class, t.oid, t.oid, 'operator class', opcnamespace, opcname, opcowner, ARRAY[opcintype]
      FROM target t JOIN pg_opclass c USING (oid) WHERE class = 'pg_opclass'::regclass`,
      implementation: `SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_opclass o USING (oid) JOIN pg_amproc a ON a.amprocfamily = o.opcfamily AND a.amproclefttype = o.opcintype
      JOIN pg_proc p ON p.oid = a.amproc WHERE c.class = 'pg_opclass'::regclass`,
    },
    pg_ts_config: {
      code: `SELECT class, t.oid, t.oid, 'constant', cfgnamespace, cfgname, cfgowner, '{}'::oid[]
      FROM target t JOIN pg_ts_config c USING (oid) WHERE class = 'pg_ts_config'::regclass`,
    },
    pg_ts_dict: {
      code: `SELECT class, t.oid, t.oid, 'constant', dictnamespace, dictname, dictowner, '{}'::oid[]
      FROM target t JOIN pg_ts_dict d USING (oid) WHERE class = 'pg_ts_dict'::regclass`,
    },
    // The functions in a view, and those in the policies of a table, run as the role that reads it.
    pg_class: {
      code: `SELECT class, t.oid, t.oid, 'relation', relnamespace, relname, relowner, '{}'::oid[]
      FROM target t JOIN pg_class c USING (oid) WHERE class = 'pg_class'::regclass`,
    },
  } satisfies Record<string, Judged>),
)

/**
 * The query for references to the given catalogs only: PostgreSQL takes longer to plan all of it than to run it. $1: the
 * references; $2: names of roles that the manifest trusts.
 */
export function codeQuery(catalogs: Iterable<string>): Sql {
  const parts = [...catalogs].sort().flatMap((catalog) => judged.get(catalog) ?? [])
  const implementations = parts.flatMap(({ implementation }) => (implementation ? [`UNION ALL ${implementation}`] : []))
  const hides = caseOf('c.kind', parts, (part) => part.hides, 'false')
  const casts = caseOf('j.class', parts, (part) => part.casts, "'[]'::jsonb")
  return trusted(`
  WITH reference AS MATERIALIZED (
    SELECT key, runner, catalog::regclass AS class, oid::oid
      FROM jsonb_to_recordset($1) AS r(key text, runner text, catalog text, oid bigint)
  ), target AS MATERIALIZED (
    SELECT DISTINCT class, oid FROM reference
  ), code(class, oid, described, kind, schema, name, owner, arguments) AS MATERIALIZED (
    ${parts.map(({ code }) => code).join('\n    UNION ALL ')}
  ), implementation AS (
    SELECT class, oid, class AS by_class, described AS by, owner FROM code
    ${implementations.join('\n    ')}
  ), owned AS MATERIALIZED (
    -- As ownerOf in trust.ts, for many at once.
    SELECT i.class, i.oid, i.by_class, i.by, coalesce(x.extowner, i.owner) AS owner
      FROM implementation i
      LEFT JOIN pg_depend d ON d.classid = i.by_class AND d.objid = i.by AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
      LEFT JOIN pg_extension x ON x.oid = d.refobjid
  ), judged AS (
    SELECT r.key, c.*, o.by_class, o.by, role.rolname AS owner_name,
           role.rolsuper OR role.rolname = ANY ($2)
             OR (SELECT bool_and(pg_has_role(role.oid, runner.oid, ${couldActAs}))
                   FROM pg_roles runner WHERE runner.rolname IN (current_user, r.runner)) AS trusted,
           ${hides} AS hides
      FROM reference r JOIN code c USING (class, oid) JOIN owned o USING (class, oid)
      JOIN pg_roles role ON role.oid = o.owner
  )
  SELECT DISTINCT j.key, j.kind, n.nspname AS schema, j.name, pg_describe_object(j.by_class, j.by, 0) AS title, j.owner_name AS owner, j.trusted,
         j.hides AND j.by = j.described AS hides, ${casts} AS casts
    FROM (SELECT *, bool_and(trusted OR by <> described) OVER (PARTITION BY key, class, oid) AS itself_trusted FROM judged) j
    JOIN pg_namespace n ON n.oid = j.schema
   WHERE CASE WHEN j.by = j.described THEN NOT j.trusted OR j.hides ELSE NOT j.trusted AND j.itself_trusted END
   ORDER BY title`)
}

function caseOf(
  value: string,
  parts: readonly Judged[],
  whenOf: (part: Judged) => string | undefined,
  otherwise: string,
): string {
  const whens = parts.flatMap((part) => whenOf(part) ?? [])
  return whens.length === 0 ? otherwise : `CASE ${value} ${whens.join(' ')} ELSE ${otherwise} END`
}
