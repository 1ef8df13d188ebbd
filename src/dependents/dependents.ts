// Reads what depends on given objects, as DROP without CASCADE would report it.

import { type LiveObject, withOids } from '../core/change.ts'
import type { Dependent, DependentView, Lost } from '../core/dependent.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import { ident, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { copyIdColumn } from '../kinds/facets/copy/catalog.ts'
import { sourceViews } from '../kinds/facets/copy/source-view.ts'
import { kindOfRelation } from '../kinds/facets/relations.ts'
import { temporaryViewReason } from './ownership.ts'

interface Row {
  readonly child: ObjectId | null
  readonly of: number
  readonly catalog: string
  readonly column: string | null
  readonly id: ObjectId | null
  readonly parent: ObjectId | null
  readonly view: DependentView | null
  readonly storesValues: boolean
  readonly usesKey: boolean
  readonly usesOriginal: boolean
  /** Set if the object belongs to it. */
  readonly extension: string | null
  readonly description: string
}

// Internal and automatic dependencies (the index of a view, the default of a column) are dropped along and block nothing.
// Other dependencies are attributed to the object that a user would name:
// - A rule counts as its view, that of a source view as the table that it is the query of. A default, a constraint, a policy, a
//   statistics object, a place in a publication and a column count as their table, but messages name them: who drops the table in their
//   place loses its data. A constraint of a domain counts as the domain, the
//   attributes of a composite type count as the type.
// - A rule, a policy, a default or a check that was attached to a table copy counts as itself if it uses another object: the successor of
//   the table gets it before the swap, and it depends on the original of what it uses until then. Foreign keys refer to successors.
// - What depends on the row type of a relation depends on the relation: `setof m` is one case.
// - What depends on the primary key of a table, a foreign key or a view that groups by it, depends on the table.
// - What depends on a member of an extension depends on the extension.
// - What depends on an inherited column of a child depends on that column of the parent, which is changed in both. So does what depends
//   on the row type of a child.
// Values of a type are stored where PostgreSQL would find them: in columns of that type, of an array or domain of it, or of
// another composite type that contains it. A query that uses the type counts too: ROW(1, 2)::pair depends on its attributes.
// Triggers and statistics on a foreign table, and sequences of its columns, are listed although they are automatic, since they are
// lost with the table.
const dependentsQuery = trusted(`
  WITH RECURSIVE ${sourceViews}, target AS (
    SELECT catalog::regclass AS classid, oid AS objid FROM jsonb_to_recordset($1) AS t(catalog text, oid oid)
  ), descendant(objid, child) AS (
    SELECT objid, inhrelid FROM target JOIN pg_inherits ON inhparent = objid WHERE classid = 'pg_class'::regclass
    UNION
    SELECT objid, inhrelid FROM descendant JOIN pg_inherits ON inhparent = child
  ), row_type(objid, relid, type, typarray) AS (
    SELECT relation.objid, relid, ty.oid, typarray
      FROM (SELECT objid, objid FROM target WHERE classid = 'pg_class'::regclass UNION ALL SELECT objid, child FROM descendant) relation(objid, relid)
      JOIN pg_type ty ON ty.typrelid = relid
  ), referenced(classid, objid, refclassid, refobjid, relid) AS (
    SELECT classid, objid, classid, objid, objid FROM target
    UNION ALL
    SELECT 'pg_class'::regclass, objid, 'pg_class'::regclass, child, child FROM descendant
    UNION ALL
    SELECT 'pg_class'::regclass, objid, 'pg_type'::regclass, type, relid FROM row_type
    UNION ALL
    SELECT 'pg_class'::regclass, objid, 'pg_type'::regclass, typarray, relid FROM row_type WHERE typarray <> 0
    UNION ALL
    SELECT target.classid, target.objid, 'pg_type'::regclass, ty.typarray, ty.typarray
      FROM target JOIN pg_type ty ON ty.oid = target.objid AND target.classid = 'pg_type'::regclass
     WHERE ty.typarray <> 0
    UNION ALL
    SELECT target.classid, target.objid, 'pg_type'::regclass, ty.oid, ty.oid
      FROM target JOIN pg_range r ON r.rngtypid = target.objid AND target.classid = 'pg_type'::regclass
      JOIN pg_type m ON m.oid = r.rngmultitypid JOIN pg_type ty ON ty.oid IN (m.oid, m.typarray)
    UNION ALL
    SELECT target.classid, target.objid, 'pg_class'::regclass, ty.typrelid, ty.typrelid
      FROM target JOIN pg_type ty ON ty.oid = target.objid AND target.classid = 'pg_type'::regclass
     WHERE ty.typrelid <> 0
    UNION ALL
    SELECT target.classid, target.objid, member.classid, member.objid, member.objid
      FROM target JOIN pg_depend member ON member.refclassid = target.classid AND member.refobjid = target.objid
       AND member.deptype = 'e'
     WHERE target.classid = 'pg_extension'::regclass
    UNION ALL
    SELECT target.classid, target.objid, target.classid, view, view
      FROM target JOIN source_view ON copy = target.objid WHERE target.classid = 'pg_class'::regclass
    UNION ALL
    SELECT target.classid, target.objid, refclassid, refobjid, target.objid
      FROM target JOIN pg_constraint k ON k.conrelid = target.objid AND k.contype = 'p',
           LATERAL (VALUES ('pg_constraint'::regclass, k.oid), ('pg_class'::regclass, k.conindid)) AS key(refclassid, refobjid)
     WHERE target.classid = 'pg_class'::regclass
  ), attached(classid, objid, part_class, part) AS (
    SELECT t.classid, t.objid, 'pg_trigger'::regclass, tg.oid
      FROM target t JOIN pg_class f ON f.oid = t.objid AND f.relkind = 'f'
      JOIN pg_trigger tg ON tg.tgrelid = f.oid AND NOT tg.tgisinternal AND tg.tgparentid = 0
     WHERE t.classid = 'pg_class'::regclass
    UNION ALL
    SELECT t.classid, t.objid, 'pg_statistic_ext'::regclass, st.oid
      FROM target t JOIN pg_class f ON f.oid = t.objid AND f.relkind = 'f' JOIN pg_statistic_ext st ON st.stxrelid = f.oid
     WHERE t.classid = 'pg_class'::regclass
    UNION ALL
    SELECT t.classid, t.objid, 'pg_class'::regclass, s.oid
      FROM target t JOIN pg_class f ON f.oid = t.objid AND f.relkind = 'f'
      JOIN pg_depend d ON (d.refclassid, d.refobjid) = (t.classid, t.objid) AND d.classid = t.classid AND d.deptype = 'a'
      JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
     WHERE t.classid = 'pg_class'::regclass
  ), direct AS (
    SELECT classid AS ofclass, objid AS of, objid AS used, NULL::int AS attnum, part_class AS classid, part AS objid, NULL AS why_not_repointed,
           false AS uses_type, false AS uses_key, NULL::oid AS attached_to, NULL::name AS extension, NULL AS described
      FROM attached
    UNION
    SELECT t.classid, t.objid, t.objid, NULL, d.refclassid, d.refobjid, NULL, false, false, NULL, extname, NULL
      FROM target t JOIN pg_depend d ON d.classid = t.classid AND d.objid = t.objid AND d.deptype = 'e'
      JOIN pg_extension e ON e.oid = d.refobjid
     WHERE t.classid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_foreign_server'::regclass)
    UNION
    SELECT r.classid AS ofclass, r.objid AS of, r.relid AS used, nullif(d.refobjsubid, 0) AS attnum,
           CASE WHEN attachment.of IS NOT NULL THEN d.classid
                WHEN coalesce(rw.ev_class, k.conrelid, st.stxrelid, ad.adrelid, po.polrelid, pr.prrelid, tg.tgrelid) IS NOT NULL THEN 'pg_class'::regclass
                WHEN coalesce(dk.contypid, composite.reltype) IS NOT NULL THEN 'pg_type'::regclass ELSE d.classid END AS classid,
           CASE WHEN attachment.of IS NOT NULL THEN d.objid
                ELSE coalesce(source_view.copy, rw.ev_class, k.conrelid, st.stxrelid, ad.adrelid, po.polrelid, pr.prrelid, tg.tgrelid, dk.contypid,
                              composite.reltype, d.objid) END AS objid,
           CASE WHEN rw.rulename <> '_RETURN' THEN 'rules are not repointed'
                WHEN (r.classid, r.refclassid) = ('pg_class'::regclass, 'pg_type'::regclass) THEN 'it uses its row type' END AS why_not_repointed,
           r.refclassid = 'pg_type'::regclass AS uses_type,
           r.refclassid = 'pg_constraint'::regclass OR (r.refclassid, r.classid) = ('pg_class'::regclass, 'pg_class'::regclass)
             AND r.refobjid IN (SELECT conindid FROM pg_constraint WHERE conrelid = r.objid AND contype = 'p') AS uses_key,
           attachment.of AS attached_to, NULL AS extension,
           CASE WHEN attachment.of IS NULL AND source_view.copy IS NULL
                  AND (rw.rulename <> '_RETURN' OR coalesce(k.oid, st.oid, ad.oid, po.oid, pr.oid, stored.oid) IS NOT NULL)
                THEN pg_describe_object(d.classid, d.objid, d.objsubid) END AS described
      FROM referenced r
      JOIN pg_depend d ON d.refclassid = r.refclassid AND d.refobjid = r.refobjid AND d.deptype = 'n'
      LEFT JOIN pg_rewrite rw ON d.classid = 'pg_rewrite'::regclass AND rw.oid = d.objid
      LEFT JOIN source_view ON source_view.view = coalesce(rw.ev_class, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END)
      LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.conrelid <> 0
      LEFT JOIN pg_constraint dk ON d.classid = 'pg_constraint'::regclass AND dk.oid = d.objid AND dk.contypid <> 0
      LEFT JOIN pg_attrdef ad ON d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
      LEFT JOIN pg_class composite ON d.classid = 'pg_class'::regclass AND composite.oid = d.objid AND composite.relkind = 'c'
      LEFT JOIN pg_class stored ON d.classid = 'pg_class'::regclass AND stored.oid = d.objid AND stored.relkind IN ('r', 'p') AND d.objsubid > 0
      LEFT JOIN pg_statistic_ext st ON d.classid = 'pg_statistic_ext'::regclass AND st.oid = d.objid
      LEFT JOIN pg_policy po ON d.classid = 'pg_policy'::regclass AND po.oid = d.objid
      LEFT JOIN pg_publication_rel pr ON d.classid = 'pg_publication_rel'::regclass AND pr.oid = d.objid
      LEFT JOIN pg_trigger tg ON d.classid = 'pg_trigger'::regclass AND tg.oid = d.objid AND tg.tgrelid IN (SELECT copy FROM source_view)
      LEFT JOIN LATERAL (
        SELECT copy AS of FROM source_view
         WHERE source_view.view <> coalesce(rw.ev_class, 0) AND r.classid = 'pg_class'::regclass
           AND copy = coalesce(rw.ev_class, k.conrelid, ad.adrelid, po.polrelid) AND copy <> r.objid AND k.contype IS DISTINCT FROM 'f'
      ) attachment ON true
  ), holding(ofclass, of, classid, objid, at_class, at) AS (
    SELECT ofclass, of, classid, objid, classid, objid FROM direct WHERE uses_type
    UNION
    SELECT h.ofclass, h.of, h.classid, h.objid, d.classid, d.objid
      FROM holding h LEFT JOIN pg_class c ON h.at_class = 'pg_class'::regclass AND c.oid = h.at AND c.relkind IN ('f', 'v', 'c')
      JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = CASE h.at_class WHEN 'pg_type'::regclass THEN h.at ELSE c.reltype END
       AND (d.classid = 'pg_type'::regclass OR d.classid = 'pg_class'::regclass AND d.objsubid > 0)
  ), storing AS (
    SELECT ofclass, of, classid, objid
      FROM holding JOIN pg_class c ON at_class = 'pg_class'::regclass AND c.oid = at AND c.relkind NOT IN ('f', 'v', 'c')
  )
  SELECT d.of, d.ofclass::text AS catalog,
         used_column.attname AS column,
         CASE WHEN descendant.child IS NOT NULL THEN (
           SELECT jsonb_build_object('kind', 'foreignTable', 'schema', cn.nspname, 'name', child.relname)
             FROM pg_class child JOIN pg_namespace cn ON cn.oid = child.relnamespace WHERE child.oid = d.used) END AS child,
         CASE WHEN d.classid = 'pg_class'::regclass AND (c.relkind IN ('f', 'm', 'v') OR c.oid IN (SELECT copy FROM source_view)) THEN
                jsonb_build_object('kind', ${kindOfRelation('c.relkind')},
                                   'schema', n.nspname, 'name', c.relname)
              WHEN c.relkind = 'i' AND (view.relkind = 'm' OR view.oid IN (SELECT copy FROM source_view)) THEN
                jsonb_build_object('kind', 'index', 'schema', n.nspname, 'name', c.relname)
              WHEN d.classid = 'pg_type'::regclass THEN
                (SELECT jsonb_build_object('kind', 'type', 'schema', tn.nspname, 'name', ty.typname)
                   FROM pg_type ty JOIN pg_namespace tn ON tn.oid = ty.typnamespace WHERE ty.oid = d.objid)
              WHEN d.classid = 'pg_foreign_server'::regclass THEN
                (SELECT jsonb_build_object('kind', 'server', 'name', srvname) FROM pg_foreign_server s WHERE s.oid = d.objid)
              WHEN d.classid = 'pg_foreign_data_wrapper'::regclass THEN
                (SELECT jsonb_build_object('kind', 'foreignDataWrapper', 'name', fdwname)
                   FROM pg_foreign_data_wrapper w WHERE w.oid = d.objid)
              WHEN d.classid = 'pg_extension'::regclass AND d.extension IS NULL THEN
                (SELECT jsonb_build_object('kind', 'extension', 'name', extname) FROM pg_extension e WHERE e.oid = d.objid)
              WHEN d.classid = 'pg_user_mapping'::regclass THEN
                (SELECT jsonb_build_object('kind', 'userMapping', 'server', m.srvname,
                                           'role', CASE WHEN m.umuser <> 0 THEN m.usename END)
                   FROM pg_user_mappings m WHERE m.umid = d.objid) END AS id,
         CASE WHEN view.relkind = 'm' OR view.oid IN (SELECT copy FROM source_view) THEN
                ${copyIdColumn('view', 'n')}
              WHEN holder.oid IS NOT NULL THEN ${copyIdColumn('holder', 'hn')}
              WHEN (d.ofclass, d.of, d.classid, d.objid) IN (SELECT classid, objid, part_class, part FROM attached) THEN
                (SELECT jsonb_build_object('kind', 'foreignTable', 'schema', fn.nspname, 'name', f.relname)
                   FROM pg_class f JOIN pg_namespace fn ON fn.oid = f.relnamespace WHERE f.oid = d.of) END AS parent,
         CASE WHEN c.relkind = 'v' THEN jsonb_build_object('oid', c.oid::int8, 'otherOwner', CASE WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN pg_get_userbyid(c.relowner) END,
                'whyNotRepointed', CASE WHEN c.relpersistence = 't' THEN '${temporaryViewReason}' ELSE d.why_not_repointed END) END AS view,
         d.uses_key AS "usesKey", d.extension, holder.oid IS NOT NULL AS "usesOriginal",
         d.uses_type AND (d.ofclass, d.of, d.classid, d.objid) IN (SELECT * FROM storing) AS "storesValues",
         coalesce(d.described, pg_describe_object(d.classid, d.objid, 0)) AS description
    FROM direct d
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_class view ON view.oid = i.indrelid
    LEFT JOIN pg_class holder ON holder.oid = d.attached_to
    LEFT JOIN pg_namespace hn ON hn.oid = holder.relnamespace
    LEFT JOIN pg_attribute used_column ON used_column.attrelid = d.used AND used_column.attnum = d.attnum
    LEFT JOIN descendant ON d.ofclass = 'pg_class'::regclass AND descendant.objid = d.of AND descendant.child = d.used
   WHERE (d.classid, d.objid) NOT IN ((d.ofclass, d.of), (d.ofclass, d.used))
     AND (descendant.child IS NULL OR d.uses_type OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = d.of AND attname = used_column.attname))
     -- The members of an extension depend on its schema like other objects, but are dropped with the extension.
     AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid AND x.objid = d.objid
                       AND (x.deptype = 'i' OR x.deptype = 'e' AND d.ofclass IN ('pg_namespace'::regclass, 'pg_extension'::regclass)))
   ORDER BY description`)

