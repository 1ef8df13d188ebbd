// Checks the shape of a manifest against its JSON Schema: with the keywords that this schema uses, and no others. Compiled by a general
// validator, the schema alone would be a fifth of the package.

import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import type { Path } from '../manifest.ts'

/** What is wrong at a place. */
export type ShapeError = { readonly path: Path } & (
  | { readonly wrong: 'type'; readonly types: readonly string[] }
  | { readonly wrong: 'value'; readonly allowed: readonly unknown[] }
  | { readonly wrong: 'missing-key' | 'unknown-key'; readonly key: string }
  | { readonly wrong: 'pattern' | 'empty' | 'repeated' | 'conflicting' }
)

type Fault = ShapeError extends infer Each ? (Each extends unknown ? Omit<Each, 'path'> : never) : never

export interface SchemaNode {
  readonly [keyword: string]: unknown
}

export function shapeErrors(data: unknown): readonly ShapeError[] {
  const errors: ShapeError[] = []
  // One list of steps for all places, since most of them are right.
  const path: (string | number)[] = []
  const note = (fault: Fault) => void errors.push({ ...fault, path: [...path] } as ShapeError) // a fault with its place
  const below = (step: string | number, node: unknown, value: unknown) => {
    path.push(step)
    check(node, value, { note, below })
    path.pop()
  }
  check(schema, data, { note, below })
  return errors
}

interface Visit {
  note(fault: Fault): void
  below(step: string | number, node: unknown, value: unknown): void
}

function check(node: unknown, value: unknown, visit: Visit): void {
  if (node === false) visit.note({ wrong: 'conflicting' })
  if (!isMap(node)) return
  if (typeof node.$ref === 'string') check(definition(node.$ref), value, visit)
  const types = listed(node.type)
  if (types.length > 0 && !types.includes(typeOf(value))) {
    visit.note({ wrong: 'type', types })
    return
  }
  const allowed: readonly unknown[] = 'const' in node ? [node.const] : listed(node.enum)
  if (allowed.length > 0 && !allowed.includes(value)) visit.note({ wrong: 'value', allowed })
  if (typeof value === 'string') checkText(node, value, visit)
  else if (Array.isArray(value)) checkList(node, value, visit)
  else if (isMap(value)) checkMap(node, value, visit)
}

function checkText(node: SchemaNode, value: string, { note }: Visit): void {
  if (node.minLength === 1 && value === '') note({ wrong: 'empty' })
  if (typeof node.pattern === 'string' && !new RegExp(node.pattern, 'u').test(value)) note({ wrong: 'pattern' })
}

function checkList(node: SchemaNode, value: readonly unknown[], { note, below }: Visit): void {
  if (node.minItems === 1 && value.length === 0) note({ wrong: 'empty' })
  // Entries of such lists are names.
  if (node.uniqueItems === true && new Set(value).size < value.length) note({ wrong: 'repeated' })
  if (node.items !== undefined) for (const [at, item] of value.entries()) below(at, node.items, item)
}

function checkMap(node: SchemaNode, value: SchemaNode, visit: Visit): void {
  const { properties, additionalProperties, dependentSchemas, required, if: condition, then } = node
  for (const key of listed(required)) if (!has(value, key)) visit.note({ wrong: 'missing-key', key })
  for (const [key, child] of Object.entries(value)) {
    if (isMap(properties) && Object.hasOwn(properties, key)) visit.below(key, properties[key], child)
    else if (additionalProperties === false) visit.note({ wrong: 'unknown-key', key })
    else visit.below(key, additionalProperties, child)
  }
  if (isMap(dependentSchemas)) {
    for (const [key, dependent] of Object.entries(dependentSchemas)) if (has(value, key)) check(dependent, value, visit)
  }
  if (isMap(condition) && holds(condition, value)) check(then, value, visit)
}

/** Conditions are only about which keys there are. */
function holds({ not, required }: SchemaNode, value: SchemaNode): boolean {
  return (!isMap(not) || !holds(not, value)) && listed(required).every((key) => has(value, key))
}

function has(value: SchemaNode, key: string): boolean {
  return Object.hasOwn(value, key) && value[key] !== undefined
}

/** The definition that a reference is to. */
export function definition(reference: string): unknown {
  return Reflect.get(schema.$defs, reference.replace('#/$defs/', ''))
}

/** A keyword whose value is a text or a list of texts. */
function listed(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : []
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}

export function isMap(value: unknown): value is SchemaNode {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
