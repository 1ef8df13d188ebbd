import { relationKey } from '../core/object.ts'
import { ident, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { withRelationsMoved } from '../manifest/relations-moved.ts'
import type { View } from './followers.ts'

/** What is done around a swap so that views of people are made anew in it. */
export interface Recreation {
  /** While all that is replaced still stands. */
  readonly before: readonly Sql[]
  /** Before it goes. */
  readonly drops: readonly Sql[]
  /** Once its successors have taken their places. */
  readonly after: readonly Sql[]
  /** The scratch schema that the successor of a relation stands in until then, a view's too. */
  placeOf(schema: string, name: string): string | undefined
}

interface Row {
  readonly oid: number
  readonly definition: string
  readonly options: string | null
  /** What people have given it, as statements. */
  readonly given: readonly string[]
}

// Everything that a view can be given. What it is granted comes after its owner, who grants it; what a grantee with a grant
// option has granted is granted by that one again. Of what is made anew nobody has anything by default: that is revoked.
const viewsQuery: Sql = trusted(`
  WITH view AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS place FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::oid[])
  ), granted AS (
    SELECT view.oid, place, relowner, '' AS columns, (aclexplode(relacl)).* FROM view
    UNION ALL
    SELECT view.oid, place, relowner, format(' (%I)', attname), (aclexplode(attacl)).*
      FROM view JOIN pg_attribute ON attrelid = view.oid AND attnum > 0 AND NOT attisdropped
  ), statements(oid, at, sql) AS (
    SELECT oid, 1, format('ALTER VIEW %s OWNER TO %I', place, pg_get_userbyid(relowner)) FROM view
    UNION ALL
    SELECT view.oid, 2, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', place, attname, pg_get_expr(adbin, adrelid))
      FROM view JOIN pg_attrdef ON adrelid = view.oid JOIN pg_attribute a ON a.attrelid = view.oid AND a.attnum = adnum
    UNION ALL
    SELECT view.oid, 3, pg_get_ruledef(r.oid) FROM view JOIN pg_rewrite r ON r.ev_class = view.oid AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT view.oid, 3, pg_get_triggerdef(t.oid) FROM view JOIN pg_trigger t ON t.tgrelid = view.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT view.oid, 4, format('COMMENT ON VIEW %s IS %L', place, description)
      FROM view JOIN pg_description d ON d.objoid = view.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    UNION ALL
    SELECT view.oid, 4, format('COMMENT ON COLUMN %s.%I IS %L', place, attname, description)
      FROM view JOIN pg_description d ON d.objoid = view.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0
      JOIN pg_attribute a ON a.attrelid = view.oid AND a.attnum = d.objsubid
    UNION ALL
    SELECT view.oid, 4, format('COMMENT ON RULE %I ON %s IS %L', rulename, place, description)
      FROM view JOIN pg_rewrite r ON r.ev_class = view.oid JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_rewrite'::regclass
    UNION ALL
    SELECT view.oid, 4, format('COMMENT ON TRIGGER %I ON %s IS %L', tgname, place, description)
      FROM view JOIN pg_trigger t ON t.tgrelid = view.oid JOIN pg_description d ON d.objoid = t.oid AND d.classoid = 'pg_trigger'::regclass
    UNION ALL
    SELECT view.oid, 4, format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION %I', tgname, place, extname)
      FROM view JOIN pg_trigger t ON t.tgrelid = view.oid
      JOIN pg_depend d ON d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'x' JOIN pg_extension e ON e.oid = d.refobjid
    UNION ALL
    SELECT view.oid, 4, format('SECURITY LABEL FOR %I ON %s %s%s IS %L', provider, CASE WHEN attname IS NULL THEN 'VIEW' ELSE 'COLUMN' END,
                               place, '.' || quote_ident(attname), label)
      FROM view JOIN pg_seclabel l ON classoid = 'pg_class'::regclass AND objoid = view.oid
      LEFT JOIN pg_attribute ON attrelid = view.oid AND attnum = l.objsubid AND l.objsubid > 0
    UNION ALL
    SELECT oid, 5, format('REVOKE ALL ON %s FROM %I', place, pg_get_userbyid(relowner)) FROM view WHERE relacl IS NOT NULL
    UNION ALL
    SELECT oid, CASE WHEN grantor = relowner THEN 6 ELSE 7 END,
           CASE WHEN grantor = relowner THEN '' ELSE format('SET LOCAL ROLE %I; ', pg_get_userbyid(grantor)) END ||
           format('GRANT %s%s ON %s TO %s%s', privilege_type, columns, place,
                  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) ||
           CASE WHEN grantor = relowner THEN '' ELSE format('; SET LOCAL ROLE %I', current_user) END
      FROM granted
  )
  SELECT oid, rtrim(pg_get_viewdef(oid), ';') AS definition,
         (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(view.reloptions)) AS options,
         ARRAY(SELECT sql FROM statements s WHERE s.oid = view.oid ORDER BY at, sql) AS given
    FROM view`)

/**
 * What makes views anew with all that people have given them, over the successors of what they read. They are locked, so that
 * nobody's change to one is lost. Runs under the reading path.
 * @param views what reads comes before what it reads
 * @param relations the scratch schemas in which the successors of what is swapped stand
 */
export async function recreationOf(
  session: Session,
  views: readonly View[],
  relations: ReadonlyMap<string, string>,
): Promise<Recreation> {
  const [beside] = relations.values()
  const names = new Map(
    [...new Set(views.map(({ schema }) => schema))].map((each, at) => [each, `${beside}_views_${at}`]),
  )
  const places = new Map([
    ...relations,
    ...views.map(({ schema, name }) => [relationKey(schema, name), names.get(schema) ?? ''] as const),
  ])
  const placeOf = (schema: string, name: string) => places.get(relationKey(schema, name))
  if (views.length === 0) return { before: [], drops: [], after: [], placeOf }
  const rows = await session.query<Row>(viewsQuery, [views.map(({ oid }) => oid)])
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const schemas = Array.from(names.values(), ident)
  const before = schemas.map((schema) => sql`CREATE SCHEMA ${schema}`)
  const moves: Sql[] = []
  const given: Sql[] = []
  for (const { oid, schema, name } of views.toReversed()) {
    const row = byOid.get(oid)
    if (!row) continue
    const query = await withRelationsMoved(row.definition, (relation) => placeOf(relation.schema ?? '', relation.name))
    const parameters = row.options === null ? sql`` : sql` WITH (${trusted(row.options)})`
    const view = qualified(names.get(schema) ?? '', name)
    before.push(sql`CREATE VIEW ${view}${parameters} AS\n${trusted(query)}`, withoutDefaults(view))
    moves.push(sql`ALTER VIEW ${view} SET SCHEMA ${ident(schema)}`)
    given.push(...row.given.map(trusted))
  }
  return {
    before,
    drops: views.map(({ schema, name }) => sql`DROP VIEW ${qualified(schema, name)}`),
    after: [...moves, ...given, ...schemas.map((schema) => sql`DROP SCHEMA ${schema}`)],
    placeOf,
  }
}

/** Takes from everybody what ALTER DEFAULT PRIVILEGES has given them on a new view. */
function withoutDefaults(view: Sql): Sql {
  const body = sql`
DECLARE
  given record;
BEGIN
  FOR given IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl)
                WHERE c.oid = ${literal(view)}::regclass AND grantee <> c.relowner LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', ${literal(view)},
                   CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END);
  END LOOP;
END`
  return sql`DO ${literal(body)}`
}
