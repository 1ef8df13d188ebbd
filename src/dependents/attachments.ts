// Reads the undeclared attachments of relations, and which columns they use.

import { type LiveObject, withOids } from '../core/change.ts'
import type { Attachment } from '../core/dependent.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

// An attachment depends on every column that it uses: an index also by its expressions, its predicate and its included columns, a
// trigger by UPDATE OF and WHEN. For the children of a relation only statistics and the columns of ordinary tables are read, since
// only these are silently dropped along with a column. Attachments on a column that a child has itself stay. PostgreSQL inlines the
// functions of an index before it looks whether they are IMMUTABLE, so only a trial shows whether it accepts the index once more.
const attachmentsQuery = trusted(`
  WITH RECURSIVE relation(of, relid) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS r(oid)
    UNION
    SELECT of, inhrelid FROM relation JOIN pg_inherits ON inhparent = relid
  ), attached(of, relid, classid, objid, title, why_lost) AS (
    SELECT of, relid, 'pg_class'::regclass, ic.oid, format('index %I.%I', nspname, ic.relname),
           CASE WHEN NOT indisvalid THEN 'it is not valid, since its creation has failed or is not finished' END
      FROM relation JOIN pg_index ON indrelid = relid JOIN pg_class ic ON ic.oid = indexrelid JOIN pg_namespace n ON n.oid = ic.relnamespace
     WHERE relid = of AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = ic.oid AND conrelid = relid)
    UNION ALL
    SELECT of, relid, 'pg_constraint'::regclass, k.oid, format('constraint %I', conname), NULL
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' JOIN pg_constraint k ON conrelid = relid
     WHERE relid = of AND contype IN ('u', 'x', 'c', 'f')
    UNION ALL
    SELECT of, relid, 'pg_description'::regclass, k.oid, format('the comment of constraint %I', conname), NULL
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' JOIN pg_constraint k ON conrelid = relid
     WHERE relid = of AND contype = 'p' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
    UNION ALL
    SELECT of, relid, 'pg_policy'::regclass, p.oid, format('policy %I', polname), NULL
      FROM relation JOIN pg_policy p ON polrelid = relid WHERE relid = of
    UNION ALL
    SELECT of, relid, 'pg_policy'::regclass, relid, 'row-level security', NULL
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' AND relrowsecurity WHERE relid = of
    UNION ALL
    SELECT of, relid, 'pg_publication_rel'::regclass, p.oid, format('its place in publication %I', pubname), NULL
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' JOIN pg_publication_rel p ON prrelid = relid
      JOIN pg_publication b ON b.oid = prpubid
     WHERE relid = of
    UNION ALL
    SELECT of, relid, 'pg_statistic_ext'::regclass, s.oid, format('statistics %I.%I', nspname, stxname), NULL
      FROM relation JOIN pg_statistic_ext s ON stxrelid = relid JOIN pg_namespace n ON n.oid = stxnamespace
    UNION ALL
    SELECT of, relid, 'pg_trigger'::regclass, t.oid, format('trigger %I', tgname), NULL
      FROM relation JOIN pg_trigger t ON tgrelid = relid WHERE relid = of AND NOT tgisinternal AND tgparentid = 0
    UNION ALL
    SELECT of, relid, 'pg_rewrite'::regclass, r.oid, format('rule %I', rulename), NULL
      FROM relation JOIN pg_rewrite r ON ev_class = relid WHERE relid = of AND rulename <> '_RETURN'
    UNION ALL
    SELECT of, relid, 'pg_attrdef'::regclass, d.oid, format('default of %I', attname), NULL
      FROM relation JOIN pg_class v ON v.oid = relid AND relkind IN ('v', 'r')
      JOIN pg_attrdef d ON adrelid = relid JOIN pg_attribute ON attrelid = relid AND attnum = adnum AND attgenerated = ''
     WHERE relid = of
    UNION ALL
    SELECT of, relid, 'pg_sequence'::regclass, s.oid, format('sequence %I.%I', nspname, s.relname), NULL
      FROM relation JOIN pg_depend d ON (refclassid, refobjid) = ('pg_class'::regclass, relid) AND classid = 'pg_class'::regclass AND deptype = 'a'
      JOIN pg_class s ON s.oid = objid AND relkind = 'S' JOIN pg_namespace n ON n.oid = relnamespace
    UNION ALL
    SELECT of, relid, 'pg_sequence'::regclass, d.objid, format('identity of %I', attname), NULL
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' JOIN pg_attribute ON attrelid = relid AND attidentity <> '' AND NOT attisdropped
      JOIN pg_depend d ON (refclassid, refobjid, refobjsubid) = ('pg_class'::regclass, relid, attnum) AND classid = 'pg_class'::regclass AND deptype = 'i'
     WHERE relid = of
    UNION ALL
    SELECT of, relid, 'pg_inherits'::regclass, inhparent, format(CASE WHEN relispartition THEN 'its place as a partition of %s' ELSE 'its inheritance from %s' END,
           inhparent::regclass), 'its successor is no child of that'
      FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r' JOIN pg_inherits ON inhrelid = relid
     WHERE relid = of
  )
  SELECT of, classid::regclass::text AS catalog, objid AS oid, title, relid <> of AS "isOfChild", why_lost AS "whyLost",
         ARRAY(SELECT attname::text FROM pg_depend d JOIN pg_attribute ON attrelid = relid AND attnum = d.refobjsubid
                WHERE (d.classid, d.objid) = (CASE attached.classid WHEN 'pg_sequence'::regclass THEN 'pg_class'::regclass ELSE attached.classid END, attached.objid)
                  AND (d.refclassid, d.refobjid) = ('pg_class'::regclass, relid)
                  AND (relid = of OR (NOT attislocal AND attinhcount = 1))
                ORDER BY attnum) AS columns,
         EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
                   JOIN pg_proc p ON p.oid = CASE d.refclassid WHEN 'pg_proc'::regclass THEN d.refobjid ELSE o.oprcode END
                  WHERE d.classid = 'pg_class'::regclass AND p.provolatile <> 'i'
                    AND d.objid = CASE attached.classid WHEN 'pg_class'::regclass THEN attached.objid
                                    WHEN 'pg_constraint'::regclass THEN (SELECT conindid FROM pg_constraint k WHERE k.oid = attached.objid) END) AS "isOverMutable"
    FROM attached
   WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset($2) AS managed(catalog text, oid oid)
                      WHERE (managed.catalog::regclass, managed.oid) = (attached.classid, attached.objid))
  UNION ALL
  SELECT of, 'pg_attribute', relid, format('column %I of table %s with its data', attname, relid::regclass), true, NULL, ARRAY[attname::text], false
    FROM relation JOIN pg_class t ON t.oid = relid AND relkind = 'r'
    JOIN pg_attribute ON attrelid = relid AND attnum > 0 AND NOT attisdropped AND NOT attislocal AND attinhcount = 1
   WHERE relid <> of
   ORDER BY title`)

/**
 * Reads the attachments of relations, under the reading path.
 * @param managed objects that are not listed
 */
export function listAttachments(
  session: Session,
  relations: readonly number[],
  managed: readonly LiveObject[],
): Promise<readonly Attachment[]> {
  const excluded = withOids(managed).map(({ catalog, oid }) => ({ catalog, oid }))
  return session.query<Attachment>(attachmentsQuery, [relations, JSON.stringify(excluded)])
}
