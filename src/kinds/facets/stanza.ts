import type { ObjectName } from './names.ts'

/** Stands for a variable of the environment that holds a secret: `${env:SHOP_PASSWORD}`. */
export class Variable {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** What stands in a manifest. A number is a text that people write without quotes. */
export type Written = string | number | boolean | Variable | readonly Written[] | WrittenMap
export type WrittenMap = { readonly [key: string]: Written }

/** An object as a manifest says it: `value` stands at `path`. */
export interface Stanza {
  readonly path: readonly string[]
  readonly value: WrittenMap
  /** What a manifest can't say of this object. Shown as a comment above it. */
  readonly notes?: readonly string[]
}

export interface WriteContext {
  /** A variable for a secret. Its name is made of the words, `meaning` tells people what to set it to. */
  variable(words: readonly string[], meaning: string): Variable
}

/** For kinds that have no secrets. */
export const noVariables: WriteContext = {
  variable: (words) => {
    throw new TypeError(`a secret where there is none: ${words.join(' ')}`)
  },
}

/** Without what need not be said: nothing, `false`, and empty texts, lists and maps. */
export function present(value: Readonly<Record<string, Written | null | undefined>>): WrittenMap {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, Written] => {
      const [, part] = entry
      if (part === null || part === undefined || part === false || part === '') return false
      return typeof part !== 'object' || part instanceof Variable || Object.keys(part).length > 0
    }),
  )
}

/** Options as people write them: whole numbers and truth values without quotes. */
export function writtenOptions(options: Readonly<Record<string, string>> | undefined): WrittenMap {
  return Object.fromEntries(Object.entries(options ?? {}).map(([name, value]) => [name, writtenText(value)]))
}

export function writtenText(value: string): Written {
  if (value === 'true' || value === 'false') return value === 'true'
  return /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value
}

/** What stands in pg_catalog is found by its name alone, whatever the search path. */
export function writtenName(name: ObjectName | null): Written | undefined {
  if (name === null) return undefined
  return name.schema === null || name.schema === 'pg_catalog' ? name.name : { schema: name.schema, name: name.name }
}

/** PostgreSQL shows an expression in brackets, people write none. They stay where it is not plain that they are a pair. */
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
