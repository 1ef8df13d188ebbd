// Foreign tables over the catalog of a source, to read what IMPORT FOREIGN SCHEMA leaves out: types, indexes, names
// of tables.

import { groupBy } from '../core/data.ts'
import { ident, join, literal, number, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { record } from '../kinds/facets/options.ts'
import type { TableIdentity } from '../manifest/expansion/imports.ts'
import type { PrimaryKeyStanza } from '../manifest/primary-key.ts'

/** An index of the source, defined by its pg_get_indexdef. */
export interface RemoteIndex {
  readonly table: string
  readonly name: string
  readonly definition: string
  /** Whether the index is unique only in the table itself. A copy also has the rows of tables that inherit from it. */
  readonly isUniqueInParent: boolean
  /** The extensions whose operator classes it has. */
  readonly extensions: readonly RemoteExtension[]
}

export interface RemoteExtension {
  readonly name: string
  readonly schema: string
}

/** A default or a generation expression of a column, as the source's pg_get_expr shows it. */
export interface RemoteExpression {
  readonly table: string
  readonly column: string
  readonly isGenerated: boolean
  readonly text: string
}

/** The OIDs of pg_class and pg_extension, which are the same on every server. postgres_fdw cannot send them as names (regclass). */
const relationCatalog = number(1259)
export const extensionCatalog = number(3079)

const tables: Readonly<Record<string, string>> = {
  pg_namespace: 'oid oid, nspname name',
  pg_type: `oid oid, typname name, typnamespace oid, typtype "char", typcategory "char", typelem oid, typlen int2, typrelid oid,
            typbasetype oid, typtypmod int4, typnotnull boolean, typdefault text, typcollation oid`,
  pg_enum: 'enumtypid oid, enumlabel name, enumsortorder float4',
  pg_attribute: `attrelid oid, attname name, attnum int2, attisdropped boolean, atttypid oid, atttypmod int4, attnotnull boolean, attcollation oid`,
  pg_collation: 'oid oid, collname name, collnamespace oid',
  pg_constraint:
    'conname name, connamespace oid, contype "char", contypid oid, convalidated boolean, conrelid oid, conkey int2[]',
  pg_depend: 'classid oid, objid oid, refclassid oid, refobjid oid, deptype "char"',
  pg_extension: 'oid oid, extname name, extnamespace oid',
  pg_class: 'oid oid, relname name, relnamespace oid, relkind "char", relispartition boolean',
  pg_opclass: 'oid oid, opcdefault boolean',
  pg_range: `rngtypid oid, rngsubtype oid, rngmultitypid oid, rngcollation oid, rngsubopc oid, rngcanonical text, rngsubdiff text`,
  pg_index:
    'indexrelid oid, indrelid oid, indisvalid boolean, indisunique boolean, indisprimary boolean, indkey int2vector, indclass oidvector',
  pg_inherits: 'inhparent oid',
  pg_indexes: 'schemaname name, tablename name, indexname name, indexdef text',
}

/** Views that show expressions as text. */
const informationSchema: Readonly<Record<string, string>> = {
  check_constraints: 'constraint_schema name, constraint_name name, check_clause text',
  columns: `table_schema text, table_name text, column_name text, column_default text, is_generated text,
            generation_expression text`,
}

/** Creates the foreign tables in a schema that is rolled back. Only postgres_fdw can read a remote catalog. */
export async function createRemoteCatalog(session: Session, schema: string, server: string): Promise<void> {
  const createTable = (from: string, table: string, columns: string): Sql =>
    sql`CREATE FOREIGN TABLE ${qualified(schema, table)} (${trusted(columns)}) SERVER ${ident(server)}
        OPTIONS (schema_name ${literal(from)}, table_name ${literal(table)}, fetch_size '10000')`
  const statements = Object.entries(tables).map(([table, columns]) => createTable('pg_catalog', table, columns))
  const views = Object.entries(informationSchema).map(([view, columns]) =>
    createTable('information_schema', view, columns),
  )
  await session.run(join([...statements, ...views], '; '))
}

/** A relation that IMPORT FOREIGN SCHEMA can import. */
export interface RemoteRelation {
  readonly name: string
  readonly relkind: 'r' | 'p' | 'v' | 'm' | 'f'
  readonly isPartition: boolean
  /** The extension that it belongs to. */
  readonly extension: string | null
}

export function remoteRelations(
  session: Session,
  schema: string,
  remoteSchema: string,
): Promise<readonly RemoteRelation[]> {
  const from = ident(schema)
  return session.query<RemoteRelation>(
    sql`SELECT c.relname AS name, c.relkind, c.relispartition AS "isPartition", x.extname AS extension
          FROM ${from}.pg_class c JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN (${from}.pg_depend d JOIN ${from}.pg_extension x ON d.refclassid = ${extensionCatalog} AND x.oid = d.refobjid)
            ON d.classid = ${relationCatalog} AND d.objid = c.oid AND d.deptype = 'e'
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') ORDER BY 1`,
    [remoteSchema],
  )
}

/** The collations of columns that differ from those of their types. */
export function remoteCollations(
  session: Session,
  schema: string,
  remoteSchema: string,
  tables: readonly string[],
): Promise<readonly { table: string; column: string; schema: string; name: string }[]> {
  const from = ident(schema)
  return session.query(
    sql`SELECT c.relname AS "table", a.attname AS "column", k.nspname AS schema, l.collname AS name
          FROM ${from}.pg_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid
          JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace JOIN ${from}.pg_type t ON t.oid = a.atttypid
          JOIN ${from}.pg_collation l ON l.oid = a.attcollation JOIN ${from}.pg_namespace k ON k.oid = l.collnamespace
         WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND a.attnum > 0 AND NOT a.attisdropped
           AND a.attcollation <> t.typcollation
         ORDER BY c.relname, a.attnum`,
    [remoteSchema, tables],
  )
}

/** What identifies tables and their columns even if they are renamed. */
export async function remoteIdentities(
  session: Session,
  schema: string,
  remoteSchema: string,
  tables: readonly string[],
): Promise<ReadonlyMap<string, TableIdentity>> {
  if (tables.length === 0) return new Map()
  const from = ident(schema)
  const rows = await session.query<{ table: string; oid: number; column: string; number: number }>(
    sql`SELECT c.relname AS "table", c.oid, a.attname AS "column", a.attnum AS number
          FROM ${from}.pg_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND c.relname = ANY ($2::name[])
           AND a.attnum > 0 AND NOT a.attisdropped`,
    [remoteSchema, tables],
  )
  return new Map(
    Array.from(
      groupBy(rows, ({ table }) => table),
      ([table, own]) => [
        table,
        { oid: own[0]?.oid ?? 0, columns: record(own.map(({ column, number: at }) => [column, at])) },
      ],
    ),
  )
}

/** The tables that IMPORT FOREIGN SCHEMA imports without LIMIT TO and EXCEPT. */
export async function remoteTables(session: Session, schema: string, remoteSchema: string): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    sql`SELECT c.relname AS name FROM ${ident(schema)}.pg_class c JOIN ${ident(schema)}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND NOT c.relispartition ORDER BY 1`,
    [remoteSchema],
  )
  return rows.map(({ name }) => name)
}

