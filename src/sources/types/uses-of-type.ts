// Finds out whether a type can be replaced together with all that uses it: with relations of this manifest alone.

import { type Key, keyOf, type ObjectId } from '../../core/object.ts'
import { sourceSchema } from '../../core/reserved-schemas.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import type { LedgerEntry } from '../../ledger/read.ts'

// A column may be of the type or of its array. Null: something else than a relation, or a relation of another kind.
const usersQuery = trusted(`
  WITH relation AS (
    SELECT DISTINCT CASE classid WHEN 'pg_class'::regclass THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = objid), objid)
                                 WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = objid)
                                 WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = objid)
                                 WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objid)
                                 ELSE 0::oid END AS oid
      FROM pg_type t JOIN pg_depend ON refclassid = 'pg_type'::regclass AND refobjid IN (t.oid, t.typarray) AND deptype <> 'i'
     WHERE t.oid = $1::oid
  )
  SELECT CASE WHEN relkind IN ('f', 'm', 'r') THEN jsonb_build_object('schema', nspname, 'name', relname,
           'kind', CASE relkind WHEN 'f' THEN 'foreignTable' WHEN 'm' THEN 'materializedView' ELSE 'table' END) END AS id
    FROM relation LEFT JOIN pg_class c USING (oid) LEFT JOIN pg_namespace n ON n.oid = relnamespace
   WHERE nspname IS DISTINCT FROM $2`)

// What would keep relations from being replaced: functions, children, foreign keys, what stores their rows, and views of other roles.
const obstaclesQuery = trusted(`
  WITH managed AS (SELECT oid, reltype, (SELECT typarray FROM pg_type WHERE pg_type.oid = reltype) AS row_array FROM pg_class WHERE oid = ANY ($1::oid[]))
  SELECT FROM managed JOIN pg_depend ON (refclassid, refobjid) IN (('pg_class'::regclass, managed.oid), ('pg_type'::regclass, reltype), ('pg_type'::regclass, row_array))
    LEFT JOIN pg_constraint k ON classid = 'pg_constraint'::regclass AND k.oid = objid
    LEFT JOIN pg_rewrite r ON classid = 'pg_rewrite'::regclass AND r.oid = objid
    LEFT JOIN pg_class v ON v.oid = ev_class
   WHERE deptype = 'n' AND (classid IN ('pg_proc'::regclass, 'pg_type'::regclass)
      OR classid = 'pg_class'::regclass AND objid NOT IN (SELECT oid FROM managed)
      OR k.conrelid NOT IN (SELECT oid FROM managed)
      OR NOT pg_has_role(v.relowner, 'USAGE'))
   LIMIT 1`)

const relations: readonly ObjectId['kind'][] = ['foreignTable', 'materializedView', 'table']

/** Runs under the reading path. */
export async function isReplaceableWithUsers(
  session: Session,
  type: number,
  managed: ReadonlyMap<Key, LedgerEntry>,
): Promise<boolean> {
  const users = await session.query<{ id: ObjectId | null }>(usersQuery, [type, sourceSchema])
  if (!users.every(({ id }) => id !== null && managed.has(keyOf(id)))) return false
  const oids = [...managed.values()].flatMap(({ id, oid }) => (relations.includes(id.kind) ? [oid] : []))
  return (await session.query(obstaclesQuery, [oids])).length === 0
}