/** The catalog and OID of an object. */
export type CatalogEntry = Pick<LiveObject, 'id' | 'oid' | 'catalog'>

// A view depends on itself, through its rule.
const anyDependentQuery = trusted(`
  SELECT EXISTS (
    SELECT FROM (SELECT 'pg_class'::regclass, c.oid FROM pg_class c WHERE c.oid = ANY ($1::oid[])
                 UNION ALL SELECT 'pg_type'::regclass, used.oid
                   FROM pg_class c JOIN pg_type t ON t.oid = c.reltype, LATERAL (VALUES (t.oid), (t.typarray)) AS used(oid)
                  WHERE c.oid = ANY ($1::oid[])) AS of(class, oid)
      JOIN pg_depend d ON d.refclassid = of.class AND d.refobjid = of.oid AND d.deptype = 'n'
     WHERE NOT EXISTS (SELECT FROM pg_rewrite r WHERE d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class = of.oid)) AS "isAny"`)

/** The same for materialized views. Usually there are none, which PostgreSQL finds out in a tenth of the time. */
export async function readDependentsOfViews(
  session: Session,
  views: readonly CatalogEntry[],
): Promise<readonly Dependent[]> {
  if (views.length === 0) return []
  const [found] = await session.query<{ isAny: boolean }>(anyDependentQuery, [views.map(({ oid }) => oid)])
  return found?.isAny ? readDependents(session, views) : []
}

