// A validator for JSON Schema: just the keywords that the manifest's schema uses. It finds all errors, each with its path.

import { canonicalJson, isMap } from '../../core/data.ts'
import type { Path } from '../manifest.ts'

export type Schema = boolean | SchemaNode
export type SchemaNode = Readonly<Record<string, unknown>>

export interface SchemaError {
  readonly path: Path
  readonly keyword: string
  /** Depends on the keyword. */
  readonly params: Readonly<Record<string, unknown>>
}

/** Adds the errors of a value to those of a run, whose path is that of the value. */
type Check = (value: unknown, run: Run) => void

interface Run {
  readonly path: (string | number)[]
  readonly errors: SchemaError[]
}

/** How the value of a keyword, and the schema that has it, becomes a check. */
type Keyword = (argument: never, schema: SchemaNode, compile: (schema: Schema) => Check) => Check

/**
 * Compiles a schema and its `$defs` to functions, each definition once.
 * @returns a function that returns all errors of a value
 */
export function compileSchema(root: SchemaNode): (value: unknown) => readonly SchemaError[] {
  const definitions = new Map<unknown, Check>()
  const check = compile(root)
  return (value) => errorsOf(check, value, [])

  function compile(schema: Schema): Check {
    if (schema === true) return () => {}
    if (schema === false) return (_value, run) => report(run, 'false schema')
    if ('$ref' in schema) return referenced(schema.$ref)
    const checks = Object.keys(schema)
      .filter((keyword) => !withoutMeaning.has(keyword))
      .sort((left, right) => order.indexOf(left) - order.indexOf(right))
      .map((keyword) => compileKeyword(keyword, schema))
    const [first, ...others] = checks
    if (first && others.length === 0) return first
    return (value, run) => {
      for (const each of checks) each(value, run)
    }
  }

  function compileKeyword(keyword: string, schema: SchemaNode): Check {
    const create = keywords[keyword]
    if (!create) throw new Error(`The keyword "${keyword}" of JSON Schema is not supported.`)
    return create(schema[keyword] as never, schema, compile) // the schema itself is checked by its tests
  }

  /** A definition may refer to itself, so it is compiled when it is first used. */
  function referenced(reference: unknown): Check {
    let check: Check | undefined
    return (value, run) => {
      check ??= definitions.get(reference) ?? define(reference)
      check(value, run)
    }
  }

  function define(reference: unknown): Check {
    const name = String(reference).replace('#/$defs/', '')
    const check = compile((root.$defs as Readonly<Record<string, Schema>>)[name] ?? false)
    definitions.set(reference, check)
    return check
  }
}

/** What only describes. `then` belongs to `if`. */
const withoutMeaning = new Set(['$defs', 'default', 'then'])

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
}

