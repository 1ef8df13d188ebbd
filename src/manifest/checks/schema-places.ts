// What the manifest's schema has at a path of a manifest: its keys and an example, and where else a key belongs.

import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import { isMap } from '../../core/data.ts'
import type { Path } from '../manifest.ts'

type SchemaNode = Readonly<Record<string, unknown>>

/** The keys that the schema allows at a path. The validator's errors do not include them. */
export function keysAt(path: Path): readonly string[] {
  return Object.keys(propertiesOf(nodeAt(path)))
}

/** How the value at a path is written, in YAML with its key; undefined if neither it nor what it is in has an example. */
export function exampleAt(path: Path): string | undefined {
  // The example of a list shows what its entries are.
  const isEntryOfList = nodeAt(path.slice(0, -1))?.items !== undefined
  const example = isEntryOfList ? undefined : (exampleIn(propertyAt(path)) ?? exampleIn(nodeAt(path)))
  if (example === undefined) return path.length > 0 ? exampleAt(path.slice(0, -1)) : undefined
  const key = path.at(-1) ?? ''
  // The example of a map whose keys are names may be a single entry.
  return /^\w+: /.test(example) ? `${key}: { ${example} }` : `${key}: ${example}`
}

function exampleIn(node: SchemaNode | undefined): string | undefined {
  return typeof node?.description === 'string'
    ? /\bExample: (?<text>.+)$/s.exec(node.description)?.groups?.text
    : undefined
}

/**
 * Where a key belongs that does not exist at a path, in YAML: into a map there, or beside it. Wrappers repeat the kind of object
 * in names of options, so `schema` may be `schema_name`.
 */
export function placesOf(key: string, path: Path): readonly string[] {
  const inside = Object.entries(propertiesOf(nodeAt(path))).flatMap(([name, property]) =>
    placesIn(resolved(property), key).map((place) => `${name}: { ${place} }`),
  )
  const [parent, entry] = [path.slice(0, -1), path.at(-1)]
  const isBeside = entry !== undefined && keysAt(parent).includes(key)
  return inside.length === 0 && isBeside ? [`${entry}: { … }, ${key}: …`] : inside
}

function placesIn(node: SchemaNode | undefined, key: string): readonly string[] {
  const entry = isMap(node?.additionalProperties) ? resolved(node.additionalProperties) : undefined
  const names = Object.keys(propertiesOf(node)).filter((name) => name === key || name === `${key}_name`)
  if (names.length > 0) return names.map((name) => `${name}: …`)
  return Object.hasOwn(propertiesOf(entry), key) ? [`NAME: { ${key}: … }`] : []
}

function nodeAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, step) => resolved(below(node, step)), schema)
}

/** What is below a path, before its reference is followed: what it refers to may have another description. */
function propertyAt(path: Path): SchemaNode | undefined {
  const [entry] = path.slice(-1)
  return entry === undefined ? schema : below(nodeAt(path.slice(0, -1)), entry)
}

function below(node: SchemaNode | undefined, step: Path[number]): SchemaNode | undefined {
  const found =
    propertiesOf(node)[step] ?? (isMap(node?.additionalProperties) ? node.additionalProperties : node?.items)
  return isMap(found) ? found : undefined
}

function propertiesOf(node: SchemaNode | undefined): SchemaNode {
  return isMap(node?.properties) ? node.properties : {}
}

function resolved(node: unknown): SchemaNode | undefined {
  if (!isMap(node)) return undefined
  if (typeof node.$ref !== 'string') return node
  return resolved(Reflect.get(schema.$defs, node.$ref.replace('#/$defs/', '')))
}
