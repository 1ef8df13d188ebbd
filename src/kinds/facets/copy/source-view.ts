// The plain view in schema fdwsync_source that holds the query of a table. PostgreSQL then knows what the table reads: it
// tracks renames, refuses to drop what is read, and dumps the query along with the data.
import { createHash } from 'node:crypto'
import type { Relation } from '../../../core/object.ts'
import { sourceSchema } from '../../../core/reserved-schemas.ts'
import { fragment, ident, literal, qualified, type Sql, type Statement, sql, statement } from '../../../core/sql.ts'
import { fullNameIn, fullNameOf } from './full-name.ts'
import { isAdopted, isMarked } from './table-mark.ts'

/** Names have at most 63 bytes. */
const longestName = 63

/** Comments on the view. They are a part of the catalog, so that they commit with the data and are in every dump. */
const marks = { notLoaded: 'not loaded', standIn: 'stand-in' } as const

/** The setting that has them: see {@link findSourceViewsOf}. */
const formerNames = 'fdwsync.source_views'

/** The view of a table: `shop.orders`, or the MD5 of that if it is too long for a name. */
export function sourceViewOf(table: Relation): Relation {
  const full = fullNameOf(table)
  return { schema: sourceSchema, name: Buffer.byteLength(full) > longestName ? md5(full) : full }
}

/** The view of a stand-in is in the schema of the stand-in, under a name that no query can use by chance. */
export function standInViewOf(table: Relation): Relation {
  return { schema: table.schema, name: md5(fullNameOf(table)) }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

/**
 * The OID of the source view of a managed table, or of a stand-in; NULL if there is none. For queries under the reading path, given the
 * aliases of its rows in pg_class and pg_namespace. Lengths and digests are of UTF-8, whatever the encoding of the database is.
 */
export function sourceViewOid(table = 'c', schema = 'n'): string {
  const { view, standIn } = viewNames(table, schema)
  return `coalesce(
    (SELECT s.oid FROM pg_class s WHERE ${isMarked(table)} AND s.relnamespace = to_regnamespace('${sourceSchema}') AND s.relkind = 'v' AND s.relname = ${view}),
    (SELECT s.oid FROM pg_class s WHERE s.relnamespace = ${schema}.oid AND s.relkind = 'v' AND s.relname = ${standIn}
        AND ${markOf('s')} = '${marks.standIn}'))`
}

/** Whether a relation is a copy: a materialized view, or a table that is managed, adopted or a stand-in. */
export function isCopy(relation: string, schema: string): string {
  const isTable = `(${sourceViewOid(relation, schema)} IS NOT NULL OR ${isMarked(relation)} OR ${isAdopted(relation, schema)})`
  return `(${relation}.relkind = 'm' OR ${relation}.relkind = 'r' AND ${isTable})`
}

/** A common table expression `source_view(view, copy)`: the source view of each table that has one. */
export const sourceViews = `source_view(view, copy) AS (
    SELECT v.oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_class v ON v.relnamespace = to_regnamespace('${sourceSchema}') AND v.relkind = 'v' AND v.relname = ${viewNames('c', 'n').view}
     WHERE c.relkind = 'r' AND ${isMarked('c')})`

function viewNames(table: string, schema: string): { readonly view: string; readonly standIn: string } {
  const full = fullNameIn(table, schema)
  const bytes = `convert_to(${full}, 'UTF8')`
  const former = `nullif(current_setting('${formerNames}', true), '')::jsonb ->> ${table}.oid::text`
  return {
    view: `coalesce(${former}, CASE WHEN octet_length(${bytes}) > ${longestName} THEN md5(${bytes}) ELSE ${full} END)::name`,
    standIn: `md5(${bytes})::name`,
  }
}

/** A table that was renamed by hand. */
export interface RenamedTable {
  readonly oid: number
  readonly was: Relation
  readonly is: Relation
}

/** Lets catalog queries of this transaction find the source views of such tables, unless these were renamed too. */
export function findSourceViewsOf(tables: readonly RenamedTable[]): Sql {
  const names = tables.map(({ oid, was, is }) => ({ oid, was: sourceViewOf(was).name, is: sourceViewOf(is).name }))
  const former = sql`SELECT pg_catalog.jsonb_object_agg(oid, was)::text
    FROM pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(names))}) AS renamed(oid oid, was name, "is" name)
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace(${literal(sourceSchema)}) AND relname = "is")`
  const value = tables.length === 0 ? sql`NULL` : sql`(${former})`
  return sql`SELECT pg_catalog.set_config(${literal(formerNames)}, coalesce(${value}, ''), true)`
}

function markOf(view: string): string {
  return `obj_description(${view}.oid, 'pg_class')`
}

/** Whether the table has been loaded, in such a query. */
export function isLoaded(view: string): string {
  return `${markOf(view)} IS NULL`
}

/** `names` follows the name of the view: names of its columns in parentheses, or nothing. */
export function createSourceView(view: Relation, names: Sql, query: string): readonly Statement[] {
  const name = qualified(view.schema, view.name)
  const mark = view.schema === sourceSchema ? marks.notLoaded : marks.standIn
  return [
    // A table that was renamed by hand has left its view behind.
    ...(mark === marks.notLoaded ? [statement(sql`DROP VIEW IF EXISTS ${name}`)] : []),
    statement(sql`CREATE VIEW ${name}${names} AS\n${fragment(query)}`),
    // Default privileges may revoke that from the owner itself, which then cannot name the view's columns.
    statement(sql`GRANT SELECT ON ${name} TO CURRENT_USER`),
    statement(sql`COMMENT ON VIEW ${name} IS ${literal(mark)}`),
  ]
}

/** The last statement of a load. */
export function markLoaded(table: Relation): Statement {
  const view = sourceViewOf(table)
  return statement(sql`COMMENT ON VIEW ${qualified(view.schema, view.name)} IS NULL`)
}

/** The view follows the name of its table. A stand-in has no such view. */
export function renameSourceView(from: Relation, to: Relation): Statement {
  const [before, after] = [sourceViewOf(from), sourceViewOf(to)]
  return statement(sql`ALTER VIEW IF EXISTS ${qualified(before.schema, before.name)} RENAME TO ${ident(after.name)}`)
}

/**
 * Gives the view to a role, which must have CREATE on the schema of the view. The role has it on the schema of the table, and does
 * not need it on that of source views.
 * @param schema that of the table
 */
export function giveSourceView(view: Relation, schema: string, owner: string): readonly Sql[] {
  const name = md5(view.name)
  const [here, there] = [qualified(view.schema, name), qualified(schema, name)] as const
  return [
    sql`ALTER VIEW ${qualified(view.schema, view.name)} RENAME TO ${ident(name)}`,
    sql`ALTER VIEW ${here} SET SCHEMA ${ident(schema)}`,
    sql`ALTER VIEW ${there} OWNER TO ${ident(owner)}`,
    sql`ALTER VIEW ${there} SET SCHEMA ${ident(view.schema)}`,
    sql`ALTER VIEW ${here} RENAME TO ${ident(view.name)}`,
  ]
}
