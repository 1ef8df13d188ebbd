import { parseSql } from './grammar.ts'

/** A relation as a query names it: without a schema the search path finds it. */
export interface RelationName {
  readonly schema: string | null
  readonly name: string
}

/**
 * The relations that a query names, anywhere in it. A name that is one of its common table expressions is none; told by
 * the name alone, so that a relation which has the name of one elsewhere in the query may be missed. The server is the
 * judge; this only finds an order.
 */
export async function relationsNamed(query: string): Promise<readonly RelationName[]> {
  const result = await parseSql(query)
  if ('message' in result) return []
  const relations = new Map<string, RelationName>()
  const expressions = new Set<string>()
  walk(result.tree, (type, node) => {
    if (type === 'CommonTableExpr') expressions.add(String(node.ctename))
    if (type !== 'RangeVar') return
    const relation = {
      schema: typeof node.schemaname === 'string' ? node.schemaname : null,
      name: String(node.relname),
    }
    relations.set(JSON.stringify(relation), relation)
  })
  return [...relations.values()].filter(({ schema, name }) => schema !== null || !expressions.has(name))
}

function walk(value: unknown, visit: (type: string, node: Readonly<Record<string, unknown>>) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit)
  else if (value !== null && typeof value === 'object') {
    for (const [key, child] of Object.entries(value)) {
      if (child !== null && typeof child === 'object' && !Array.isArray(child)) visit(key, child)
      walk(child, visit)
    }
  }
}
