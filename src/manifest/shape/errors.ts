// Finds where a manifest does not have the shape that its JSON schema describes.

import { canonicalJson, isMap } from '../../core/data.ts'
import type { Path } from '../manifest.ts'
import { manifestSchema, referenced, type SchemaNode } from './schema.ts'

/** What does not fit, by the keyword of the schema that requires it. */
export type ShapeError = { readonly path: Path } & (
  | { readonly keyword: 'type'; readonly types: readonly string[] }
  | { readonly keyword: 'const'; readonly allowed: unknown }
  | { readonly keyword: 'enum'; readonly allowed: readonly unknown[] }
  | { readonly keyword: 'minLength' | 'minItems' | 'pattern' }
  | { readonly keyword: 'minimum'; readonly limit: number }
  /** Positions of equal items. */
  | { readonly keyword: 'uniqueItems'; readonly first: number; readonly second: number }
  | { readonly keyword: 'required'; readonly key: string }
  | { readonly keyword: 'additionalProperties'; readonly key: string; readonly known: readonly string[] }
  /** The value cannot be combined with another one. */
  | { readonly keyword: 'false' }
)

type Check = (value: unknown) => readonly ShapeError[]

const fits: readonly ShapeError[] = []

/** All errors; none if the manifest has the shape of the schema. */
export function shapeErrors(data: unknown): readonly ShapeError[] {
  return checkOf(manifestSchema)(data)
}

const compiled = new Map<SchemaNode, Check>()

/** Each part of the schema is compiled when it is first used. */
function checkOf(part: SchemaNode): Check {
  let check: Check | undefined
  return (value) => {
    check ??= compiledOf(referenced(part))
    return check(value)
  }
}

function compiledOf(node: SchemaNode): Check {
  const check = compiled.get(node) ?? compile(node)
  compiled.set(node, check)
  return check
}

function compile(node: SchemaNode): Check {
  const types = node.type === undefined ? undefined : [node.type].flat()
  const checks = [ofCondition, ofScalar, ofList, ofMap, ofDependents].flatMap((compilePart) => compilePart(node) ?? [])
  // Manifests have many values, and most of these have one check.
  const [first = () => fits, ...others] = checks
  const check: Check = others.length === 0 ? first : (value) => collect(checks, (each) => each(value))
  if (!types) return check
  const tests = types.map((name) => typeTests[name] ?? ((value: unknown) => typeof value === name))
  return (value) => (tests.some((test) => test(value)) ? check(value) : [{ path: [], keyword: 'type', types }])
}

/** Those that differ from what `typeof` returns. */
const typeTests: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  integer: Number.isInteger,
}

function ofCondition(node: SchemaNode): Check | undefined {
  const { if: condition, then, not } = node
  if (not) return (value) => (checkOf(not)(value).length > 0 ? fits : [{ path: [], keyword: 'false' }])
  if (!condition || !then) return undefined
  return (value) => (checkOf(condition)(value).length > 0 ? fits : checkOf(then)(value))
}

function ofScalar(node: SchemaNode): Check | undefined {
  const { const: only, enum: allowed, minLength = 0, pattern, minimum: limit = Number.NEGATIVE_INFINITY } = node
  if (['const', 'enum', 'minLength', 'pattern', 'minimum'].every((keyword) => !(keyword in node))) return undefined
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  return (value) => {
    if (only !== undefined && value !== only) return [{ path: [], keyword: 'const', allowed: only }]
    if (allowed && !allowed.includes(value)) return [{ path: [], keyword: 'enum', allowed }]
    if (typeof value === 'number' && value < limit) return [{ path: [], keyword: 'minimum', limit }]
    if (typeof value !== 'string') return fits
    if (value.length < minLength) return [{ path: [], keyword: 'minLength' }]
    return expression && !expression.test(value) ? [{ path: [], keyword: 'pattern' }] : fits
  }
}

function ofList({ items, minItems = 0, uniqueItems = false }: SchemaNode): Check | undefined {
  if (!items) return undefined
  const check = checkOf(items)
  return (value) => {
    if (!Array.isArray(value)) return fits
    if (value.length < minItems) return [{ path: [], keyword: 'minItems' }]
    const wrong = collect(value.keys(), (at) => below(at, check(value[at])))
    return uniqueItems ? [...wrong, ...duplicates(value)] : wrong
  }
}

/** The first item that equals an earlier one. */
function duplicates(items: readonly unknown[]): readonly ShapeError[] {
  const positions = new Map<string, number>()
  for (const [second, item] of items.entries()) {
    const text = canonicalJson(item)
    const first = positions.get(text)
    if (first !== undefined) return [{ path: [], keyword: 'uniqueItems', first, second }]
    positions.set(text, second)
  }
  return fits
}

function ofMap({ required = [], properties = {}, additionalProperties }: SchemaNode): Check | undefined {
  if (additionalProperties === undefined && required.length === 0 && Object.keys(properties).length === 0)
    return undefined
  const byKey = new Map(Object.entries(properties).map(([key, node]) => [key, node ? checkOf(node) : forbidden]))
  const additional = additionalProperties ? checkOf(additionalProperties) : undefined
  const known = [...byKey.keys()]
  const errorsAt = (key: string, value: unknown): readonly ShapeError[] => {
    const check = byKey.get(key) ?? additional
    if (check) return below(key, check(value))
    return additionalProperties === false ? [{ path: [], keyword: 'additionalProperties', key, known }] : fits
  }
  return (value) => {
    if (!isMap(value)) return fits
    const missing = required.filter((key) => value[key] === undefined)
    const errors = collect(Object.keys(value), (key) => errorsAt(key, value[key]))
    return missing.length === 0 ? errors : [...missing.map(missingKey), ...errors]
  }
}

const forbidden: Check = () => [{ path: [], keyword: 'false' }]

function missingKey(key: string): ShapeError {
  return { path: [], keyword: 'required', key }
}

function ofDependents({ dependentSchemas }: SchemaNode): Check | undefined {
  if (!dependentSchemas) return undefined
  const byKey = Object.entries(dependentSchemas).map(([key, node]) => ({ key, check: checkOf(node) }))
  return (value) => {
    if (!isMap(value)) return fits
    return collect(byKey, ({ key, check }) => (value[key] === undefined ? fits : check(value)))
  }
}

function below(step: string | number, errors: readonly ShapeError[]): readonly ShapeError[] {
  return errors.length === 0 ? fits : errors.map((error) => ({ ...error, path: [step, ...error.path] }))
}

function collect<Item>(items: Iterable<Item>, errorsOf: (item: Item) => readonly ShapeError[]): readonly ShapeError[] {
  let all: ShapeError[] | undefined
  for (const item of items) {
    const errors = errorsOf(item)
    if (errors.length === 0) continue
    all ??= []
    for (const error of errors) all.push(error)
  }
  return all ?? fits
}
