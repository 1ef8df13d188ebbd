// The key columns of an index: from a manifest and back, and their SQL.
import type { FieldChange } from '../../core/change.ts'
import { fragment, ident, number, type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import { nameOf, type ObjectName, objectName, showName } from '../facets/names.ts'
import { type Options, record } from '../facets/options.ts'
import { present, type Written, withoutBrackets, writtenName, writtenOptions } from '../facets/stanza.ts'
import { storageList } from '../facets/storage.ts'

export interface IndexColumn {
  readonly column?: string | null | undefined
  readonly expression?: string | null | undefined
  readonly collation: ObjectName | null
  readonly operatorClass: ObjectName | null
  /** Parameters of the operator class. */
  readonly parameters: Options
  /** The statistics target, for expressions only. Undefined: not declared. Null: the default. */
  readonly statistics?: number | null | undefined
  readonly order: 'asc' | 'desc' | null
  readonly nulls: 'first' | 'last' | null
}

export function declaredColumn(short: DeclaredIndexColumn): IndexColumn {
  const declared = typeof short === 'string' ? { column: short } : short
  return {
    column: 'column' in declared ? declared.column : undefined,
    expression: 'expression' in declared ? declared.expression : undefined,
    collation: declared.collation === undefined ? null : objectName(declared.collation),
    ...declaredOperatorClass(declared.operator_class),
    statistics: declared.statistics === undefined ? undefined : Number(declared.statistics),
    order: declared.order ?? null,
    nulls: declared.nulls ?? null,
  }
}

function declaredOperatorClass(
  declared: DeclaredOperatorClass | undefined,
): Pick<IndexColumn, 'operatorClass' | 'parameters'> {
  if (declared === undefined) return { operatorClass: null, parameters: {} }
  if (typeof declared === 'string') return { operatorClass: objectName(declared), parameters: {} }
  const { schema, name, parameters } = declared
  return { operatorClass: { schema: schema ?? null, name }, parameters: record(Object.entries(parameters ?? {})) }
}

type DeclaredName = string | { readonly schema: string; readonly name: string }
type DeclaredOperatorClass =
  | string
  | { readonly schema?: string; readonly name: string; readonly parameters?: Readonly<Record<string, string>> }
type DeclaredIndexColumn =
  | string
  | {
      readonly column?: string
      readonly expression?: string
      readonly collation?: DeclaredName
      readonly operator_class?: DeclaredOperatorClass
      readonly statistics?: string
      readonly order?: 'asc' | 'desc'
      readonly nulls?: 'first' | 'last'
    }

// The catalog does not show whether a collation or operator class was given. pg_get_indexdef does, since it omits defaults. A name
// that the definition contains for another reason is written needlessly, which does no harm.
export function writtenColumn(column: IndexColumn, definition: string): Written {
  const given = (name: ObjectName | null) =>
    name && definition.includes(ident(name.name)) ? writtenName(name) : undefined
  const full = present({
    column: column.column,
    expression: column.expression && withoutBrackets(column.expression),
    collation: given(column.collation),
    operator_class: writtenOperatorClass(column, given(column.operatorClass)),
    statistics: column.statistics,
    order: column.order === 'desc' ? 'desc' : undefined,
    nulls: column.nulls === (column.order === 'desc' ? 'first' : 'last') ? undefined : column.nulls,
  })
  return column.column && Object.keys(full).length === 1 ? column.column : full
}

function writtenOperatorClass(
  { operatorClass, parameters }: IndexColumn,
  given: Written | undefined,
): Written | undefined {
  if (operatorClass === null || Object.keys(parameters).length === 0) return given
  const { schema, name } = operatorClass
  return present({ schema: schema === 'pg_catalog' ? undefined : schema, name, parameters: writtenOptions(parameters) })
}

export function columnSql(column: IndexColumn): Sql {
  const key = column.column == null ? sql`(${fragment(column.expression ?? '')})` : ident(column.column)
  const collation = column.collation ? sql` COLLATE ${nameOf(column.collation)}` : sql``
  const parameters = storageList(Object.entries(column.parameters))
  const operatorClass = column.operatorClass
    ? sql` ${nameOf(column.operatorClass)}${parameters === '' ? sql`` : sql` (${parameters})`}`
    : sql``
  const order = column.order === null ? sql`` : column.order === 'desc' ? sql` DESC` : sql` ASC`
  const nulls = column.nulls === null ? sql`` : column.nulls === 'first' ? sql` NULLS FIRST` : sql` NULLS LAST`
  return sql`${key}${collation}${operatorClass}${order}${nulls}`
}

export function columnText(column: IndexColumn): string {
  return [
    column.column == null ? `(${column.expression})` : ident(column.column),
    ...(column.collation ? [`collate ${showName(column.collation)}`] : []),
    ...(column.operatorClass ? [showName(column.operatorClass)] : []),
    ...(Object.keys(column.parameters).length > 0 ? [`(${storageList(sorted(column.parameters))})`] : []),
    ...(column.order ? [column.order] : []),
    ...(column.nulls ? [`nulls ${column.nulls}`] : []),
  ].join(' ')
}

/** The statistics targets of a new index. `alter` begins a statement: `ALTER INDEX s.i`. */
export function statisticsStatements(alter: Sql, columns: readonly IndexColumn[]): readonly Statement[] {
  return columns.flatMap(({ statistics }, at) =>
    typeof statistics === 'number' ? [statisticsStatement(alter, at, statistics)] : [],
  )
}

/** -1 sets the default in every major. */
function statisticsStatement(alter: Sql, at: number, target: number | null): Statement {
  return statement(sql`${alter} ALTER COLUMN ${number(at + 1)} SET STATISTICS ${number(target ?? -1)}`)
}

export function statisticsChanges(
  alter: Sql,
  from: readonly IndexColumn[],
  to: readonly IndexColumn[],
): readonly FieldChange[] {
  return to.flatMap(({ statistics }, at): readonly FieldChange[] => {
    const before = from[at]?.statistics ?? null
    if (statistics === undefined || statistics === before) return []
    const effect = { how: 'statement', statement: statisticsStatement(alter, at, statistics) } as const
    const shown = (target: number | null) => (target === null ? undefined : String(target))
    return [{ field: `column ${at + 1} statistics`, from: shown(before), to: shown(statistics), effect }]
  })
}

function sorted(options: Options): readonly (readonly [string, string])[] {
  return Object.entries(options).sort(([left], [right]) => (left < right ? -1 : 1))
}
