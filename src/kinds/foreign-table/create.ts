// CREATE FOREIGN TABLE, also of partitions.
import { fragment, ident, joinParts, type Parts, type Sql, type Statement, sql, statementOf } from '../../core/sql.ts'
import { type Checks, checkClause } from '../facets/columns/checks.ts'
import { type Columns, columnConstraints, columnDefinition } from '../facets/columns/columns.ts'
import { addedNotNull } from '../facets/columns/not-null.ts'
import { nameOf } from '../facets/names.ts'
import { type OptionValues, optionsClause } from '../facets/options.ts'
import { inheritsClause, type Parents, type PartitionOf } from './parents.ts'

interface Definition {
  readonly server: string
  readonly options: OptionValues
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
  const end = [sql`SERVER ${ident(table.server)}`, ...optionsClause(table.options)]
  if (partitionOf) return createPartition(name, table.columns, checks, partitionOf, end)
  const columns = Object.entries(table.columns).map(([column, definition]) => columnDefinition(column, definition))
  const list = listOf([...columns, ...checks.map((check) => [check])])
  return [
    statementOf([sql`CREATE FOREIGN TABLE ${name} (`, ...list, sql`)${inheritsClause(inherits)} `, ...end]),
    ...alteration(name, notNulls(table.columns)),
  ]
}

/** A partition gets its columns from its parent: CREATE takes no types, and options have to be added after it. */
function createPartition(
  name: Sql,
  columns: Columns,
  checks: readonly Sql[],
  { parent, bound }: PartitionOf,
  end: Parts,
): readonly Statement[] {
  const elements = [
    ...Object.entries(columns).map(
      ([column, definition]) => sql`${ident(column)} WITH OPTIONS${columnConstraints(definition)}`,
    ),
    ...checks,
  ]
  const list = elements.length === 0 ? [] : [sql` (`, ...listOf(elements.map((element) => [element])), sql`)`]
  const options = Object.entries(columns).flatMap(([column, definition]): readonly Parts[] =>
    Object.keys(definition.options).length === 0
      ? []
      : [[sql`ALTER COLUMN ${ident(column)}`, ...optionsClause(definition.options)]],
  )
  return [
    statementOf([
      sql`CREATE FOREIGN TABLE ${name} PARTITION OF ${nameOf(parent)}`,
      ...list,
      sql` ${fragment(bound)} `,
      ...end,
    ]),
    ...alteration(name, [...options, ...notNulls(columns)]),
  ]
}

function listOf(elements: readonly Parts[]): Parts {
  return elements.length === 0 ? [] : [sql`\n  `, ...joinParts(elements, sql`,\n  `), sql`\n`]
}

function notNulls(columns: Columns): readonly Parts[] {
  return Object.entries(columns).flatMap(([column, definition]) =>
    addedNotNull(column, definition).map((clause) => [clause]),
  )
}

function alteration(name: Sql, clauses: readonly Parts[]): readonly Statement[] {
  return clauses.length > 0 ? [statementOf([sql`ALTER FOREIGN TABLE ${name} `, ...joinParts(clauses, sql`, `)])] : []
}
