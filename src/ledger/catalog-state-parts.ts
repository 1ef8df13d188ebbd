// The building blocks of the queries for the digest of the catalog: see catalog-state.ts.

import { type Sql, trusted } from '../core/sql.ts'
import { sourceViewOid } from '../kinds/facets/copy/source-view.ts'

/** A row as text, with its NULLs. */
export const row = (...columns: readonly string[]) => `ROW(${columns.join(', ')})::text`

/** A part of the digest: rows as text, in a fixed order. */
export const part = (name: string, text: string, order: string, from: string) =>
  `SELECT '${name}', md5(string_agg(${text}, '|' ORDER BY ${order})) FROM ${from}`

/**
 * Looks up by an index the rows of a catalog for each row of a part of the query, as `alias`. Without statistics, as before the
 * ledger and new catalog rows are analyzed, PostgreSQL expects the parts to be small, and would scan them for each row of the
 * catalog.
 */
export const eachOf = (catalog: string, alias: string, condition: string, columns = '*') =>
  `CROSS JOIN LATERAL (SELECT ${columns} FROM ${catalog} WHERE ${condition} OFFSET 0) AS ${alias}`

/** Whether a name in a column of type name is one of the names in the SQL. The cast cuts these to the length of names. */
export const isNamed = (column: string) => `${column} = ANY ($4::text[]::name[])`

/** The user-defined objects in a catalog that a name in the SQL could find. */
export const named = (catalog: string, prefix: string) =>
  `SELECT * FROM ${catalog} WHERE oid >= 16384 AND ${isNamed(`${prefix}name`)} AND ${prefix}namespace IN (SELECT oid FROM reachable)`

/** The columns of pg_attribute that decide what a query over a relation means. */
export const readAttribute = row('a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attisdropped')

/** The relations that the object of a catalog row refers to. */
const relationsOf = (catalog: string, alias: string) =>
  eachOf(
    'pg_depend',
    'd',
    `classid = '${catalog}'::regclass AND objid = ${alias}.oid AND refclassid = 'pg_class'::regclass`,
    'refobjid',
  )

/**
 * The kinds of objects that the manifest owns, by which parts of the queries are left out: on a small database they take longer to
 * plan than to run. The parts left out have no rows, so the digest is the same.
 */
export type OwnedKinds = ReadonlySet<string>

/** Whether something that the manifest owns can have parents, defaults and constraints. */
export const hasTables = (kinds: OwnedKinds) => kinds.has('foreignTable') || kinds.has('table')

/** Whether something that the manifest owns can have a query. */
export const hasQueries = (kinds: OwnedKinds) => kinds.has('materializedView') || kinds.has('table')

/** Tables of such a query: what the manifest owns, what that reads, and the schemas in which its SQL finds names. */
export const ownedTables = (kinds: OwnedKinds) => `owned AS MATERIALIZED (
    SELECT o.address, o.object_oid AS oid, ($2::jsonb ->> (o.address::json ->> 0)) AS catalog, o.digest, o.declared,
           o.declared ? 'owner' AS manages_owner, o.declared ?| '{grants,revokedFromOwner}' AS manages_grants
      FROM fdwsync.object o WHERE o.manifest = $1
  ), own_relation AS MATERIALIZED (
    SELECT oid, declared, manages_owner, manages_grants FROM owned WHERE catalog = 'pg_class'${
      kinds.has('table') ? sourceViews : ''
    }${kinds.has('type') ? rowTypes : ''}
  ), parent AS MATERIALIZED (
    ${
      hasTables(kinds)
        ? `SELECT DISTINCT i.inhparent AS oid FROM own_relation o ${eachOf('pg_inherits', 'i', 'inhrelid = o.oid')}`
        : 'SELECT 0::oid AS oid WHERE false'
    }
  ), relation AS MATERIALIZED (
    SELECT oid, true AS is_whole, manages_grants FROM own_relation
    UNION ALL
    SELECT oid, true, false FROM parent WHERE oid NOT IN (SELECT oid FROM own_relation)
    UNION ALL
    SELECT oid, false, false FROM (
      SELECT 0::oid AS oid WHERE false${hasQueries(kinds) ? readByQueries : ''}${hasTables(kinds) ? readByExpressions : ''}
    ) AS read WHERE oid NOT IN (SELECT oid FROM own_relation) AND oid NOT IN (SELECT oid FROM parent)
  ), reachable AS MATERIALIZED (
    SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($3::name[]) OR ${isNamed('nspname')} OR nspname = 'pg_catalog'`

const sourceViews = `
    UNION ALL
    SELECT ${sourceViewOid()}, declared, true, true
      FROM owned JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
     WHERE catalog = 'pg_class' AND relkind = 'r' AND ${sourceViewOid()} IS NOT NULL`

const rowTypes = `
    UNION ALL
    SELECT t.typrelid, declared, manages_owner, manages_grants FROM owned JOIN pg_type t USING (oid)
     WHERE catalog = 'pg_type' AND t.typrelid <> 0`

const readByQueries = `
      UNION
      SELECT d.refobjid FROM own_relation o ${eachOf('pg_rewrite', 'r', 'ev_class = o.oid', 'oid')} ${relationsOf('pg_rewrite', 'r')}`

const readByExpressions = `
      UNION
      SELECT d.refobjid FROM own_relation o ${eachOf('pg_attrdef', 'e', 'adrelid = o.oid', 'oid')} ${relationsOf('pg_attrdef', 'e')}
      UNION
      SELECT d.refobjid FROM own_relation o ${eachOf('pg_constraint', 'k', "conrelid = o.oid AND contype = 'c'", 'oid')} ${relationsOf('pg_constraint', 'k')}`

/**
 * One digest of the parts that have rows; null if none has. It uses FILTER, since PostgreSQL would move a WHERE clause into each part, and
 * compute those with subqueries a second time for it.
 */
export const digestOfParts = (parts: readonly string[]): Sql =>
  trusted(`(SELECT md5(string_agg(concat(name, ' ', digest), E'\\n' ORDER BY name) FILTER (WHERE digest IS NOT NULL))
     FROM (${parts.join('\n    UNION ALL\n')}) AS part(name, digest))`)
