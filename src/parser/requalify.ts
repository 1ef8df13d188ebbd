// Replaces the schemas of relations in a query.

import { isSqlNode, parseSql } from './parse-sql.ts'
import type { RelationName } from './relations-read.ts'

/**
 * Replaces schemas in SQL from the catalog, where every relation is qualified. The parser finds the relations, since the
 * same text may also be a column of an alias, or part of a string.
 * @param schemaOf the new schema of a relation; undefined keeps the schema
 * @throws Error if the text does not parse, since it comes from PostgreSQL
 */
export async function requalifyRelations(
  query: string,
  schemaOf: (relation: RelationName) => string | undefined,
): Promise<string> {
  const result = await parseSql(query)
  if ('message' in result) throw new Error(`a query from the catalog does not parse: ${result.message}`)
  let text = Buffer.from(query)
  const places = relationsIn(result.tree).sort((left, right) => right.location - left.location)
  for (const { name, location } of places) {
    const schema = schemaOf(name)
    if (schema === undefined) continue
    const rest = text.subarray(location).toString()
    const written = /^("(?:[^"]|"")*"|[^\s."]+)(?=\s*\.)/.exec(rest)?.[0] ?? ''
    text = Buffer.concat([text.subarray(0, location), Buffer.from(schema), Buffer.from(rest.slice(written.length))])
  }
  return text.toString()
}

interface Place {
  readonly name: RelationName
  /** In bytes. */
  readonly location: number
}

function relationsIn(value: unknown): Place[] {
  if (Array.isArray(value)) return value.flatMap(relationsIn)
  if (!isSqlNode(value)) return []
  return Object.entries(value).flatMap(([type, child]) => {
    // The target of a statement is its `relation`, which has no RangeVar key around it.
    if ((type !== 'RangeVar' && type !== 'relation') || !isSqlNode(child)) return relationsIn(child)
    const { schemaname, relname, location } = child
    // A common table expression has no schema. The parser omits a location of 0, where no relation can be.
    if (typeof schemaname !== 'string' || typeof location !== 'number') return []
    return [{ name: { schema: schemaname, name: String(relname) }, location }]
  })
}