/** Reads the direct dependents of objects, within the session's transaction and under the reading path. */
export async function readDependents(
  session: Session,
  objects: readonly CatalogEntry[],
): Promise<readonly Dependent[]> {
  const found = withOids(objects)
  if (found.length === 0) return []
  const keys = new Map(found.map((object) => [`${object.catalog} ${object.oid}`, keyOf(object.id)]))
  const targets = JSON.stringify(found.map(({ catalog, oid }) => ({ catalog, oid })))
  const rows = await session.query<Row>(dependentsQuery, [targets])
  return rows.flatMap(({ of, catalog, child, id, parent, view, extension, ...row }) => {
    const on = keys.get(`${catalog} ${of}`)
    const { column, storesValues, usesKey, usesOriginal, description } = row
    const address = { key: id ? keyOf(id) : undefined, parent: parent ? keyOf(parent) : undefined }
    const through = child ? { through: keyOf(child) } : {}
    const lost = extension === null ? {} : { lost: ownedByExtension(extension) }
    const known = { storesValues, usesKey, usesOriginal, description, ...lost }
    return on === undefined ? [] : [{ on, column, ...address, ...through, view: view ?? undefined, ...known }]
  })
}

function ownedByExtension(extension: string): Lost {
  const hint = `Take it out of the extension first: ALTER EXTENSION ${ident(extension)} DROP … does that, and drops nothing.`
  return { reason: 'it belongs to the extension', hint }
}
