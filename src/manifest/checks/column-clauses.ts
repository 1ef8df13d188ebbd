// What to write where the text of a column's type has more of a column's definition, as in SQL: int NOT NULL.

import type { Problem } from '../../core/errors.ts'
import { isSqlNode, parseSql, type SqlNode, statementsOf } from '../../parser/parse-sql.ts'

/** How the manifest declares a column like that; nothing if SQL would not take the text after a column's name either. */
export async function hintForClauses(text: string): Promise<Pick<Problem, 'hint'>> {
  const before = 'CREATE FOREIGN TABLE t (c '
  const result = await parseSql(`${before}${text}\n) SERVER s`)
  const column = 'tree' in result ? onlyColumn(statementsOf(result.tree)) : undefined
  const clauses = column ? clausesOf(column) : []
  if (clauses.length === 0) return {}
  const end = Math.min(...clauses.map(({ location }) => location)) - before.length
  // The options come before all constraints, and the tree has no place of the word.
  const [type = ''] = Buffer.from(text)
    .subarray(0, end)
    .toString()
    .split(/\soptions\b/i)
  const pairs = new Set([`type: ${quoted(type.trim())}`, ...clauses.flatMap(({ pair }) => pair ?? [])])
  const sentences = new Set(clauses.flatMap(({ sentence }) => sentence ?? []))
  return { hint: [`Write { ${[...pairs].join(', ')} }.`, ...sentences].join(' ') }
}

function quoted(type: string): string {
  return /^[\w ]+$/.test(type) ? type : `'${type.replaceAll("'", "''")}'`
}

/** The column of CREATE FOREIGN TABLE; undefined if there is more than that. */
function onlyColumn([statement, ...others]: readonly SqlNode[]): SqlNode | undefined {
  const table = statement?.CreateForeignTableStmt
  if (others.length > 0 || !isSqlNode(table) || !isSqlNode(table.base)) return undefined
  const [column, ...more] = nodesIn(table.base.tableElts, 'ColumnDef')
  return more.length === 0 ? column : undefined
}

function nodesIn(list: unknown, kind: string): readonly SqlNode[] {
  const entries: readonly unknown[] = Array.isArray(list) ? list : []
  return entries.flatMap((entry) => (isSqlNode(entry) && isSqlNode(entry[kind]) ? [entry[kind]] : []))
}

interface Clause {
  /** In bytes of the statement. */
  readonly location: number
  readonly pair?: string
  readonly sentence?: string
}

function clausesOf({ fdwoptions, collClause, constraints }: SqlNode): readonly Clause[] {
  const options = nodesIn(fdwoptions, 'DefElem').map((node) => ({ node, pair: 'options: { … }' }))
  const collations = isSqlNode(collClause) ? [{ node: collClause, pair: 'collation: …' }] : []
  const others = nodesIn(constraints, 'Constraint').map((node) => ({ node, ...constraintAsDeclared(node) }))
  return [...options, ...collations, ...others].map(({ node, ...rest }) => ({
    ...rest,
    location: Number(node.location),
  }))
}

function constraintAsDeclared({ contype, generated_when }: SqlNode): Pick<Clause, 'pair' | 'sentence'> {
  switch (contype) {
    case 'CONSTR_NOTNULL':
      return { pair: 'not_null: true' }
    case 'CONSTR_NULL':
      return { pair: 'not_null: false' }
    case 'CONSTR_DEFAULT':
      return { pair: 'default: …' }
    case 'CONSTR_GENERATED':
      return { pair: 'generated: …' }
    case 'CONSTR_IDENTITY':
      return { pair: `identity: ${generated_when === 'a' ? 'always' : 'by_default'}` }
    case 'CONSTR_CHECK':
      return { sentence: 'Checks are declared beside the columns, as checks.' }
    default:
      return { sentence: 'A foreign table has no primary key, no unique constraint and no foreign key.' }
  }
}
