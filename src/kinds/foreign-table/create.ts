// CREATE FOREIGN TABLE, also of partitions.
import { fragment, ident, join, type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import { type Checks, checkClause } from '../facets/columns/checks.ts'
import { type Columns, columnConstraints, columnDefinition } from '../facets/columns/columns.ts'
import { addedNotNull } from '../facets/columns/not-null.ts'
import { nameOf } from '../facets/names.ts'
import { type Options, optionsClause } from '../facets/options.ts'
import { inheritsClause, type Parents, type PartitionOf } from './parents.ts'

interface Definition {
  readonly server: string
  readonly options: Options
  readonly columns: Columns
  readonly checks: Checks
}

/** Creates the table with its parents. */
export function createForeignTable(
  name: Sql,
  table: Definition,
  { inherits, partitionOf }: Parents,
): readonly Statement[] {
  const checks = Object.entries(table.checks).map(([check, definition]) => checkClause(check, definition))
  const end = sql`SERVER ${ident(table.server)}${optionsClause(table.options)}`
  if (partitionOf) return createPartition(name, table.columns, checks, partitionOf, end)
  const columns = Object.entries(table.columns).map(([column, definition]) => columnDefinition(column, definition))
  const elements = [...columns, ...checks]
  const list = elements.length === 0 ? sql`` : sql`\n  ${join(elements, ',\n  ')}\n`
  return [
    statement(sql`CREATE FOREIGN TABLE ${name} (${list})${inheritsClause(inherits)} ${end}`),
    ...alteration(name, notNulls(table.columns)),
  ]
}

/** A partition gets its columns from its parent: CREATE takes no types, and options have to be added after it. */
function createPartition(
  name: Sql,
  columns: Columns,
  checks: readonly Sql[],
  { parent, bound }: PartitionOf,
  end: Sql,
): readonly Statement[] {
  const elements = [
    ...Object.entries(columns).map(
      ([column, definition]) => sql`${ident(column)} WITH OPTIONS${columnConstraints(definition)}`,
    ),
    ...checks,
  ]
  const list = elements.length === 0 ? sql`` : sql` (\n  ${join(elements, ',\n  ')}\n)`
  const options = Object.entries(columns).flatMap(([column, definition]) =>
    Object.keys(definition.options).length === 0
      ? []
      : [sql`ALTER COLUMN ${ident(column)}${optionsClause(definition.options)}`],
  )
  return [
    statement(sql`CREATE FOREIGN TABLE ${name} PARTITION OF ${nameOf(parent)}${list} ${fragment(bound)} ${end}`),
    ...alteration(name, [...options, ...notNulls(columns)]),
  ]
}

function notNulls(columns: Columns): readonly Sql[] {
  return Object.entries(columns).flatMap(([column, definition]) => addedNotNull(column, definition))
}

function alteration(name: Sql, parts: readonly Sql[]): readonly Statement[] {
  return parts.length > 0 ? [statement(sql`ALTER FOREIGN TABLE ${name} ${join(parts, ', ')}`)] : []
}
