// Collations of a source that do not exist here. A mirror copies such a column without its collation, where IMPORT FOREIGN SCHEMA
// would fail for the whole table.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import { someOf } from '../../core/some-of.ts'
import { qualified, sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { type ObjectName, showName } from '../../kinds/facets/names.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { remoteCollations } from '../remote-catalog.ts'
import type { ColumnOfTable } from '../types/tables-of-moved-types.ts'

interface CollatedColumn {
  readonly table: string
  readonly column: string
  readonly schema: string
  readonly name: string
}

export interface WithCollations {
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** The columns whose collation does not exist here. */
  readonly missing: readonly CollatedColumn[]
}

/** Adds the collations that exist here to the columns of tables that were imported without any. */
export async function withCollations(
  session: Session,
  { catalog, remoteSchema }: { readonly catalog: string; readonly remoteSchema: string },
  imported: ReadonlyMap<string, ForeignTableSpec>,
  names: ReadonlySet<string>,
): Promise<WithCollations> {
  if (names.size === 0) return { tables: imported, missing: [] }
  const columns = await remoteCollations(session, catalog, remoteSchema, [...names])
  const existing = await existingCollations(session, columns)
  const tables = new Map(imported)
  const missing: CollatedColumn[] = []
  for (const each of columns) {
    const spec = tables.get(each.table)
    const column = spec?.columns[each.column]
    if (!spec || !column) continue
    const { schema, name } = each
    if (!existing.has(showName(each))) missing.push(each)
    else
      tables.set(each.table, {
        ...spec,
        columns: { ...spec.columns, [each.column]: { ...column, collation: { schema, name } } },
      })
  }
  return { tables, missing }
}

export interface OwnColumns {
  readonly columns: readonly ColumnOfTable[]
  readonly missing: readonly CollatedColumn[]
}

/** The columns of tables that are not imported, without the collations that do not exist here. */
export async function withExistingCollations(session: Session, columns: readonly ColumnOfTable[]): Promise<OwnColumns> {
  const used = columns.flatMap(({ collation }) => collation ?? [])
  if (used.length === 0) return { columns, missing: [] }
  const existing = await existingCollations(session, used)
  const isMissing = ({ collation }: ColumnOfTable) => collation !== null && !existing.has(showName(collation))
  return {
    columns: columns.map((column) => (isMissing(column) ? { ...column, collation: null } : column)),
    missing: columns.filter(isMissing).flatMap(({ table, name: column, collation }) => {
      const { schema, name } = collation ?? {}
      return schema == null || name === undefined ? [] : [{ table, column, schema, name }]
    }),
  }
}

/** Those of the given collations that exist here, as `showName` shows them. */
export async function existingCollations(session: Session, all: readonly ObjectName[]): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ schema: string; name: string }>(
    sql`SELECT DISTINCT n.nspname AS schema, c.collname AS name
          FROM unnest($1::name[], $2::name[]) AS wanted(schema, name)
          JOIN pg_namespace n ON n.nspname = wanted.schema
          JOIN pg_collation c ON c.collnamespace = n.oid AND c.collname = wanted.name
         WHERE c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))`,
    [all.map(({ schema }) => schema), all.map(({ name }) => name)],
  )
  return new Set(rows.map(showName))
}

/** One warning for each collation, with what its absence means. */
export function collationWarnings(missing: readonly CollatedColumn[]): readonly Warning[] {
  const groups = groupBy(missing, ({ schema, name }) => qualified(schema, name))
  return Array.from(groups, ([collation, columns]) => {
    const what = someOf(
      columns.map(({ table, column }) => qualified(table, column)),
      5,
    )
    const message = `collation ${collation} of the source does not exist here, so columns are copied without it: ${what}. They are sorted and compared by the default collation of this database: their order differs from that at the source, and so does what is equal if the collation is not deterministic.`
    return { code: 'source/collation', message }
  })
}
