// A digest of the rows of the system catalogs that define relations, to notice at once whether another session has changed one.
// Reading and comparing the definitions themselves would take many times as long, while readers wait.

import { isCopyId } from '../../core/object.ts'
import { join, literal, number, type Sql, sql, trusted } from '../../core/sql.ts'
import type { DatabaseError } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { sourceViewOid } from '../../kinds/facets/copy/source-view.ts'
import type { ReplacementSet } from './replacement-set.ts'

// Each version of a row has its own xmin or ctid. VACUUM and ANALYZE overwrite their estimates in place, so they change neither.
// The relations that a query reads count too, since they decide how the query is shown.
const stateOfGiven = ({ more, state }: { readonly more: string; readonly state: string }) =>
  trusted(`, named AS (
    SELECT oid FROM given
    UNION SELECT d.refobjid FROM given JOIN pg_rewrite r ON r.ev_class = given.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  ), part AS (
    SELECT oid FROM named
    UNION SELECT indexrelid FROM given JOIN pg_index ON indrelid = given.oid
    UNION SELECT c.reltoastrelid FROM given JOIN pg_class c ON c.oid = given.oid
  ), object AS (
    SELECT 'pg_class'::regclass AS catalog, c.oid, c.xmin, c.ctid FROM part JOIN pg_class c ON c.oid = part.oid
    UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, r.xmin, r.ctid FROM given JOIN pg_rewrite r ON ev_class = given.oid
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid, t.xmin, t.ctid FROM given JOIN pg_trigger t ON tgrelid = given.oid
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, k.xmin, k.ctid FROM given JOIN pg_constraint k ON conrelid = given.oid
    UNION ALL SELECT 'pg_attrdef'::regclass, a.oid, a.xmin, a.ctid FROM given JOIN pg_attrdef a ON adrelid = given.oid
    UNION ALL SELECT 'pg_type'::regclass, t.oid, t.xmin, t.ctid FROM given JOIN pg_class c USING (oid) JOIN pg_type t ON t.oid = reltype
    UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, s.xmin, s.ctid FROM given JOIN pg_statistic_ext s ON stxrelid = given.oid${more}
  ), version AS (
    SELECT catalog, oid, 0 AS part, xmin, ctid FROM object
    UNION ALL SELECT 'pg_namespace'::regclass, n.oid, 0, n.xmin, n.ctid FROM named JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
    UNION ALL SELECT 'pg_attribute'::regclass, attrelid, attnum, a.xmin, a.ctid FROM part JOIN pg_attribute a ON attrelid = part.oid AND attnum > 0
    UNION ALL SELECT 'pg_index'::regclass, indexrelid, 0, i.xmin, i.ctid FROM given JOIN pg_index i ON indrelid = given.oid
    UNION ALL SELECT d.tableoid, objoid, d.objsubid, d.xmin, d.ctid FROM object JOIN pg_description d ON (objoid, classoid) = (oid, catalog)
    UNION ALL SELECT l.tableoid, objoid, l.objsubid, l.xmin, l.ctid FROM object JOIN pg_seclabel l ON (objoid, classoid) = (oid, catalog)
    UNION ALL SELECT d.tableoid, objid, d.objsubid, d.xmin, d.ctid FROM object JOIN pg_depend d ON (objid, classid) = (oid, catalog) AND deptype = 'x'
    UNION ALL SELECT d.tableoid, objid, d.objsubid, d.xmin, d.ctid FROM given JOIN pg_depend d ON (refobjid, refclassid) = (oid, 'pg_class'::regclass)
  )
  SELECT ${state} AS state FROM version`)

const digest =
  "md5(string_agg(concat_ws(' ', catalog::oid, oid, part, xmin, ctid), ',' ORDER BY catalog::oid, oid, part, xmin::text, ctid))"

const ofViews = { more: '', state: digest }

// What only tables and their source views have. The value of a sequence is in no catalog.
const ofTables = {
  more: `
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, p.xmin, p.ctid FROM given JOIN pg_policy p ON polrelid = given.oid
    UNION ALL SELECT 'pg_publication_rel'::regclass, p.oid, p.xmin, p.ctid FROM given JOIN pg_publication_rel p ON prrelid = given.oid
    UNION ALL SELECT 'pg_inherits'::regclass, inhparent, i.xmin, i.ctid FROM given JOIN pg_inherits i ON inhrelid = given.oid`,
  state: `CASE WHEN EXISTS (SELECT FROM given JOIN pg_depend d ON (refclassid, refobjid) = ('pg_class'::regclass, given.oid) AND classid = refclassid
                              JOIN pg_class s ON s.oid = objid AND s.relkind = 'S') THEN NULL ELSE ${digest} END`,
}

/**
 * A digest of the originals of a set, and of views. Undefined if some of them consist of more than these rows: foreign tables, and
 * tables with sequences. Runs under `readingPath`.
 */
export async function readRawState(
  session: Session,
  set: Pick<ReplacementSet, 'members'>,
  views: readonly { readonly oid: number }[],
): Promise<string | undefined> {
  if (!set.members.every(({ change }) => isCopyId(change.from.id))) return undefined
  const [row] = await session.query<{ state: string | null }>(rawStateQuery(set, views))
  return row?.state ?? undefined
}

/** A statement that fails unless the digest is still the same: see {@link isOtherState}. */
export function requireState(
  set: Pick<ReplacementSet, 'members'>,
  views: readonly { readonly oid: number }[],
  state: string,
): Sql {
  const body = sql`BEGIN
  IF (${rawStateQuery(set, views)}) IS DISTINCT FROM ${literal(state)} THEN
    RAISE SQLSTATE ${literal(otherState)} USING MESSAGE = 'another session has changed what is swapped';
  END IF;
END`
  return sql`DO ${literal(body)}`
}

export function isOtherState(error: DatabaseError): boolean {
  return error.sqlstate === otherState
}

/** A SQLSTATE that PostgreSQL does not use. */
const otherState = 'FDW01'

const sourceViewsOfAsked = trusted(`UNION SELECT ${sourceViewOid('c', 'n')}
    FROM asked JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'`)

function rawStateQuery({ members }: Pick<ReplacementSet, 'members'>, views: readonly { readonly oid: number }[]): Sql {
  const oids = join([...members.map(({ change }) => change.from.oid), ...views.map(({ oid }) => oid)].map(number), ', ')
  const asked = sql`asked AS (SELECT oid FROM unnest(ARRAY[${oids}]::oid[]) AS oid)`
  // Whether the set has a table. The part of the query for tables takes long, so it is left out otherwise.
  return members.some(({ change: { from, to } }) => from.id.kind === 'table' || to.id.kind === 'table')
    ? sql`WITH ${asked}, given AS (SELECT oid FROM asked ${sourceViewsOfAsked})${stateOfGiven(ofTables)}`
    : sql`WITH ${asked}, given AS (SELECT oid FROM asked)${stateOfGiven(ofViews)}`
}
