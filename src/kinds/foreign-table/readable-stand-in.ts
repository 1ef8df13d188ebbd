// Stand-ins of foreign tables, to find out whether their source can be read. They have the options and the columns of a table.
// Reading a value of a user-defined type could run code, so postgres_fdw reads such values as text. Other wrappers need the type,
// so their tables are read without rows.
import type { IdOf } from '../../core/object.ts'
import { ident, joinParts, type Parts, qualified, type Statement, sql, statementOf, trusted } from '../../core/sql.ts'
import type { Column } from '../facets/columns/columns.ts'
import { optionsClause } from '../facets/options.ts'
import type { ForeignTableSpec } from './spec.ts'

interface StandInPlace {
  /** The schema to create it in, under its own name: wrappers may look up a table of that name at the source. */
  readonly schema: string
  readonly server: string
  readonly isPostgresFdw: boolean
}

/** @param spec as the catalog shows it, so that only built-in types have names without a schema */
export function readableStandIn(
  id: IdOf<'foreignTable'>,
  { columns, options }: Pick<ForeignTableSpec, 'columns' | 'options'>,
  { schema, server, isPostgresFdw }: StandInPlace,
): Statement {
  const list = storedColumns(columns).map(
    ([name, column]): Parts => [
      sql`${ident(name)} ${trusted(isPostgresFdw && !hasBuiltInType(column) ? 'text' : column.type)}`,
      ...optionsClause(column.options),
    ],
  )
  // postgres_fdw would look for the schema of the stand-in.
  const remote = isPostgresFdw ? { schema_name: id.schema, ...options } : options
  return statementOf([
    sql`CREATE FOREIGN TABLE ${qualified(schema, id.name)} (`,
    ...joinParts(list, sql`, `),
    sql`) SERVER ${ident(server)}`,
    ...optionsClause(remote),
  ])
}

/** Whether reading rows of a stand-in runs no user-defined code. */
export function mayReadRows({ columns }: Pick<ForeignTableSpec, 'columns'>, isPostgresFdw: boolean): boolean {
  return isPostgresFdw || storedColumns(columns).every(([, column]) => hasBuiltInType(column))
}

/** The columns whose values a stand-in reads as the table will read them. */
export function columnsWithBuiltInTypes({ columns }: Pick<ForeignTableSpec, 'columns'>): readonly string[] {
  return storedColumns(columns).flatMap(([name, column]) => (hasBuiltInType(column) ? [name] : []))
}

/** A column that is generated on read does not exist at the source. */
function storedColumns(columns: ForeignTableSpec['columns']): readonly (readonly [string, Column])[] {
  return Object.entries(columns).filter(([, { virtual }]) => !virtual)
}

function hasBuiltInType({ type }: Pick<Column, 'type'>): boolean {
  return !type.includes('.')
}

/** Whether reading the table runs a program on the server, as file_fdw can. A plan must not do that. */
export function runsProgram({ options }: Pick<ForeignTableSpec, 'options'>): boolean {
  return Object.hasOwn(options, 'program')
}
