// Tables of a mirror with columns of types that the mirror creates in another schema (`types_schema`). IMPORT FOREIGN SCHEMA would
// look for these types in the schema of the source. So such tables are created from the source's catalog instead, as postgres_fdw
// would.

import { groupBy } from '../../core/data.ts'
import { fragment, ident, join, literal, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import type { ObjectName } from '../../kinds/facets/names.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { importFailure } from '../imports/import-failure.ts'
import { isOn } from '../imports/import-options.ts'
import { type ImportRun, readForeignTables } from '../imports/import-tables.ts'
import { inSavepoint } from '../imports/prerequisites.ts'
import type { Reason } from '../reasons.ts'
import { type NameOf, namesOfTypes, type RemoteTypes } from './remote-types.ts'

export interface ColumnOfTable {
  readonly table: string
  readonly name: string
  readonly type: number
  readonly modifier: number
  readonly notNull: boolean
  readonly collation: ObjectName | null
}

/** The requested tables that have such columns. None unless the mirror has a `types_schema`. */
export function tablesOfMovedTypes({ typesSchema }: ImportRequest, types: RemoteTypes | undefined): readonly string[] {
  if (typesSchema === undefined || !types) return []
  const moved = new Set(types.all.flatMap(({ title, extension }) => (extension ? [] : [title])))
  return Array.from(types.ofTables, ([table, titles]) =>
    titles.some((title) => moved.has(title)) ? [table] : [],
  ).flat()
}

/** The columns of the tables in order, with the attributes that an import takes over. */
export function columnsOfTables(
  session: Session,
  catalog: string,
  { remoteSchema }: ImportRequest,
  tables: readonly string[],
): Promise<readonly ColumnOfTable[]> {
  if (tables.length === 0) return Promise.resolve([])
  const from = ident(catalog)
  return session.query<ColumnOfTable>(
    sql`SELECT c.relname AS "table", a.attname AS name, a.atttypid AS type, a.atttypmod AS modifier, a.attnotnull AS "notNull",
               CASE WHEN l.oid IS NOT NULL THEN jsonb_build_object('schema', k.nspname, 'name', l.collname) END AS collation
          FROM ${from}.pg_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid
          JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace JOIN ${from}.pg_type t ON t.oid = a.atttypid
          LEFT JOIN ${from}.pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
          LEFT JOIN ${from}.pg_namespace k ON k.oid = l.collnamespace
         WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname, a.attnum`,
    [remoteSchema, tables],
  )
}

interface CreatedTables {
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  readonly failed: ReadonlyMap<string, Reason>
}

/** Creates the tables in the scratch schema, reads them, and rolls back. */
export async function createTablesOfMovedTypes(
  run: ImportRun,
  request: ImportRequest,
  columns: readonly ColumnOfTable[],
  { rows }: RemoteTypes,
): Promise<CreatedTables> {
  if (columns.length === 0) return { tables: new Map(), failed: new Map() }
  const { session } = run
  const nameOf = await namesOfTypes(session, rows, columns)
  const failed = new Map<string, Reason>()
  await session.run(trusted('SAVEPOINT own'))
  try {
    for (const [table, own] of groupBy(columns, (column) => column.table)) {
      try {
        await inSavepoint(session, () => session.run(creation(run, request, table, own, nameOf)))
      } catch (error) {
        if (!isDatabaseError(error) || isTransient(error)) throw error
        failed.set(table, importFailure(error, request))
      }
    }
    const tables = new Map<string, ForeignTableSpec>()
    await readForeignTables(run, tables)
    return { tables, failed }
  } finally {
    if (!session.isLost()) await session.run(sql`ROLLBACK TO own; RELEASE own`)
  }
}

function creation(
  { scratch, setup }: ImportRun,
  request: ImportRequest,
  table: string,
  columns: readonly ColumnOfTable[],
  nameOf: NameOf,
): Sql {
  const [collate, notNull] = [isOn(request, 'import_collate'), isOn(request, 'import_not_null')]
  const list = columns.map(({ name, type, modifier, notNull: isNotNull, collation }) => {
    const collated =
      collate && collation?.schema != null ? sql` COLLATE ${qualified(collation.schema, collation.name)}` : sql``
    const marked = notNull && isNotNull ? sql` NOT NULL` : sql``
    return sql`${ident(name)} ${fragment(nameOf(type, modifier))} OPTIONS (column_name ${literal(name)})${collated}${marked}`
  })
  return sql`CREATE FOREIGN TABLE ${qualified(scratch, table)} (${join(list, ', ')}) SERVER ${ident(setup.name)}
    OPTIONS (schema_name ${literal(request.remoteSchema)}, table_name ${literal(table)})`
}
