// A view reads what its query reads: another rule of it, for INSERT say, may name anything, even what reads the view.

/**
 * For WITH RECURSIVE: `reading(oid, what)`, by which views of that kind each of the relations `$1` is read, be it through others
 * of that kind; and each of them by itself.
 */
export const readingThrough = (relkind: 'm' | 'v') => `reading(oid, what) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS given (oid)
    UNION
    SELECT c.oid, reading.what FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = '${relkind}'
  )`

/** The OIDs of what the view `c` reads. */
export const readsOfView = `ARRAY(SELECT DISTINCT d.refobjid FROM pg_rewrite r
                 JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                WHERE r.ev_class = c.oid AND r.rulename = '_RETURN' AND d.refobjid <> c.oid)`
