// How the columns of two queries differ, if that is all in which the queries differ.

import { sameData } from '../core/data.ts'
import { isSqlNode, parseSql, type SqlNode, statementsOf } from './parse-sql.ts'
import { nameOfTarget } from './result-columns.ts'

export interface ColumnDifference {
  readonly dropped: readonly string[]
  readonly added: readonly string[]
}

/**
 * Undefined unless both queries return the same rows, apart from dropped columns and from added ones after all others. Both queries
 * are as PostgreSQL shows them.
 */
export async function columnDifference(before: string, after: string): Promise<ColumnDifference | undefined> {
  const [from, to] = [await selectOf(before), await selectOf(after)]
  if (!from || !to || !sameData(from.rest, to.rest)) return undefined
  const kept = [...from.columns.keys()].filter((name) => to.columns.has(name))
  if (kept.length === 0) return undefined
  const isInOrder = [...to.columns.keys()].slice(0, kept.length).every((name, at) => name === kept[at])
  const isSame = kept.every((name) => sameData(from.columns.get(name), to.columns.get(name)))
  if (!isInOrder || !isSame) return undefined
  const dropped = [...from.columns.keys()].filter((name) => !to.columns.has(name))
  const added = [...to.columns.keys()].slice(kept.length)
  const others = [...dropped.map((name) => from.columns.get(name)), ...added.map((name) => to.columns.get(name))]
  return others.every(leavesRows) ? { dropped, added } : undefined
}

interface Select {
  /** The expressions of the columns, by name. */
  readonly columns: ReadonlyMap<string, unknown>
  /** Everything else. */
  readonly rest: SqlNode
}

/** Undefined for queries whose columns decide which rows they return, such as those with DISTINCT or UNION. */
async function selectOf(query: string): Promise<Select | undefined> {
  const result = await parseSql(query)
  if ('message' in result) return undefined
  const [statement, ...others] = statementsOf(result.tree)
  const select = statement?.SelectStmt
  if (others.length > 0 || !isSqlNode(select) || select.op !== 'SETOP_NONE' || select.distinctClause) return undefined
  const { targetList, ...rest } = withoutLocations(select) as SqlNode // a node stays one
  if (!Array.isArray(targetList)) return undefined
  const names = targetList.map(nameOfTarget)
  const columns = new Map(targetList.map((target, at) => [names[at] ?? '', expressionOf(target)]))
  return names.includes(undefined) || columns.size < names.length ? undefined : { columns, rest }
}

function expressionOf(target: unknown): unknown {
  return isSqlNode(target) && isSqlNode(target.ResTarget) ? target.ResTarget.val : undefined
}

function withoutLocations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLocations)
  if (!isSqlNode(value)) return value
  const fields = Object.entries(value).filter(([name]) => name !== 'location' && !name.endsWith('_location'))
  return Object.fromEntries(fields.map(([name, each]) => [name, withoutLocations(each)]))
}

/** Nodes of expressions that neither aggregate rows nor multiply them, as a function may. */
const rowWise: ReadonlySet<string> = new Set(
  (
    'A_ArrayExpr A_Const A_Expr A_Indices A_Indirection BoolExpr BooleanTest CaseExpr CaseWhen CoalesceExpr CollateClause ' +
    'ColumnRef Integer List MinMaxExpr NullTest ResTarget RowExpr SQLValueFunction String TypeCast TypeName'
  ).split(' '),
)

function leavesRows(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(leavesRows)
  if (!isSqlNode(value)) return true
  // The names of nodes begin with a capital, those of fields do not.
  return Object.entries(value).every(([name, each]) => (!/^[A-Z]/.test(name) || rowWise.has(name)) && leavesRows(each))
}
