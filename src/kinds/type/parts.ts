// Which declared types a type consists of, so that they are created before it.
import { topologicalOrder } from '../../core/graph.ts'
import { type IdOf, type Key, keyOf } from '../../core/object.ts'

interface TypeStanza {
  readonly domain?: string
  readonly composite?: Readonly<Record<string, string | { readonly type: string }>>
}

/** The SQL types that a type consists of. */
export function partsOf({ domain, composite = {} }: TypeStanza): readonly string[] {
  const attributes = Object.values(composite).map((each) => (typeof each === 'string' ? each : each.type))
  return domain === undefined ? attributes : [domain]
}

/** A declared type, with the SQL types that it consists of. */
interface Declared {
  readonly id: IdOf<'type'>
  readonly needs: readonly Key[]
  readonly parts: readonly string[]
}

/** The types in order of creation, each needing those that it consists of. */
export function withParts<Object extends Declared>(
  all: readonly Object[],
  searchPath: readonly string[],
): readonly Object[] {
  const keys = new Set(all.map(({ id }) => keyOf(id)))
  const found = all.map((object) => {
    const named = object.parts.flatMap((part) => typesNamed(part, searchPath))
    const others = named.map(keyOf).filter((key) => keys.has(key) && key !== keyOf(object.id))
    return { ...object, needs: [...new Set([...object.needs, ...others])] }
  })
  return topologicalOrder(
    found,
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
}

const part = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`
const typeName = new RegExp(String.raw`(?:(${part})\s*\.\s*)?(${part})`, 'gu')

/** Every type that the SQL may name. Modifiers and words of built-in types match too, which does no harm. */
export function typesNamed(text: string, searchPath: readonly string[]): readonly IdOf<'type'>[] {
  return Array.from(text.matchAll(typeName), ([, schema, name = '']) => {
    const schemas = schema === undefined ? searchPath : [unquoted(schema)]
    return schemas.map((each) => ({ kind: 'type' as const, schema: each, name: unquoted(name) }))
  }).flat()
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
