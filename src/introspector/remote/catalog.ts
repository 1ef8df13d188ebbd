import { groupBy } from '../../core/data.ts'
import { ident, join, literal, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

/** An index of the source, as its catalog writes it. */
export interface RemoteIndex {
  readonly table: string
  readonly name: string
  readonly definition: string
}

const tables: Readonly<Record<string, string>> = {
  pg_namespace: 'oid oid, nspname name',
  pg_class: 'oid oid, relname name, relnamespace oid, relkind "char", relispartition boolean',
  pg_index: 'indexrelid oid, indrelid oid, indisvalid boolean',
  pg_attribute: 'attrelid oid, attname name, attnum smallint, attisdropped boolean',
  pg_indexes: 'schemaname name, tablename name, indexname name, indexdef text',
}

/** Makes foreign tables over the source's own catalog, in a schema that is rolled back. Only postgres_fdw can do that. */
export async function makeRemoteCatalog(session: Session, schema: string, server: string): Promise<void> {
  const statements = Object.entries(tables).map(
    ([table, columns]): Sql =>
      sql`CREATE FOREIGN TABLE ${qualified(schema, table)} (${trusted(columns)}) SERVER ${ident(server)}
          OPTIONS (schema_name 'pg_catalog', table_name ${literal(table)}, fetch_size '10000')`,
  )
  await session.run(join(statements, '; '))
}

/** What IMPORT FOREIGN SCHEMA would import if nothing limited it. */
export async function remoteTables(session: Session, schema: string, remoteSchema: string): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    sql`SELECT c.relname AS name FROM ${ident(schema)}.pg_class c JOIN ${ident(schema)}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND NOT c.relispartition ORDER BY 1`,
    [remoteSchema],
  )
  return rows.map(({ name }) => name)
}

/** Those that are whole: one that CREATE INDEX CONCURRENTLY has left behind when it failed is none. */
export async function remoteIndexes(
  session: Session,
  schema: string,
  remoteSchema: string,
): Promise<readonly RemoteIndex[]> {
  const from = ident(schema)
  return session.query<RemoteIndex>(
    sql`SELECT tablename AS "table", indexname AS name, indexdef AS definition FROM ${from}.pg_indexes
         WHERE schemaname = $1
           AND indexname <> ALL (ARRAY(SELECT c.relname FROM ${from}.pg_index i JOIN ${from}.pg_class c ON c.oid = i.indexrelid
                                         JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
                                        WHERE n.nspname = $1 AND NOT i.indisvalid))
         ORDER BY 1, 2`,
    [remoteSchema],
  )
}

/** The columns of tables by name alone: their types may be none that are known here. */
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
