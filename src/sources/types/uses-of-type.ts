// Finds out whether a type can be replaced together with all that uses it: relations of this manifest, and plain views over them.

import { type Key, keyOf, type ObjectId } from '../../core/object.ts'
import { sourceSchema } from '../../core/reserved-schemas.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import type { LedgerEntry } from '../../ledger/read.ts'

// A column may be of the type or of its array. Plain views that this role may recreate are left out. Null: something else than a
// relation, or a relation of another kind.
const usersQuery = trusted(`
  WITH used AS (
    SELECT classid, objid, objsubid,
           CASE classid WHEN 'pg_class'::regclass THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = objid), objid)
                        WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = objid)
                        WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = objid)
                        WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objid) END AS relation
      FROM pg_type t JOIN pg_depend ON refclassid = 'pg_type'::regclass AND refobjid IN (t.oid, t.typarray) AND deptype <> 'i'
     WHERE t.oid = $1::oid
  )
  SELECT DISTINCT CASE WHEN relkind IN ('f', 'm', 'r') THEN jsonb_build_object('schema', nspname, 'name', relname,
           'kind', CASE relkind WHEN 'f' THEN 'foreignTable' WHEN 'm' THEN 'materializedView' ELSE 'table' END) END AS id,
         CASE WHEN c.oid IS NULL THEN pg_describe_object(classid, objid, objsubid) ELSE pg_describe_object('pg_class'::regclass, c.oid, 0) END AS title
    FROM used LEFT JOIN pg_class c ON c.oid = relation LEFT JOIN pg_namespace n ON n.oid = relnamespace
   WHERE nspname IS DISTINCT FROM $2 AND (relkind = 'v' AND pg_has_role(relowner, 'USAGE')) IS NOT TRUE
   ORDER BY title`)

// What would keep relations from being replaced: functions, children, foreign keys, what stores their rows, and views of other roles.
const obstaclesQuery = trusted(`
  WITH managed AS (SELECT oid, reltype, (SELECT typarray FROM pg_type WHERE pg_type.oid = reltype) AS row_array FROM pg_class WHERE oid = ANY ($1::oid[]))
  SELECT DISTINCT CASE WHEN v.oid IS NULL THEN pg_describe_object(classid, objid, objsubid) ELSE pg_describe_object('pg_class'::regclass, v.oid, 0) END AS title
    FROM managed JOIN pg_depend ON (refclassid, refobjid) IN (('pg_class'::regclass, managed.oid), ('pg_type'::regclass, reltype), ('pg_type'::regclass, row_array))
    LEFT JOIN pg_constraint k ON classid = 'pg_constraint'::regclass AND k.oid = objid
    LEFT JOIN pg_rewrite r ON classid = 'pg_rewrite'::regclass AND r.oid = objid
    LEFT JOIN pg_class v ON v.oid = ev_class
   WHERE deptype = 'n' AND (classid IN ('pg_proc'::regclass, 'pg_type'::regclass)
      OR classid = 'pg_class'::regclass AND objid NOT IN (SELECT oid FROM managed)
      OR k.conrelid NOT IN (SELECT oid FROM managed)
      OR NOT pg_has_role(v.relowner, 'USAGE'))
   ORDER BY title`)

const relations: readonly ObjectId['kind'][] = ['foreignTable', 'materializedView', 'table']

/** What keeps a type from being replaced, if anything does. Runs under the reading path. */
export async function obstaclesToReplacing(
  session: Session,
  type: number,
  managed: ReadonlyMap<Key, LedgerEntry>,
): Promise<readonly string[]> {
  const users = await session.query<{ id: ObjectId | null; title: string }>(usersQuery, [type, sourceSchema])
  const others = users.filter(({ id }) => id === null || !managed.has(keyOf(id)))
  if (others.length > 0) return others.map(({ title }) => title)
  const oids = [...managed.values()].flatMap(({ id, oid }) => (relations.includes(id.kind) ? [oid] : []))
  const obstacles = await session.query<{ title: string }>(obstaclesQuery, [oids])
  return obstacles.map(({ title }) => title)
}
