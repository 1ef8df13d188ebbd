// Finds the copies that compute something of the whole rows of a relation, or of whole values of a composite type: such
// a view is outdated once the relation has another column, although its definition stays the same.

import { type LiveObject, withOids } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { isLoaded, sourceViews } from '../kinds/facets/copy/source-view.ts'
import { kindOfRelation } from '../kinds/facets/relations.ts'

export interface WholeRowReader {
  /** The object whose rows it reads. */
  readonly of: Key
  /** The name of the view in the database. */
  readonly id: ObjectId
  /** Whether it has the rows only from functions that return such rows. */
  readonly isThroughFunction: boolean
}

// pg_depend has no entry for a whole row: SELECT to_jsonb(o) FROM o depends on o as SELECT id FROM o does. So the stored query is
// searched for expressions of the row type, after a search by dependencies for the queries that can have any. Types that contain it
// change with it: arrays, domains, and row types of relations with such a column. (o).id reads one attribute. Where a view has the
// rows but its reader does not use them, this finds too much rather than too little.
const readersQuery = trusted(`
  WITH RECURSIVE ${sourceViews}, target AS (
    SELECT catalog::regclass AS classid, oid AS objid FROM jsonb_to_recordset($1) AS t(catalog text, oid oid)
  ), descendant(objid, relid) AS (
    SELECT objid, objid FROM target WHERE classid = 'pg_class'::regclass
    UNION
    SELECT objid, inhrelid FROM descendant JOIN pg_inherits ON inhparent = relid
  ), changed(classid, objid, type) AS (
    SELECT 'pg_class'::regclass, objid, reltype FROM descendant JOIN pg_class c ON c.oid = relid WHERE reltype <> 0
    UNION
    SELECT classid, objid, objid FROM target WHERE classid = 'pg_type'::regclass
    UNION
    SELECT changed.classid, changed.objid, coalesce(c.reltype, d.objid)
      FROM changed JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = changed.type
      LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
     WHERE d.classid = 'pg_type'::regclass OR (d.objsubid > 0 AND c.reltype <> 0)
  ), pattern AS (
    SELECT classid, objid, ':[a-z_]*type(id)? (' || string_agg(type::text, '|') || ')\\M' AS pattern FROM changed GROUP BY 1, 2
  ), used(classid, objid, refclassid, refobjid, through_function) AS (
    SELECT classid, objid, 'pg_type'::regclass, type, false FROM changed
    UNION ALL
    SELECT classid, objid, 'pg_class'::regclass, c.oid, false FROM changed JOIN pg_type t ON t.oid = type JOIN pg_class c ON c.oid = t.typrelid
    UNION ALL
    SELECT changed.classid, changed.objid, 'pg_proc'::regclass, p.oid, true
      FROM changed JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = type AND d.classid = 'pg_proc'::regclass
      JOIN pg_proc p ON p.oid = d.objid
  ), reader(classid, objid, oid, relkind, through_function) AS (
    SELECT used.classid, used.objid, c.oid, c.relkind, through_function
      FROM used JOIN pattern USING (classid, objid)
      JOIN pg_depend d ON (d.refclassid, d.refobjid) = (used.refclassid, used.refobjid) AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' JOIN pg_class c ON c.oid = r.ev_class
     WHERE regexp_replace(ev_action::text, '\\{FIELDSELECT :arg \\{(VAR|CONST) [^{}]*\\}', '', 'g') ~ pattern
    UNION
    SELECT reader.classid, reader.objid, c.oid, c.relkind, through_function
      FROM reader JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reader.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' JOIN pg_class c ON c.oid = r.ev_class
     WHERE reader.relkind = 'v'
  )
  SELECT reader.classid::text AS catalog, reader.objid AS oid,
         jsonb_build_object('kind', ${kindOfRelation('c.relkind')}, 'schema', nspname, 'name', relname) AS id,
         bool_and(through_function) AS "isThroughFunction"
    FROM reader LEFT JOIN source_view ON view = reader.oid
    JOIN pg_class c ON c.oid = coalesce(copy, reader.oid) JOIN pg_namespace n ON n.oid = relnamespace
   WHERE reader.relkind = 'm' AND c.relispopulated OR copy IS NOT NULL AND ${isLoaded('reader')}
   GROUP BY reader.classid, reader.objid, c.relkind, nspname, relname ORDER BY nspname, relname`)

/** Reads the views that compute something of whole rows of the objects, also through plain views, under the reading path. */
export async function readWholeRowReaders(
  session: Session,
  objects: readonly LiveObject[],
): Promise<readonly WholeRowReader[]> {
  const found = withOids(objects)
  if (found.length === 0) return []
  const keys = new Map(found.map(({ catalog, oid, id }) => [`${catalog} ${oid}`, keyOf(id)]))
  const targets = JSON.stringify(found.map(({ catalog, oid }) => ({ catalog, oid })))
  const rows = await session.query<Omit<WholeRowReader, 'of'> & { catalog: string; oid: number }>(readersQuery, [
    targets,
  ])
  return rows.flatMap(({ catalog, oid, ...reader }) => {
    const of = keys.get(`${catalog} ${oid}`)
    return of === undefined ? [] : [{ of, ...reader }]
  })
}
