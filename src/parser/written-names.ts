// Finds the names in SQL: of functions, operators, types, collations, operator classes and relations, with or without a schema.
// What they refer to, only the server knows.

import { unquoted } from '../core/names-in-sql.ts'
import { isSqlNode, nameParts, parseSql, type SqlNode } from './parse-sql.ts'

/** The kinds of named things. A constant can name something too: `to_tsvector('app.german', …)`, `'app.f'::regproc`. */
export type NamedKind = 'function' | 'operator' | 'type' | 'collation' | 'operator class' | 'relation' | 'constant'

export interface WrittenNames {
  isWritten(kind: NamedKind, name: string): boolean
  isWrittenWithSchema(kind: NamedKind, schema: string, name: string): boolean
}

/**
 * The names in some statements. Operators count as written if the syntax implies them: BETWEEN, for example, looks up `>=`. Text
 * that does not parse has no names.
 */
export async function writtenNames(texts: readonly string[]): Promise<WrittenNames> {
  const plain = new Set<string>()
  const qualified = new Set<string>()
  for (const text of texts) {
    const result = await parseSql(text)
    if ('message' in result) continue
    for (const { kind, name } of namesIn(result.tree)) {
      const [last = '', schema] = [...name].reverse()
      if (schema === undefined) plain.add(`${kind} ${last}`)
      else qualified.add(JSON.stringify([kind, schema, last]))
    }
  }
  return {
    isWritten: (kind, name) => plain.has(`${kind} ${name}`),
    isWrittenWithSchema: (kind, schema, name) => qualified.has(JSON.stringify([kind, schema, name])),
  }
}

interface WrittenName {
  readonly kind: NamedKind
  /** The parts of the name: the schema, if any, and the name itself. */
  readonly name: readonly string[]
}

function namesIn(tree: SqlNode): readonly WrittenName[] {
  const names: WrittenName[] = []
  const open: unknown[] = [tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) for (const item of node) open.push(item)
    if (!isSqlNode(node)) continue
    names.push(...namesOf(node))
    for (const child of Object.values(node)) open.push(child)
  }
  return names
}

function namesOf(node: SqlNode): readonly WrittenName[] {
  const { schemaname, relname, sval } = node
  return [
    ...nameAt('function', node.funcname),
    // A call with the name of a type is a cast.
    ...nameAt('type', node.funcname),
    ...(node.typemod === undefined ? [] : nameAt('type', node.names)),
    ...nameAt('collation', node.collname),
    ...nameAt('collation', node.collation),
    ...nameAt('operator class', node.opclass),
    ...nameAt('operator', node.operName),
    ...nameAt('operator', node.useOp),
    ...operatorsOf(node),
    ...(typeof relname === 'string'
      ? [{ kind: 'relation' as const, name: typeof schemaname === 'string' ? [schemaname, relname] : [relname] }]
      : []),
    ...(isSqlNode(sval) && typeof sval.sval === 'string'
      ? [{ kind: 'constant' as const, name: nameInConstant(sval.sval) }]
      : []),
  ]
}

function nameAt(kind: NamedKind, parts: unknown): readonly WrittenName[] {
  const name = nameParts(parts)
  return name.length === 0 ? [] : [{ kind, name }]
}

/** Operators that the syntax looks up by name, although the tree has another name for them or none. */
function operatorsOf(node: SqlNode): readonly WrittenName[] {
  const { A_Expr: expression, CaseExpr, JoinExpr, SubLink } = node
  const operators = (...all: readonly string[]) => all.map((each) => ({ kind: 'operator' as const, name: [each] }))
  if (isSqlNode(expression)) {
    if (String(expression.kind).includes('BETWEEN')) return operators('<', '<=', '>', '>=')
    return nameAt('operator', expression.name)
  }
  const comparesWithEquals =
    (isSqlNode(CaseExpr) && CaseExpr.arg !== undefined) ||
    (isSqlNode(JoinExpr) && (JoinExpr.isNatural === true || JoinExpr.usingClause !== undefined)) ||
    (isSqlNode(SubLink) && SubLink.testexpr !== undefined && SubLink.operName === undefined)
  return comparesWithEquals ? operators('=') : []
}

/** The parts of a name in a constant, without the arguments of a function: `app."F"(int)`. */
function nameInConstant(text: string): readonly string[] {
  const name = text.replace(/\(.*\)\s*$/s, '')
  const parts = name.match(/"(?:[^"]|"")*"|[^."\s]+/g) ?? []
  return parts.map(unquoted)
}
