// Finds the relations that a query reads, from its parse tree.

import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isSqlNode, nameParts, parseSql, type SqlNode } from './parse-sql.ts'

/** A relation as a query names it. Without a schema, it is looked up in the search path. */
export interface RelationName {
  readonly schema: string | null
  readonly name: string
}

/** The keys that a name may refer to: relations of its schema, or of any schema in the search path. */
export function possibleKeys({ schema, name }: RelationName, searchPath: readonly string[]): readonly Key[] {
  return keysOf(['foreignTable', 'materializedView', 'table', 'view'], { schema, name }, searchPath)
}

/** The keys that the name of a type may refer to: those of types, and those of relations, whose rows have such a type. */
export function possibleTypeKeys(name: RelationName, searchPath: readonly string[]): readonly Key[] {
  return [...keysOf(['type'], name, searchPath), ...possibleKeys(name, searchPath)]
}

type KindInSchema = Extract<ObjectId, { readonly schema: string }>['kind']

function keysOf(
  kinds: readonly KindInSchema[],
  { schema, name }: RelationName,
  searchPath: readonly string[],
): readonly Key[] {
  const schemas = schema === null ? searchPath : [schema]
  return schemas.flatMap((candidate) => kinds.map((kind) => keyOf({ kind, schema: candidate, name })))
}

/**
 * The relations that a query reads, including those in subqueries, and those whose row types it names. A reference to a common
 * table expression is not one. Text that does not parse reads nothing.
 */
export async function relationsRead(query: string): Promise<readonly RelationName[]> {
  const result = await parseSql(query)
  if ('message' in result) return []
  const relations = new Map<string, RelationName>()
  for (const relation of relationsIn(result.tree, new Set())) relations.set(JSON.stringify(relation), relation)
  return [...relations.values()]
}

/** The names of the visible common table expressions. */
type Scope = ReadonlySet<string>

function relationsIn(value: unknown, scope: Scope): readonly RelationName[] {
  if (Array.isArray(value)) return value.flatMap((item) => relationsIn(item, scope))
  if (!isSqlNode(value)) return []
  const { withClause, ...rest } = value
  const expressions = isSqlNode(withClause) ? inExpressions(withClause, scope) : { scope, relations: [] }
  return [
    ...expressions.relations,
    ...Object.entries(rest).flatMap(([type, child]) => {
      // FOR UPDATE OF refers to an item of FROM by its alias.
      if (type === 'lockingClause') return []
      if (type === 'RangeVar' && isSqlNode(child)) return named(child, expressions.scope)
      if (type === 'typeName' && isSqlNode(child)) return rowType(child)
      return relationsIn(child, expressions.scope)
    }),
  ]
}

/** A CTE sees those before it or, with RECURSIVE, all of them. So `WITH t AS (SELECT … FROM t)` reads the relation t. */
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

/** Any type, since only the catalog knows which of them belong to relations. */
function rowType({ names }: SqlNode): readonly RelationName[] {
  const parts = nameParts(names)
  const [schema, name] = parts.length === 1 ? [null, parts[0]] : parts.slice(-2)
  if (schema === undefined || name === undefined || schema === 'pg_catalog') return []
  return schema === null && builtInTypes.has(name) ? [] : [{ schema, name }]
}

/** Found in pg_catalog before anything else has the name. Others are keywords, which the parser qualifies. */
const builtInTypes = new Set(
  (
    'bool box bpchar bytea cidr circle date float4 float8 inet int2 int4 int8 json jsonb jsonpath line lseg macaddr macaddr8 ' +
    'money name numeric oid path point polygon regclass regproc regrole regtype text timestamptz timetz tsquery tsvector ' +
    'uuid varbit varchar xml'
  ).split(' '),
)
