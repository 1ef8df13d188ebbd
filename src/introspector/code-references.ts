// Reads from pg_depend which user-defined functions, operators, types and the like objects refer to.

import type { Key } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { sourceViewOid } from '../kinds/facets/copy/source-view.ts'
import { realParent } from '../kinds/foreign-table/parents.ts'

interface Subject {
  readonly key: Key
  /** The catalog that its oid belongs to. */
  readonly catalog: string
  readonly oid: number
  /** The owner that the manifest gives the object. */
  readonly owner: string | null | undefined
  /** Whether its query is in a source view. */
  readonly isTable: boolean
}

/** A reference of an object of the manifest. */
export interface CodeReference {
  readonly key: Key
  /** The owner that the manifest gives the object. */
  readonly runner: string | null
  readonly catalog: string
  readonly oid: number
}

/** Reads the references of objects. The session must be in a transaction under `readingPath`. */
export async function readCodeReferences(
  session: Session,
  subjects: readonly Subject[],
): Promise<readonly CodeReference[]> {
  const query = subjects.some(({ isTable }) => isTable) ? queryWithSourceViews : queryWithoutSourceViews
  const rows = await session.query<CodeReference & { readonly isParent: boolean }>(query, [JSON.stringify(subjects)])
  if (!rows.some(({ isParent }) => isParent)) return rows
  const parents = rows.flatMap(({ oid, isParent }) => (isParent ? [oid] : []))
  const read = await session.query<{ oid: number; real: number | null }>(parentsQuery, [parents])
  const real = new Map(read.map((parent) => [parent.oid, parent.real]))
  return rows.flatMap((row) => {
    const oid = row.isParent ? real.get(row.oid) : row.oid
    return oid ? [{ ...row, oid }] : []
  })
}

const noSourceViews = 'SELECT s.*, NULL::oid AS source_view FROM given s'

/** The source view of a table is a part of it, with its query. */
const withSourceViews = `
  SELECT s.*, CASE WHEN c.relkind = 'r' THEN ${sourceViewOid()} END AS source_view
    FROM given s LEFT JOIN pg_class c ON c.oid = s.oid AND s.catalog = 'pg_class'::regclass
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`

const partsOfSourceViews = `
    UNION ALL SELECT key, owner, catalog, oid, source_view, 'pg_class'::regclass, source_view FROM subject WHERE source_view IS NOT NULL
    UNION ALL SELECT key, owner, catalog, s.oid, source_view, 'pg_rewrite'::regclass, r.oid FROM subject s JOIN pg_rewrite r ON r.ev_class = source_view`

/**
 * $1: the objects. What PostgreSQL itself has is left out: its owner is trusted. Rules, defaults and constraints depend on the
 * object that they are part of, so one query of pg_depend finds them all. Defaults and checks that are only inherited were chosen
 * by the owner of the parent. The owner of a parent can read the rows of the table, and chooses its defaults and checks.
 *
 * Each catalog is looked up by its index, row by row: new rows have no statistics, and PostgreSQL would rather read all of them for each.
 */
function queryOf(subject: string, moreParts: string): Sql {
  return trusted(`
  WITH given AS (
    SELECT key, catalog::regclass AS catalog, oid::oid, owner
      FROM jsonb_to_recordset($1) AS s(key text, catalog text, oid bigint, owner text)
  ), subject AS MATERIALIZED (${subject}
  ), part(key, owner, catalog, oid, source_view, class, part) AS (
    SELECT key, owner, catalog, oid, source_view, catalog, oid FROM subject
    UNION ALL SELECT key, owner, catalog, oid, source_view, d.classid, d.objid
      FROM subject s
      CROSS JOIN LATERAL (SELECT * FROM pg_depend WHERE refclassid = s.catalog AND refobjid = s.oid AND deptype IN ('a', 'i') OFFSET 0) AS d
     WHERE CASE d.classid
             WHEN 'pg_rewrite'::regclass THEN true
             WHEN 'pg_class'::regclass THEN s.catalog = 'pg_type'::regclass
             WHEN 'pg_attrdef'::regclass THEN (SELECT attislocal FROM pg_attribute WHERE attrelid = s.oid AND attnum = d.refobjsubid)
             WHEN 'pg_constraint'::regclass THEN (SELECT conislocal FROM pg_constraint WHERE oid = d.objid)
             ELSE false END${moreParts}
  )
  SELECT DISTINCT p.key, p.owner AS runner, d.refclassid::regclass::text AS catalog, d.refobjid AS oid, false AS "isParent"
    FROM part p
    CROSS JOIN LATERAL (SELECT * FROM pg_depend WHERE classid = p.class AND objid = p.part AND refobjid >= 16384 OFFSET 0) AS d
   WHERE (d.refclassid, d.refobjid) <> (p.catalog, p.oid) AND d.refobjid IS DISTINCT FROM p.source_view
     AND CASE d.refclassid
       WHEN 'pg_class'::regclass THEN (SELECT relkind = 'v' OR relrowsecurity FROM pg_class WHERE oid = d.refobjid)
       ELSE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass,
                             'pg_opclass'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass) END
  UNION ALL
  SELECT s.key, s.owner, 'pg_class', i.inhparent, true
    FROM subject s JOIN pg_inherits i ON i.inhrelid = s.oid WHERE s.catalog = 'pg_class'::regclass`)
}

const queryWithoutSourceViews = queryOf(noSourceViews, '')
/** With this part, planning takes half as long again. */
const queryWithSourceViews = queryOf(withSourceViews, partsOfSourceViews)

/** The parents themselves, where a stand-in has copies of them. */
const parentsQuery: Sql = trusted(`SELECT oid, ${realParent('given.oid')} AS real FROM unnest($1::oid[]) AS given(oid)`)
