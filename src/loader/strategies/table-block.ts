// Derives from the facts of a table the SQL for the block that refreshes it: see kinds/table/refresh/. Pure.

import type { RefreshPolicy } from '../../core/refresh-policy.ts'
import { fragment, ident, join, literal, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import { sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import { relationConstant, type TableSql } from '../../kinds/table/refresh/table-sql.ts'
import type { Copy, TableFacts } from './strategy.ts'

export interface TableCopy extends Pick<Copy, 'id' | 'title'> {
  readonly table: TableFacts
  readonly policy: Pick<RefreshPolicy, 'watermark'>
}

export function tableSqlOf(copy: TableCopy): TableSql {
  const { table: facts } = copy
  const columns = namesOf(facts.columns)
  return {
    name: tableName(copy),
    relation: relationConstant(tableName(copy)),
    query: queryRows(copy),
    source: sourceRows(copy),
    columns: columnList(columns),
    ...keySqlOf(namesOf(facts.key)),
    isSameKey: sameKey(facts, t, f),
    differs: differs(columns, t, f),
    assignments: join(
      columns.map((name) => sql`${ident(name)} = f.${ident(name)}`),
      ', ',
    ),
    mergedValues: facts.canMerge ? columnList(columns, f) : undefined,
    inOrder: hasIntegerKey(copy) ? sql` ORDER BY ${columnList(namesOf(facts.key))}` : sql``,
    differentKeys: hasIntegerKey(copy)
      ? sql`pg_catalog.count(DISTINCT ${columnList(namesOf(facts.key), f)})`
      : sql`NULL`,
    rowCount: trusted(`${Math.max(Math.round(facts.rows), 0)}::pg_catalog.int8`),
  }
}

/** Rows of neighbouring keys are often neighbours, and sorting them costs next to nothing. */
export function hasIntegerKey({ table: { key, columns } }: Pick<TableCopy, 'table'>): boolean {
  const [first, ...others] = key
  return others.length === 0 && columns.some(({ name, type }) => name === first?.name && integers.includes(type))
}

const integers: readonly string[] = ['smallint', 'integer', 'bigint']

const [t, f] = [sql`t`, sql`f`]

/** The report of a refresh names the table. */
export const noPrefix = literal('')

export function keySqlOf(key: readonly string[]): Pick<TableSql, 'prefix' | 'key' | 'isKeyNull'> {
  const isKeyNull = join(
    key.map((name) => sql`${ident(name)} IS NULL`),
    ' OR ',
  )
  return { prefix: noPrefix, key: columnList(key), isKeyNull }
}

export function tableName({ id }: Pick<TableCopy, 'id'>): Sql {
  return qualified(id.schema, id.name)
}

function queryRows({ id }: Pick<TableCopy, 'id'>): Sql {
  const view = sourceViewOf(id)
  return qualified(view.schema, view.name)
}

/** The rows that the table should hold: those of its query, without those that the source has marked as deleted. */
export function sourceRows(copy: Pick<TableCopy, 'id' | 'policy'>): Sql {
  const rows = queryRows(copy)
  const soft = copy.policy.watermark?.soft
  return soft === undefined ? rows : sql`(SELECT * FROM ${rows} WHERE (${fragment(soft)}) IS NOT TRUE)`
}

export function namesOf(columns: readonly { readonly name: string }[]): readonly string[] {
  return columns.map(({ name }) => name)
}

export function columnList(names: readonly string[], from?: Sql): Sql {
  const columns = names.map(ident)
  return join(from === undefined ? columns : columns.map((column) => sql`${from}.${column}`), ', ')
}

/** A condition: a row of one relation has the same key as a row of another. */
export function sameKey({ key }: TableFacts, one: Sql, other: Sql): Sql {
  return join(
    key.map(({ name, equals }) => sql`${one}.${ident(name)} ${trusted(equals)} ${other}.${ident(name)}`),
    ' AND ',
  )
}

/**
 * A condition: two rows differ in the columns. `*<>` compares the stored bytes of rows, so it works for types without equality, and
 * finds every difference that a reader could see.
 */
export function differs(columns: readonly string[], one: Sql, other: Sql): Sql {
  // Without the cast, PostgreSQL would look for such an operator for each pair of columns.
  const rowOf = (from: Sql) => sql`CAST(ROW(${columnList(columns, from)}) AS pg_catalog.record)`
  return sql`${rowOf(one)} OPERATOR(pg_catalog.*<>) ${rowOf(other)}`
}
