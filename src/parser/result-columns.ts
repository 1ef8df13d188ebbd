// The names of the columns that a query returns, as far as its text alone shows them.

import { isSqlNode, nameParts, parseSql, type SqlNode, statementsOf } from './parse-sql.ts'

/** Undefined if the text does not show all of them: for `*`, and for expressions without a name. */
export async function resultColumns(query: string): Promise<readonly string[] | undefined> {
  const result = await parseSql(query)
  if ('message' in result) return undefined
  const [select] = statementsOf(result.tree)
  return select && isSqlNode(select.SelectStmt) ? columnsOf(select.SelectStmt) : undefined
}

/** The columns of a set operation are those of its first query. */
function columnsOf({ larg, targetList }: SqlNode): readonly string[] | undefined {
  if (isSqlNode(larg)) return columnsOf(larg)
  if (!Array.isArray(targetList)) return undefined
  const names = targetList.map(nameOfTarget)
  return names.every((name) => name !== undefined) ? names : undefined
}

/** The name of a column, if its expression shows it. */
export function nameOfTarget(target: unknown): string | undefined {
  if (!isSqlNode(target) || !isSqlNode(target.ResTarget)) return undefined
  const { name, val } = target.ResTarget
  if (typeof name === 'string') return name
  if (!isSqlNode(val) || !isSqlNode(val.ColumnRef) || !Array.isArray(val.ColumnRef.fields)) return undefined
  const last: unknown = val.ColumnRef.fields.at(-1)
  return nameParts([last])[0]
}
