// Reads what the SQL of objects refers to outside of PostgreSQL itself: functions, operators, types, collations and the like,
// and whether their owners may be trusted. Whoever owns a function that a name finds can run code as the role that uses it.

import type { DeclaredObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { sourceViewOid } from '../kinds/facets/copy/source-view.ts'
import { realParent } from '../kinds/foreign-table/parents.ts'
import { kindOf } from '../kinds/registry.ts'
import { type NamedKind, type WrittenNames, writtenNames } from '../parser/written-names.ts'
import { couldActAs } from './trust.ts'

/** Something outside of PostgreSQL itself that the SQL of an object refers to. */
export interface ReferencedCode {
  /** `function public.lower(character varying)`. */
  readonly title: string
  readonly owner: string
  /**
   * Whether its owner could act as each role that runs it anyway: it is that role, a member of it, or a superuser. Also if the
   * manifest trusts it.
   */
  readonly isTrusted: boolean
  /** Whether the SQL names it with its schema. Otherwise an unqualified name found it, or an operator or a cast did. */
  readonly isNamed: boolean
  /** Whether it hides something of PostgreSQL itself that has the same name and takes arguments of the same types. */
  readonly hidesBuiltIn: boolean
}

/** An object that exists in the catalog, as itself or as its stand-in. */
export interface CodeUser {
  readonly object: Pick<DeclaredObject, 'id' | 'spec'>
  /** The catalog that its oid belongs to. */
  readonly catalog: string
  readonly oid: number
  /** Its parent, if it has one. */
  readonly parent: Pick<DeclaredObject, 'id' | 'spec'> | undefined
}

export type CodeOfObjects = ReadonlyMap<Key, readonly ReferencedCode[]>

export interface CodeContext {
  /** The search_path that the SQL was parsed under. */
  readonly searchPath: readonly string[]
  readonly trustedRoles: readonly string[]
  /** What the manifest itself declares, under the names that it gives. */
  readonly declared: readonly { readonly id: ObjectId }[]
}

/**
 * Reads the code that objects refer to, as far as a plan reports it: its owner is not trusted, or it hides something
 * built-in. The session must be in a transaction under `readingPath`. Every object is in the result.
 */
export async function readReferencedCode(
  session: Session,
  users: readonly CodeUser[],
  context: CodeContext,
): Promise<CodeOfObjects> {
  if (users.length === 0) return new Map()
  const subjects = users.map(({ object, catalog, oid, parent }) => ({
    key: keyOf(object.id),
    catalog,
    oid,
    owner: ownerOf(object) ?? (parent && ownerOf(parent)),
  }))
  const references = await session.query<Reference>(referencesQuery, [JSON.stringify(subjects)])
  const rows =
    references.length === 0
      ? []
      : await session.query<Row>(codeQuery, [JSON.stringify(references), context.trustedRoles])
  const rowsOf = groupBy(rows, ({ key }) => key)
  const declared = new Set(
    context.declared.flatMap(({ id }) => ('schema' in id ? [relationKey(id.schema, id.name)] : [])),
  )
  const found = new Map<Key, readonly ReferencedCode[]>()
  for (const { object } of users) {
    const key = keyOf(object.id)
    const references = (rowsOf.get(key) ?? []).filter((row) => !isDeclared(row, declared))
    const names = references.length === 0 ? undefined : await writtenNames(textsOf(object))
    found.set(key, names ? references.flatMap((row) => referenceOf(row, names, context)) : [])
  }
  return found
}

function ownerOf({ id, spec }: CodeUser['object']): string | undefined {
  return kindOf(id).ownerOf?.(spec) ?? undefined
}

/** The statements that create an object, with its SQL as written. */
function textsOf({ id, spec }: CodeUser['object']): readonly string[] {
  return kindOf(id)
    .create(id, spec)
    .map((statement) => statement.sql)
}

/** The manifest names its own types and views with their schema. */
function isDeclared({ kind, schema, name }: Row, declared: ReadonlySet<string>): boolean {
  return (kind === 'type' || kind === 'relation') && declared.has(relationKey(schema, name))
}

/** What an object of the manifest refers to. */
interface Reference {
  readonly key: Key
  /** The owner that the manifest gives the object. */
  readonly runner: string | null
  readonly catalog: string
  readonly oid: number
}

interface Row {
  readonly key: Key
  readonly kind: NamedKind
  readonly schema: string
  readonly name: string
  readonly title: string
  readonly owner: string
  readonly trusted: boolean
  readonly hides: boolean
  /** The types that it casts from or to, if a cast uses it. */
  readonly casts: readonly { readonly schema: string; readonly name: string; readonly owner: string }[]
}

function referenceOf(
  { kind, schema, name, title, owner, trusted: isTrusted, hides, casts }: Row,
  names: WrittenNames,
  { searchPath }: CodeContext,
): readonly ReferencedCode[] {
  const isFoundByName = searchPath.includes(schema) && kindsOfName(kind).some((each) => names.isWritten(each, name))
  const isWrittenOut =
    kindsOfName(kind).some((each) => names.isWrittenWithSchema(each, schema, name)) ||
    // The author who names a type also names the casts that its owner has defined for it.
    casts.some((type) => type.owner === owner && names.isWrittenWithSchema('type', type.schema, type.name))
  const isNamed = isWrittenOut && !isFoundByName
  // A type or a collation that the SQL does not name comes with a column that it reads.
  if (!isNamed && !isFoundByName && kind !== 'function' && kind !== 'operator' && kind !== 'operator class') return []
  const reference = { title, owner, isTrusted, isNamed, hidesBuiltIn: hides && isFoundByName }
  return isTrusted && !reference.hidesBuiltIn ? [] : [reference]
}

function kindsOfName(kind: NamedKind): readonly NamedKind[] {
  return kind === 'operator' || kind === 'operator class' ? [kind] : [kind, 'constant']
}

/** Whether a built-in function or operator accepts the arguments of one that was found: by implicit casts, or as any type. */
function acceptsInstead(found: string, builtIn: string): string {
  return `(cardinality(${found}) = cardinality(${builtIn}) AND NOT EXISTS (
    SELECT FROM unnest(${found}, ${builtIn}) AS argument(given, taken) JOIN pg_type t ON t.oid = taken
     WHERE given <> taken AND t.typtype <> 'p'
       AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.castsource = given AND k.casttarget = taken AND k.castcontext = 'i')))`
}

/**
 * $1: the objects. What PostgreSQL itself has is left out: its owner is trusted. Most objects refer to nothing else, and the
 * query that judges the rest takes PostgreSQL longer to plan than all others.
 */
const referencesQuery: Sql = trusted(`
  WITH subject AS MATERIALIZED (
    SELECT key, catalog::regclass AS catalog, oid::oid, owner
      FROM jsonb_to_recordset($1) AS s(key text, catalog text, oid bigint, owner text)
  ), part(key, class, oid) AS (
    SELECT key, catalog, oid FROM subject
    UNION ALL SELECT key, 'pg_rewrite'::regclass, r.oid FROM subject s JOIN pg_rewrite r ON r.ev_class = s.oid WHERE s.catalog = 'pg_class'::regclass
    -- The source view of a table is a part of it, with its query.
    UNION ALL SELECT key, part.class, part.oid
      FROM subject s JOIN pg_class c ON c.oid = s.oid AND c.relkind = 'r' JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_rewrite r ON r.ev_class = ${sourceViewOid()}
      CROSS JOIN LATERAL (VALUES ('pg_rewrite'::regclass, r.oid), ('pg_class'::regclass, r.ev_class)) AS part(class, oid)
     WHERE s.catalog = 'pg_class'::regclass
    -- Defaults and checks that are only inherited were chosen by the owner of the parent.
    UNION ALL SELECT key, 'pg_attrdef'::regclass, d.oid FROM subject s JOIN pg_attrdef d ON d.adrelid = s.oid
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE s.catalog = 'pg_class'::regclass AND a.attislocal
    UNION ALL SELECT key, 'pg_constraint'::regclass, k.oid FROM subject s JOIN pg_constraint k ON k.conrelid = s.oid
     WHERE s.catalog = 'pg_class'::regclass AND k.conislocal
    UNION ALL SELECT key, 'pg_constraint'::regclass, k.oid FROM subject s JOIN pg_constraint k ON k.contypid = s.oid WHERE s.catalog = 'pg_type'::regclass
    UNION ALL SELECT key, 'pg_class'::regclass, t.typrelid FROM subject s JOIN pg_type t ON t.oid = s.oid WHERE s.catalog = 'pg_type'::regclass AND t.typrelid <> 0
  )
  SELECT DISTINCT p.key, s.owner AS runner, d.refclassid::regclass::text AS catalog, d.refobjid AS oid
    FROM part p JOIN pg_depend d ON d.classid = p.class AND d.objid = p.oid JOIN subject s ON s.key = p.key
   WHERE d.refobjid >= 16384
     AND NOT EXISTS (SELECT FROM part own WHERE own.key = p.key AND own.class = d.refclassid AND own.oid = d.refobjid)
     AND CASE d.refclassid
       WHEN 'pg_class'::regclass THEN EXISTS (SELECT FROM pg_class c WHERE c.oid = d.refobjid AND (c.relkind = 'v' OR c.relrowsecurity))
       ELSE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass,
                             'pg_opclass'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass) END
  UNION
  -- Whoever owns the parent of a table reads its rows, and chooses its defaults and checks.
  SELECT s.key, s.owner, 'pg_class', ${realParent('i.inhparent')}
    FROM subject s JOIN pg_inherits i ON i.inhrelid = s.oid WHERE s.catalog = 'pg_class'::regclass`)

/** $1: the references; $2: names of roles that the manifest trusts. */
const codeQuery: Sql = trusted(`
  WITH reference AS MATERIALIZED (
    SELECT key, runner, catalog::regclass AS class, oid::oid
      FROM jsonb_to_recordset($1) AS r(key text, runner text, catalog text, oid bigint)
  ), target AS MATERIALIZED (
    SELECT DISTINCT class, oid FROM reference
  ), code(class, oid, described, kind, schema, name, owner, arguments) AS MATERIALIZED (
    SELECT class, t.oid, t.oid, 'function', pronamespace, proname, proowner, proargtypes::oid[]
      FROM target t JOIN pg_proc p USING (oid) WHERE class = 'pg_proc'::regclass
    UNION ALL SELECT class, t.oid, t.oid, 'operator', oprnamespace, oprname, oprowner, array_remove(ARRAY[oprleft, oprright], 0)
      FROM target t JOIN pg_operator o USING (oid) WHERE class = 'pg_operator'::regclass
    UNION ALL SELECT class, t.oid, coalesce(e.oid, y.oid), 'type', y.typnamespace, coalesce(e.typname, y.typname), y.typowner, '{}'
      FROM target t JOIN pg_type y USING (oid) LEFT JOIN pg_type e ON e.typarray = y.oid WHERE class = 'pg_type'::regclass
    UNION ALL SELECT class, t.oid, t.oid, 'collation', collnamespace, collname, collowner, '{}'
      FROM target t JOIN pg_collation c USING (oid) WHERE class = 'pg_collation'::regclass
    UNION ALL SELECT class, t.oid, t.oid, 'operator class', opcnamespace, opcname, opcowner, ARRAY[opcintype]
      FROM target t JOIN pg_opclass c USING (oid) WHERE class = 'pg_opclass'::regclass
    UNION ALL SELECT class, t.oid, t.oid, 'constant', cfgnamespace, cfgname, cfgowner, '{}'
      FROM target t JOIN pg_ts_config c USING (oid) WHERE class = 'pg_ts_config'::regclass
    UNION ALL SELECT class, t.oid, t.oid, 'constant', dictnamespace, dictname, dictowner, '{}'
      FROM target t JOIN pg_ts_dict d USING (oid) WHERE class = 'pg_ts_dict'::regclass
    -- The functions in a view, and those in the policies of a table, run as the role that reads it.
    UNION ALL SELECT class, t.oid, t.oid, 'relation', relnamespace, relname, relowner, '{}'
      FROM target t JOIN pg_class c USING (oid) WHERE class = 'pg_class'::regclass
  ), implementation AS (
    SELECT class, oid, class AS by_class, described AS by, owner FROM code
    UNION ALL SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_operator o USING (oid) JOIN pg_proc p ON p.oid = o.oprcode WHERE c.class = 'pg_operator'::regclass
    UNION ALL SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_aggregate a ON a.aggfnoid = c.oid
      JOIN pg_proc p ON p.oid IN (aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn)
     WHERE c.class = 'pg_proc'::regclass
    UNION ALL SELECT c.class, c.oid, 'pg_proc'::regclass, p.oid, p.proowner
      FROM code c JOIN pg_opclass o USING (oid) JOIN pg_amproc a ON a.amprocfamily = o.opcfamily AND a.amproclefttype = o.opcintype
      JOIN pg_proc p ON p.oid = a.amproc WHERE c.class = 'pg_opclass'::regclass
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
           -- Nothing built-in is hidden from arguments of types that are not built in.
           c.arguments <@ ARRAY(SELECT oid FROM pg_type WHERE oid < 16384) AND CASE c.kind
             WHEN 'function' THEN EXISTS (SELECT FROM pg_proc b WHERE b.proname = c.name AND b.oid < 16384
               AND (b.provariadic <> 0 OR ${acceptsInstead('c.arguments', 'b.proargtypes::oid[]')}))
             WHEN 'operator' THEN EXISTS (SELECT FROM pg_operator b WHERE b.oprname = c.name AND b.oid < 16384
               AND ${acceptsInstead('c.arguments', 'array_remove(ARRAY[b.oprleft, b.oprright], 0)')})
             WHEN 'type' THEN EXISTS (SELECT FROM pg_type b WHERE b.typname = c.name AND b.oid < 16384 AND b.typnamespace = 'pg_catalog'::regnamespace)
             WHEN 'collation' THEN EXISTS (SELECT FROM pg_collation b WHERE b.collname = c.name AND b.oid < 16384)
             ELSE false END AS hides
      FROM reference r JOIN code c USING (class, oid) JOIN owned o USING (class, oid)
      JOIN pg_roles role ON role.oid = o.owner
  )
  SELECT DISTINCT j.key, j.kind, n.nspname AS schema, j.name, pg_describe_object(j.by_class, j.by, 0) AS title, j.owner_name AS owner, j.trusted,
         j.hides AND j.by = j.described AS hides,
         CASE WHEN j.class = 'pg_proc'::regclass THEN
           (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', tn.nspname, 'name', y.typname, 'owner', pg_get_userbyid(y.typowner))), '[]')
              FROM pg_cast k JOIN pg_type y ON y.oid IN (k.castsource, k.casttarget) JOIN pg_namespace tn ON tn.oid = y.typnamespace
             WHERE k.castfunc = j.oid) ELSE '[]' END AS casts
    FROM (SELECT *, bool_and(trusted OR by <> described) OVER (PARTITION BY key, class, oid) AS itself_trusted FROM judged) j
    JOIN pg_namespace n ON n.oid = j.schema
   WHERE CASE WHEN j.by = j.described THEN NOT j.trusted OR j.hides ELSE NOT j.trusted AND j.itself_trusted END
   ORDER BY title`)
