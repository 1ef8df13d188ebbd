// Lets a script stop before it does anything, if what it replaces has changed since it was written: it would lose what others have
// added meanwhile. Unlike raw-state.ts, a refresh in between does not matter.

import type { Relation } from '../../core/object.ts'
import { join, literal, qualified, type Sql, sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

const listed = (of: Sql, from: Sql) =>
  sql`(SELECT string_agg(part, E'\\n' ORDER BY part) FROM (SELECT ${of} AS part FROM ${from}) AS parts)`

const attached = join(
  [
    sql`coalesce(c.relacl, acldefault('r', c.relowner))`,
    sql`pg_get_userbyid(c.relowner)`,
    sql`CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END`,
    listed(
      sql`concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attidentity, a.attacl, pg_get_expr(adbin, adrelid))`,
      sql`pg_attribute a LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped`,
    ),
    listed(
      sql`concat_ws(' ', pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class'), indisclustered)`,
      sql`pg_index WHERE indrelid = c.oid`,
    ),
    listed(
      sql`concat_ws(' ', conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))`,
      sql`pg_constraint WHERE conrelid = c.oid`,
    ),
    listed(
      sql`concat_ws(' ', pg_get_statisticsobjdef(oid), obj_description(oid, 'pg_statistic_ext'))`,
      sql`pg_statistic_ext WHERE stxrelid = c.oid`,
    ),
    listed(
      sql`concat_ws(' ', pg_get_triggerdef(oid), tgenabled, obj_description(oid, 'pg_trigger'))`,
      sql`pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal`,
    ),
    listed(
      sql`concat_ws(' ', pg_get_ruledef(oid), ev_enabled)`,
      sql`pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN'`,
    ),
    listed(
      sql`concat_ws(' ', polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))`,
      sql`pg_policy WHERE polrelid = c.oid`,
    ),
    listed(
      sql`concat_ws(' ', objsubid, description)`,
      sql`pg_description WHERE objoid = c.oid AND classoid = 'pg_class'::regclass`,
    ),
    listed(sql`pubname`, sql`pg_publication_rel p JOIN pg_publication b ON b.oid = prpubid WHERE prrelid = c.oid`),
  ].map((part) => sql`coalesce(${part}::text, '')`),
  ',\n    ',
)

/** One row with a digest; null if one of the relations is gone. */
const stateQuery = (
  relations: Sql,
) => sql`SELECT CASE WHEN bool_and(c.oid IS NOT NULL) THEN md5(string_agg(concat_ws(E'\\n',
    ${attached}), E'\\n' ORDER BY name)) END AS state
  FROM unnest(${relations}) AS name LEFT JOIN pg_class c ON c.oid = to_regclass(name)`

/**
 * Reads the relations, and returns a statement that fails if something about them, or attached to them, has changed since. Runs under
 * `readingPath`, as the statement does. Undefined without relations.
 */
export async function checkUnchanged(session: Session, relations: readonly Relation[]): Promise<Sql | undefined> {
  if (relations.length === 0) return undefined
  const names = relations.map(({ schema, name }) => literal(qualified(schema, name)))
  const query = stateQuery(sql`ARRAY[${join(names, ', ')}]::text[]`)
  const [row] = await session.query<{ readonly state: string | null }>(query)
  const body = sql`BEGIN
  IF (${query}) IS DISTINCT FROM ${literal(row?.state ?? '')} THEN
    RAISE EXCEPTION 'what this script replaces has changed since it was written' USING HINT = 'Write it again: fdwsync plan --format sql.';
  END IF;
END`
  return sql`DO ${literal(body)}`
}
