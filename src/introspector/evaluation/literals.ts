// Finds out whether a statement may contain a literal of a type whose input runs user-defined code. The type of a literal
// without a cast is known only to the server, so this goes by the names in the statement.

import { isSqlNode, nameParts, parseSql, type SqlNode } from '../../parser/parse-sql.ts'
import type { EvaluatingTypes, Reach } from './evaluating-types.ts'

/** It finds too many statements rather than too few. */
export async function mayEvaluateLiterals(types: EvaluatingTypes, statement: string): Promise<boolean> {
  const parsed = await parseSql(statement)
  if ('message' in parsed) return true
  const uses = usesIn(parsed.tree)
  const reaches = new Set<Reach | undefined>([
    ...uses.types.map((type) => reachOf(type, types)),
    ...uses.columns.map((name) => types.columns.get(name)),
    ...uses.ownColumns.flatMap(({ name, type }) => (uses.columns.includes(name) ? [reachOf(type, types)] : [])),
  ])
  const names = [...uses.functions, ...uses.operators]
  if (names.some((name) => types.functions.has(name) || types.operators.has(name))) reaches.add('literal')
  if (takesWholeRows(uses) && uses.relations.some((name) => types.relations.has(name))) reaches.add('literal')
  const buildsArrays = uses.buildsArrays || uses.functions.some((name) => types.arrayFunctions.has(name))
  const isReached = reaches.has('literal') || (reaches.has('array literal') && buildsArrays)
  return (
    uses.castLiterals.some((type) => reachOf(type, types) === 'literal') ||
    (isReached && (uses.hasBareLiteral || uses.castLiterals.some(({ name }) => name === 'unknown')))
  )
}

/** A table whose rows are used as a whole, or whose columns may have other names. */
function takesWholeRows({ hasOtherNames, columns, aliases, relations }: Uses): boolean {
  return hasOtherNames || columns.some((name) => aliases.includes(name) || relations.includes(name))
}

function reachOf({ name, isArray }: TypeUse, { types }: EvaluatingTypes): Reach | undefined {
  const reach = types.get(name)
  return reach === 'array literal' && isArray ? 'literal' : reach
}

interface TypeUse {
  readonly name: string
  readonly isArray: boolean
}

/** What a statement uses, by the last part of each name. */
interface Uses {
  readonly types: TypeUse[]
  /** The types that literals are cast to. */
  readonly castLiterals: TypeUse[]
  /** Columns that the statement itself defines. */
  readonly ownColumns: { readonly name: string; readonly type: TypeUse }[]
  /** Names of columns, of fields, and of rows. */
  readonly columns: string[]
  readonly functions: string[]
  readonly operators: string[]
  readonly relations: string[]
  readonly aliases: string[]
  /** A literal without a cast takes the type of whatever it is compared or combined with. */
  hasBareLiteral: boolean
  buildsArrays: boolean
  hasOtherNames: boolean
}

function usesIn(tree: SqlNode): Uses {
  const uses: Uses = {
    types: [],
    castLiterals: [],
    ownColumns: [],
    columns: [],
    functions: [],
    operators: [],
    relations: [],
    aliases: [],
    hasBareLiteral: false,
    buildsArrays: false,
    hasOtherNames: false,
  }
  const open: unknown[] = [tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) for (const item of node) open.push(item)
    if (isSqlNode(node)) open.push(...addUses(node, uses))
  }
  return uses
}

/** Adds what one node uses. Returns its children that remain to be visited. */
function addUses(node: SqlNode, uses: Uses): readonly unknown[] {
  const { TypeCast: cast, ResTarget: target, A_Const: constant, ColumnRef: column } = node
  if (isSqlNode(constant) && isSqlNode(constant.sval)) uses.hasBareLiteral = true
  if (node.A_ArrayExpr !== undefined || node.subLinkType === 'ARRAY_SUBLINK') uses.buildsArrays = true
  if (isSqlNode(column)) {
    uses.columns.push(...nameParts(column.fields).slice(-1))
    if (hasStar(column)) uses.hasOtherNames = true
  }
  uses.columns.push(...nameParts(node.indirection))
  uses.functions.push(...nameParts(node.funcname).slice(-1))
  if (isSqlNode(node.A_Expr)) uses.operators.push(...nameParts(node.A_Expr.name).slice(-1))
  if (node.typemod !== undefined) uses.types.push(...typeUse(node))
  if (typeof node.colname === 'string' && isSqlNode(node.typeName) && !hasDefault(node)) {
    const { colname: name, typeName, ...rest } = node
    uses.ownColumns.push(...typeUse(typeName).map((type) => ({ name, type })))
    return Object.values(rest)
  }
  if (typeof node.relname === 'string') uses.relations.push(node.relname)
  if (typeof node.aliasname === 'string') uses.aliases.push(node.aliasname)
  const isSetOperation = typeof node.op === 'string' && node.op.startsWith('SETOP_') && node.op !== 'SETOP_NONE'
  if (isSetOperation || [node.colnames, node.aliascolnames, node.colNames, node.aliases].some(Array.isArray)) {
    uses.hasOtherNames = true
  }
  if (isSqlNode(cast) && isSqlNode(cast.typeName) && isStringLiteral(cast.arg)) {
    uses.types.push(...typeUse(cast.typeName))
    uses.castLiterals.push(...typeUse(cast.typeName))
    return []
  }
  // The star of a SELECT list is just all columns.
  return isSqlNode(target) && isSqlNode(target.val) && hasStar(target.val.ColumnRef) ? [] : Object.values(node)
}

function typeUse({ names, arrayBounds }: SqlNode): readonly TypeUse[] {
  const name = nameParts(names).at(-1)
  return name === undefined ? [] : [{ name, isArray: arrayBounds !== undefined }]
}

/** Only a default has the type of its column. */
function hasDefault({ constraints, coldefexpr }: SqlNode): boolean {
  if (coldefexpr !== undefined) return true
  const all: readonly unknown[] = Array.isArray(constraints) ? constraints : []
  return all.some(
    (each) => isSqlNode(each) && isSqlNode(each.Constraint) && each.Constraint.contype !== 'CONSTR_NOTNULL',
  )
}

function isStringLiteral(node: unknown): boolean {
  return isSqlNode(node) && isSqlNode(node.A_Const) && isSqlNode(node.A_Const.sval)
}

function hasStar(column: unknown): boolean {
  const fields = isSqlNode(column) && Array.isArray(column.fields) ? column.fields : []
  return fields.some((field) => isSqlNode(field) && 'A_Star' in field)
}
