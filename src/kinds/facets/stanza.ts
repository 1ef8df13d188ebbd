// What a kind writes into a manifest: the inverse of reading one, as plain data. The YAML itself is in exporter/.
import { ident } from '../../core/sql.ts'
import type { ObjectName } from './names.ts'
import type { OptionValues } from './options.ts'

/** A reference to an environment variable that holds a secret: `${env:SHOP_PASSWORD}`. */
export class Variable {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** A value in a manifest. A number is a string that needs no quotes. */
export type Written = string | number | boolean | Variable | readonly Written[] | WrittenMap
export type WrittenMap = { readonly [key: string]: Written }

/** The declaration of an object: `value` at `path`. */
export interface Stanza {
  readonly path: readonly string[]
  readonly value: WrittenMap
  /** What a manifest cannot declare about this object, which is written as a comment above it. */
  readonly notes?: readonly string[]
}

export interface WriteContext {
  /** A variable for a secret. Its name consists of the words; `meaning` describes its value to the user. */
  variable(words: readonly string[], meaning: string): Variable
}

/** For objects without secrets. */
export const noVariables: WriteContext = { variable: (words) => noVariable(words.join(' ')) }

function noVariable(name: string): never {
  throw new TypeError(`unexpected secret: ${name}`)
}

/** The map without defaults: null, undefined, `false`, and empty strings, lists and maps. */
export function present(value: Readonly<Record<string, Written | null | undefined>>): WrittenMap {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, Written] => {
      const [, part] = entry
      if (part === null || part === undefined || part === false || part === '') return false
      return typeof part !== 'object' || part instanceof Variable || Object.keys(part).length > 0
    }),
  )
}

/** Options as a user would write them: integers and booleans without quotes. */
export function writtenOptions(
  options: OptionValues | undefined,
  variableOf: (name: string) => Variable = noVariable,
): WrittenMap {
  return Object.fromEntries(
    Object.entries(options ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? writtenText(value) : variableOf(name),
    ]),
  )
}

/** The variables for the secrets among the options of an object. */
export function secretVariable(
  context: WriteContext,
  words: readonly string[],
  title: string,
): (name: string) => Variable {
  return (name) => context.variable([...words, name], `option ${ident(name)} of ${title}`)
}

export function writtenText(value: string): Written {
  if (value === 'true' || value === 'false') return value === 'true'
  return /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value
}

/** The name, without the schema pg_catalog, which is in every search path. */
export function writtenName(name: ObjectName | null): Written | undefined {
  if (name === null) return undefined
  return name.schema === null || name.schema === 'pg_catalog' ? name.name : { schema: name.schema, name: name.name }
}

/** The text without the parentheses that PostgreSQL puts around an expression. They stay if they might not be a pair. */
export function withoutBrackets(text: string): string {
  const expression = text.trim()
  if (!/^\(.*\)$/s.test(expression) || /[\\$"]|--|\/\*/.test(expression)) return expression
  const inside = expression.slice(1, -1)
  let depth = 0
  for (const [token] of inside.matchAll(/'(?:[^']|'')*'|[()]/g)) {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0
    if (depth < 0) return expression
  }
  return withoutBrackets(inside)
}
