// Turns the JSON Schema validator's errors into problems that a user understands.

import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import { isMap } from '../../core/data.ts'
import type { Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { ValidationError } from '../generated/validate-manifest.js'
import type { Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'

/** Translates the validator's errors. Several errors at one place are one problem: the first. */
export function schemaProblems(errors: readonly ValidationError[]): readonly PathProblem[] {
  const problems = errors.flatMap(problemOf)
  const seen = new Set<string>()
  return problems.filter(({ path, atKey }) => {
    const place = JSON.stringify([path, atKey])
    return seen.has(place) ? false : seen.add(place)
  })
}

function problemOf(error: ValidationError): readonly PathProblem[] {
  const path = pathOf(error.instancePath)
  const { params } = error
  const invalid = (what: string): readonly PathProblem[] => [
    atValue(path, { code: 'manifest/invalid-value', message: `${nameOf(path)} ${what}` }),
  ]
  switch (error.keyword) {
    case 'if':
      return []
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params.additionalProperty ?? params.unevaluatedProperty)
      return [atKey([...path, key], unknownKey(key, path))]
    }
    case 'required': {
      const key = String(params.missingProperty)
      // The place is that of the map, unless an overlay has removed the key.
      return [atKey([...path, key], { code: 'manifest/missing-key', message: `missing key "${key}"${inWhat(path)}` })]
    }
    case 'false schema': {
      const message = `${nameOf(path)} cannot be combined with "column"`
      return [atKey(path, { code: 'manifest/conflicting-keys', message, hint: 'Use one of the two.' })]
    }
    case 'const':
      return invalid(`must be ${JSON.stringify(params.allowedValue)}`)
    case 'enum': {
      const allowed: readonly unknown[] = Array.isArray(params.allowedValues) ? params.allowedValues : []
      return invalid(`must be ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}`)
    }
    case 'type':
      return invalid(`must be ${typeName(params.type)}`)
    case 'minItems':
    case 'minLength':
      return invalid('must not be empty')
    case 'pattern':
      // The schema has a single pattern: see "count" in it.
      return invalid('must be a whole number from 0 to 10000')
    case 'minimum':
      return invalid(`must be at least ${String(params.limit)}`)
    case 'uniqueItems': {
      const [first, second] = [Number(params.j) + 1, Number(params.i) + 1]
      return invalid(`must not list anything twice: entries ${first} and ${second} are the same`)
    }
    default:
      return invalid('is not valid')
  }
}

function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  return last === undefined ? 'the manifest' : /^\d+$/.test(String(last)) ? `entry ${Number(last) + 1}` : `"${last}"`
}

function inWhat(path: Path): string {
  return path.length === 0 ? '' : ` in ${nameOf(path)}`
}

function typeName(type: unknown): string {
  const names: Readonly<Record<string, string>> = {
    object: 'a map',
    array: 'a list',
    string: 'text',
    boolean: 'true or false',
    number: 'a number',
  }
  const all: readonly string[] = Array.isArray(type) ? type.map(String) : String(type).split(',')
  // Scalars have been read as text, so a number or a boolean is text too.
  const types = all.includes('string') ? all.filter((name) => !['integer', 'number', 'boolean'].includes(name)) : all
  return types.map((name) => names[name] ?? name).join(' or ')
}

function unknownKey(key: string, path: Path): Problem {
  const code = 'manifest/unknown-key'
  const valid = keysAt(path)
  const message = `unknown key "${key}"${didYouMean(key, valid)}`
  const order = path.at(-1) === 'grants' ? `A grant begins with its privilege: { ${valid[0]}: [role] }. ` : ''
  return { code, message, ...(valid.length > 0 && { hint: `${order}Valid keys here: ${valid.join(', ')}.` }) }
}

type SchemaNode = Readonly<Record<string, unknown>>

/** The keys that the schema allows at a path. The validator's errors do not include them. */
function keysAt(path: Path): readonly string[] {
  const node = path.reduce<SchemaNode | undefined>((part, step) => part && below(part, String(step)), schema)
  return node && isMap(node.properties) ? Object.keys(node.properties) : []
}

function below(node: SchemaNode, step: string): SchemaNode | undefined {
  const property = isMap(node.properties) ? node.properties[step] : undefined
  return resolved(property ?? (isMap(node.additionalProperties) ? node.additionalProperties : node.items))
}

function resolved(node: unknown): SchemaNode | undefined {
  if (!isMap(node)) return undefined
  if (typeof node.$ref !== 'string') return node
  const name = node.$ref.replace('#/$defs/', '')
  return resolved(Reflect.get(schema.$defs, name))
}
