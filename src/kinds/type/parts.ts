// The types that a type consists of: which ones are declared, so that they are created before it, and their names.
import { topologicalOrder } from '../../core/graph.ts'
import { sqlName, unquoted } from '../../core/names-in-sql.ts'
import { type IdOf, type Key, keyOf } from '../../core/object.ts'
import type { Check } from '../facets/columns/checks.ts'
import { record } from '../facets/options.ts'
import { withTypeNames } from '../facets/type-names.ts'
import type { StandInOf } from '../probing.ts'
import type { Attributes } from './attributes.ts'

interface TypeStanza {
  readonly domain?: string
  readonly range?: string
  readonly composite?: Readonly<Record<string, string | { readonly type: string }>>
}

/** The SQL types that a type consists of. */
export function partsOf({ domain, range, composite = {} }: TypeStanza): readonly string[] {
  const attributes = Object.values(composite).map((each) => (typeof each === 'string' ? each : each.type))
  return [...attributes, ...[domain, range].filter((part) => part !== undefined)]
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

const typeName = new RegExp(String.raw`(?:(${sqlName})\s*\.\s*)?(${sqlName})`, 'gu')

/** Every type that the SQL may name. Modifiers and words of built-in types match as well, which does no harm. */
export function typesNamed(text: string, searchPath: readonly string[]): readonly IdOf<'type'>[] {
  return Array.from(text.matchAll(typeName), ([, schema, name = '']) => {
    const schemas = schema === undefined ? searchPath : [unquoted(schema)]
    return schemas.map((each) => ({ kind: 'type' as const, schema: each, name: unquoted(name) }))
  }).flat()
}

interface Parts {
  readonly base: string | null
  readonly subtype?: string | null | undefined
  readonly default: string | null
  readonly checks: Readonly<Record<string, Check>>
  readonly attributes: Attributes
}

/** Expressions that name the types that a type consists of, and those that it evaluates. */
export function partExpressions({ base, subtype, default: value, checks, attributes }: Parts): readonly string[] {
  const types = [base, subtype, ...Object.values(attributes).map((each) => each.type)]
  const expressions = [value, ...Object.values(checks).map(({ expression }) => expression)]
  return [...types.flatMap((part) => (part ? [`NULL::${part}`] : [])), ...expressions.filter((each) => each !== null)]
}

/** A type as the catalog would show it if the types in it had other names. */
export function withPartNames<Spec extends Parts>(spec: Spec, nameOf: StandInOf): Spec {
  const renamed = (text: string | null | undefined) => text && withTypeNames(text, nameOf)
  return {
    ...spec,
    base: renamed(spec.base) ?? null,
    subtype: renamed(spec.subtype),
    default: renamed(spec.default) ?? null,
    checks: record(
      Object.entries(spec.checks).map(([name, check]) => [
        name,
        { ...check, expression: withTypeNames(check.expression, nameOf) },
      ]),
    ),
    attributes: record(
      Object.entries(spec.attributes).map(([name, each]) => [
        name,
        { ...each, type: withTypeNames(each.type, nameOf) },
      ]),
    ),
  }
}