const keywords: Readonly<Record<string, Keyword>> = {
  type: (names: string | readonly string[]) => {
    const [first = () => false, ...others] = [names].flat().map((name) => types[name] ?? (() => false))
    return (value, run) => {
      if (!first(value) && !others.some((isOfType) => isOfType(value))) report(run, 'type', { type: names })
    }
  },
  const: (allowed: unknown) => (value, run) => {
    if (value !== allowed) report(run, 'const', { allowedValue: allowed })
  },
  enum: (allowed: readonly unknown[]) => (value, run) => {
    if (!allowed.includes(value)) report(run, 'enum', { allowedValues: allowed })
  },
  pattern: (pattern: string) => {
    const expression = new RegExp(pattern, 'u')
    return (value, run) => {
      if (typeof value === 'string' && !expression.test(value)) report(run, 'pattern', { pattern })
    }
  },
  minimum: (limit: number) => (value, run) => {
    if (typeof value === 'number' && value < limit) report(run, 'minimum', { limit })
  },
  minLength: (limit: number) => (value, run) => {
    if (typeof value === 'string' && value.length < limit) report(run, 'minLength', { limit })
  },
  oneOf: (schemas: readonly Schema[], _schema, compile) => {
    const checks = schemas.map(compile)
    return (value, run) => {
      const tried = checks.map((check) => errorsOf(check, value, run.path))
      const passing = tried.filter((errors) => errors.length === 0).length
      if (passing === 0) run.errors.push(...tried.flat())
      if (passing !== 1) report(run, 'oneOf')
    }
  },
  not: (unwanted: Schema, _schema, compile) => {
    const check = compile(unwanted)
    return (value, run) => {
      if (errorsOf(check, value, run.path).length === 0) report(run, 'not')
    }
  },
  if: (condition: Schema, { then }, compile) => {
    const [applies, check] = [compile(condition), compile(then as Schema)] // an "if" without "then" would mean nothing
    return (value, run) => {
      if (errorsOf(applies, value, run.path).length === 0) check(value, run)
    }
  },
  minItems: (limit: number) => (value, run) => {
    if (Array.isArray(value) && value.length < limit) report(run, 'minItems', { limit })
  },
  uniqueItems: () => (value, run) => {
    const twice = Array.isArray(value) && lastTwice(value)
    if (twice) report(run, 'uniqueItems', twice)
  },
  items: (items: Schema, _schema, compile) => {
    const check = compile(items)
    return (value, run) => {
      if (Array.isArray(value)) value.forEach((item, at) => checkPart(check, item, at, run))
    }
  },
  required: (keys: readonly string[]) => (value, run) => {
    if (!isMap(value)) return
    for (const key of keys) if (value[key] === undefined) report(run, 'required', { missingProperty: key })
  },
  additionalProperties: (additional: Schema, { properties }, compile) => {
    const known = new Set(Object.keys(properties ?? {}))
    const check = additional === false ? undefined : compile(additional)
    return (value, run) => {
      if (!isMap(value)) return
      for (const key of Object.keys(value)) {
        if (known.has(key)) continue
        if (check) checkPart(check, value[key], key, run)
        else report(run, 'additionalProperties', { additionalProperty: key })
      }
    }
  },
  properties: (schemas: Readonly<Record<string, Schema>>, _schema, compile) => {
    const checks = new Map(Object.entries(schemas).map(([key, schema]) => [key, compile(schema)]))
    return (value, run) => {
      if (!isMap(value)) return
      for (const key of Object.keys(value)) {
        const check = checks.get(key)
        if (check) checkPart(check, value[key], key, run)
      }
    }
  },
  dependentSchemas: (schemas: Readonly<Record<string, Schema>>, _schema, compile) => {
    const checks = Object.entries(schemas).map(([key, schema]) => [key, compile(schema)] as const)
    return (value, run) => {
      if (!isMap(value)) return
      for (const [key, check] of checks) if (value[key] !== undefined) check(value, run)
    }
  },
}

/** The order in which a schema's keywords are checked: of several errors at one place, users see the first. */
const order: readonly string[] = Object.keys(keywords)

function errorsOf(check: Check, value: unknown, path: Path): readonly SchemaError[] {
  const run: Run = { path: [...path], errors: [] }
  check(value, run)
  return run.errors
}

function checkPart(check: Check, part: unknown, step: string | number, run: Run): void {
  run.path.push(step)
  check(part, run)
  run.path.pop()
}

function report(run: Run, keyword: string, params: SchemaError['params'] = {}): void {
  run.errors.push({ path: [...run.path], keyword, params })
}

/** The last item that occurs before, too: its index, and that of the one before it. */
function lastTwice(items: readonly unknown[]): { readonly i: number; readonly j: number } | undefined {
  const seen = new Map<string, number>()
  let found: { readonly i: number; readonly j: number } | undefined
  items.forEach((item, i) => {
    const text = canonicalJson(item)
    const j = seen.get(text)
    if (j !== undefined) found = { i, j }
    seen.set(text, i)
  })
  return found
}
