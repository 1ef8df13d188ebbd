// SQL fragments for what views read. Only the _RETURN rule counts, which is the view's query. Another rule, such as one for
// INSERT, can refer to anything, even to a view that reads this one.

import { sourceSchema } from '../core/reserved-schemas.ts'

/** Whether a view belongs to a user, and is not the source view of a table, which is replaced along with its table. */
export function isNoSourceView(view: string): string {
  return `${view}.relnamespace IS DISTINCT FROM to_regnamespace('${sourceSchema}')`
}

/**
 * A common table expression `reading(oid, what)` for WITH RECURSIVE: the plain views `oid` that read the relation `what`, directly or
 * through other plain views. Each relation of `$1` is in it as a reader of itself.
 */
export const viewsReading = `reading(oid, what) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS given (oid)
    UNION
    SELECT c.oid, reading.what FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v' AND ${isNoSourceView('c')}
  )`

/** The same for copies, which read directly or through other copies. It needs {@link sourceViews}. */
export const copiesReading = `reading(oid, what) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS given (oid)
    UNION
    SELECT coalesce(copy, c.oid), reading.what FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' JOIN pg_class c ON c.oid = r.ev_class
      LEFT JOIN source_view ON view = c.oid
     WHERE c.relkind = 'm' OR copy IS NOT NULL
  )`

/** An array of the OIDs of the relations that the view `c` reads. */
export const readsOfView = `ARRAY(SELECT DISTINCT d.refobjid FROM pg_rewrite r
                 JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                WHERE r.ev_class = c.oid AND r.rulename = '_RETURN' AND d.refobjid <> c.oid)`
