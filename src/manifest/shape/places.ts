// The places of maps and booleans in a manifest, by which the text of its scalars is read.

import type { Pattern } from '../yaml/path-pattern.ts'
import { manifestSchema, referenced, type SchemaNode } from './schema.ts'

const found = placesIn(manifestSchema)

export const maps: readonly Pattern[] = found.maps.filter((pattern) => pattern !== '')
export const truthValues: readonly Pattern[] = found.truthValues

function placesIn(schema: SchemaNode): { readonly maps: readonly Pattern[]; readonly truthValues: readonly Pattern[] } {
  const places: { readonly maps: Pattern[]; readonly truthValues: Pattern[] } = { maps: [], truthValues: [] }
  const visit = (part: SchemaNode | false | undefined, path: readonly string[]): void => {
    if (!part) return
    const node = referenced(part)
    if (node.type === 'object') places.maps.push(path.join('.'))
    if (isTruthValue(node)) places.truthValues.push(path.join('.'))
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, [...path, key])
    for (const child of [node.additionalProperties, node.items]) visit(child, [...path, '*'])
  }
  visit(schema, [])
  return places
}

/** Whether a scalar there is a boolean. Where any text is allowed, `true` is a text, too. */
function isTruthValue({ type }: Pick<SchemaNode, 'type'>): boolean {
  return type === 'boolean' || (Array.isArray(type) && type.includes('boolean') && !type.includes('string'))
}