/** Which of the given tables exist. Partitions count, although they are imported only by name. */
export async function existingTables(
  session: Session,
  schema: string,
  remoteSchema: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(
    sql`SELECT c.relname AS name FROM ${ident(schema)}.pg_class c JOIN ${ident(schema)}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND c.relname = ANY ($2::name[])`,
    [remoteSchema, names],
  )
  return new Set(rows.map(({ name }) => name))
}

/** Leaves out invalid indexes, which a failed CREATE INDEX CONCURRENTLY leaves behind. */
export async function remoteIndexes(
  session: Session,
  schema: string,
  remoteSchema: string,
): Promise<readonly Omit<RemoteIndex, 'extensions'>[]> {
  const from = ident(schema)
  return session.query(
    sql`SELECT tablename AS "table", indexname AS name, indexdef AS definition,
               indexname = ANY (ARRAY(SELECT c.relname FROM ${from}.pg_index i JOIN ${from}.pg_class c ON c.oid = i.indexrelid
                                        JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
                                        JOIN ${from}.pg_class t ON t.oid = i.indrelid JOIN ${from}.pg_inherits h ON h.inhparent = t.oid
                                       WHERE n.nspname = $1 AND i.indisunique AND t.relkind = 'r')) AS "isUniqueInParent"
          FROM ${from}.pg_indexes
         WHERE schemaname = $1
           AND indexname <> ALL (ARRAY(SELECT c.relname FROM ${from}.pg_index i JOIN ${from}.pg_class c ON c.oid = i.indexrelid
                                         JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
                                        WHERE n.nspname = $1 AND NOT i.indisvalid))
         ORDER BY 1, 2`,
    [remoteSchema],
  )
}

