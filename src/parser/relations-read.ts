import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isSqlNode, parseSql, type SqlNode } from './parse-sql.ts'

/** A relation as a query names it: without a schema the search path finds it. */
export interface RelationName {
  readonly schema: string | null
  readonly name: string
}

/** What a name can mean: a relation of its schema, or of any of the path. */
export function possibleKeys({ schema, name }: RelationName, searchPath: readonly string[]): readonly Key[] {
  const schemas = schema === null ? searchPath : [schema]
  const ids = schemas.flatMap((candidate): readonly ObjectId[] => [
    { kind: 'foreignTable', schema: candidate, name },
    { kind: 'materializedView', schema: candidate, name },
    { kind: 'view', schema: candidate, name },
  ])
  return ids.map(keyOf)
}

/**
 * The relations that a query names, anywhere in it. A name that means a common table expression where it stands is
 * none. Nothing for what is no SQL.
 */
export async function relationsRead(query: string): Promise<readonly RelationName[]> {
  const result = await parseSql(query)
  if ('message' in result) return []
  const relations = new Map<string, RelationName>()
  for (const relation of relationsIn(result.tree, new Set())) relations.set(JSON.stringify(relation), relation)
  return [...relations.values()]
}

/** Names of the common table expressions that can be seen. */
type Scope = ReadonlySet<string>

function relationsIn(value: unknown, scope: Scope): readonly RelationName[] {
  if (Array.isArray(value)) return value.flatMap((item) => relationsIn(item, scope))
  if (!isSqlNode(value)) return []
  const { withClause, ...rest } = value
  const expressions = isSqlNode(withClause) ? inExpressions(withClause, scope) : { scope, relations: [] }
  return [
    ...expressions.relations,
    ...Object.entries(rest).flatMap(([type, child]) => {
      // FOR UPDATE OF names what FROM has named already, by its alias.
      if (type === 'lockingClause') return []
      if (type === 'RangeVar' && isSqlNode(child)) return named(child, expressions.scope)
      return relationsIn(child, expressions.scope)
    }),
  ]
}

/** An expression sees those before it, in WITH RECURSIVE all of them; only so is `WITH t AS (SELECT … FROM t)` no circle. */
function inExpressions(
  { ctes, recursive }: SqlNode,
  outer: Scope,
): { readonly scope: Scope; readonly relations: readonly RelationName[] } {
  const expressions = (Array.isArray(ctes) ? ctes : []).flatMap((cte: unknown) =>
    isSqlNode(cte) && isSqlNode(cte.CommonTableExpr) ? [cte.CommonTableExpr] : [],
  )
  const all = new Set([...outer, ...expressions.map(({ ctename }) => String(ctename))])
  const before = new Set(outer)
  const relations = expressions.flatMap(({ ctename, ctequery }) => {
    const found = relationsIn(ctequery, recursive === true ? all : before)
    before.add(String(ctename))
    return found
  })
  return { scope: all, relations }
}

function named({ schemaname, relname }: SqlNode, scope: Scope): readonly RelationName[] {
  const schema = typeof schemaname === 'string' ? schemaname : null
  const name = String(relname)
  return schema === null && scope.has(name) ? [] : [{ schema, name }]
}
