import { isSqlNode, parseSql } from './parse-sql.ts'
import type { RelationName } from './relations-read.ts'

/**
 * SQL as the catalog shows it, every relation with its schema, with some of them in other schemas. Found by
 * PostgreSQL's own parser: the same words may be a column of an alias, or stand in a string.
 * @param schemaOf the schema in which a relation stands now; undefined leaves it where it is
 * @throws Error if the text is no query: it is PostgreSQL's own
 */
export async function requalifyRelations(
  query: string,
  schemaOf: (relation: RelationName) => string | undefined,
): Promise<string> {
  const result = await parseSql(query)
  if ('message' in result) throw new Error(`a query that PostgreSQL shows is none to its grammar: ${result.message}`)
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
    // What a statement is about is its `relation`, without the name of the node's type.
    if ((type !== 'RangeVar' && type !== 'relation') || !isSqlNode(child)) return relationsIn(child)
    const { schemaname, relname, location } = child
    // A common table expression has no schema. The parser leaves out a location of 0, where no FROM can stand.
    if (typeof schemaname !== 'string' || typeof location !== 'number') return []
    return [{ name: { schema: schemaname, name: String(relname) }, location }]
  })
}