/**
 * The primary keys of tables. Those of tables that others inherit from are left out, since they are unique only in the table
 * itself.
 */
export async function remotePrimaryKeys(
  session: Session,
  schema: string,
  remoteSchema: string,
): Promise<ReadonlyMap<string, PrimaryKeyStanza>> {
  const from = ident(schema)
  const rows = await session.query<{ table: string; name: string; columns: string[] | null; include: string[] | null }>(
    sql`SELECT k."table", k.name, array_agg(a.attname::text ORDER BY at) FILTER (WHERE at <= cardinality(k.conkey)) AS columns,
               array_agg(a.attname::text ORDER BY at) FILTER (WHERE at > cardinality(k.conkey)) AS include
          FROM (SELECT c.oid, c.relname AS "table", o.conname AS name, o.conkey, i.indkey
                  FROM ${from}.pg_class c JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
                  JOIN ${from}.pg_constraint o ON o.conrelid = c.oid AND o.contype = 'p'
                  JOIN ${from}.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indisvalid
                 WHERE n.nspname = $1 AND NOT (c.relkind = 'r' AND c.oid = ANY (ARRAY(SELECT inhparent FROM ${from}.pg_inherits)))) k
         CROSS JOIN unnest(k.indkey::int2[]) WITH ORDINALITY AS key(attnum, at)
          JOIN ${from}.pg_attribute a ON a.attrelid = k.oid AND a.attnum = key.attnum
         GROUP BY k."table", k.name`,
    [remoteSchema],
  )
  return new Map(
    rows.flatMap(({ table, name, columns, include }) =>
      columns ? [[table, { name, columns, ...(include ? { include } : {}) }] as const] : [],
    ),
  )
}

/** The column names of tables. Their types may not exist here. */
export async function remoteColumnNames(
  session: Session,
  schema: string,
  remoteSchema: string,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const from = ident(schema)
  const rows = await session.query<{ table: string; name: string }>(
    sql`SELECT c.relname AS "table", a.attname AS name
          FROM ${from}.pg_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid
          JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname, a.attnum`,
    [remoteSchema, tables],
  )
  return new Map(
    Array.from(
      groupBy(rows, ({ table }) => table),
      ([table, own]) => [table, own.map(({ name }) => name)],
    ),
  )
}

/** The expressions of the columns in a schema. Those of virtual columns are left out, as IMPORT FOREIGN SCHEMA does. */
export async function remoteExpressions(
  session: Session,
  { catalog, server }: { readonly catalog: string; readonly server: string },
  remoteSchema: string,
  wanted: { readonly defaults: boolean; readonly generated: boolean },
): Promise<readonly RemoteExpression[]> {
  const from = ident(catalog)
  const rows = await session.query<Omit<RemoteExpression, 'isGenerated'> & { generated: string | null }>(
    sql`SELECT table_name AS "table", column_name AS "column", column_default AS text, generation_expression AS generated
          FROM ${from}.columns
         WHERE table_schema = $1 AND ($2 AND column_default IS NOT NULL OR $3 AND is_generated = 'ALWAYS') ORDER BY 1, 2`,
    [remoteSchema, wanted.defaults, wanted.generated],
  )
  const all = rows.flatMap(({ table, column, text, generated }) => {
    const expression = generated ?? text
    return expression === null ? [] : [{ table, column, isGenerated: generated !== null, text: expression }]
  })
  if (!all.some(({ isGenerated }) => isGenerated)) return all
  const stored = await storedColumns(session, { catalog, server }, remoteSchema)
  return all.filter(({ table, column, isGenerated }) => !isGenerated || stored.has(JSON.stringify([table, column])))
}

/** Only sources that support generated columns have this attribute of columns. */
async function storedColumns(
  session: Session,
  { catalog, server }: { readonly catalog: string; readonly server: string },
  remoteSchema: string,
): Promise<ReadonlySet<string>> {
  const from = ident(catalog)
  await session.run(
    sql`CREATE FOREIGN TABLE IF NOT EXISTS ${from}.generated_attribute (attrelid oid, attname name, attgenerated "char")
        SERVER ${ident(server)} OPTIONS (schema_name 'pg_catalog', table_name 'pg_attribute')`,
  )
  const rows = await session.query<{ table: string; column: string }>(
    sql`SELECT c.relname AS "table", a.attname AS "column"
          FROM ${from}.generated_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid
          JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND a.attgenerated = 's'`,
    [remoteSchema],
  )
  return new Set(rows.map(({ table, column }) => JSON.stringify([table, column])))
}
