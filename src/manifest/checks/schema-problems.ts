// Turns what is wrong with the shape of a manifest into problems that a user understands.

import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import type { Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { definition, isMap, type SchemaNode, type ShapeError } from './shape.ts'

/** Several errors at one place are one problem: the first. */
export function schemaProblems(errors: readonly ShapeError[]): readonly PathProblem[] {
  const problems = errors.map(problemOf)
  const seen = new Set<string>()
  return problems.filter(({ path, atKey }) => {
    const place = JSON.stringify([path, atKey])
    return seen.has(place) ? false : seen.add(place)
  })
}

function problemOf(error: ShapeError): PathProblem {
  const { path } = error
  const invalid = (what: string) =>
    atValue(path, { code: 'manifest/invalid-value', message: `${nameOf(path)} ${what}` })
  switch (error.wrong) {
    case 'unknown-key':
      return atKey([...path, error.key], unknownKey(error.key, path))
    case 'missing-key':
      return atKey(path, { code: 'manifest/missing-key', message: `missing key "${error.key}"${inWhat(path)}` })
    case 'conflicting': {
      const message = `${nameOf(path)} cannot be combined with "column"`
      return atKey(path, { code: 'manifest/conflicting-keys', message, hint: 'Use one of the two.' })
    }
    case 'value': {
      const { allowed } = error
      return invalid(`must be ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}`)
    }
    case 'type':
      return invalid(`must be ${typeName(error.types)}`)
    case 'empty':
      return invalid('must not be empty')
    case 'repeated':
      return invalid('must not contain an entry twice')
    case 'pattern':
      // The schema has a single pattern: see "count" in it.
      return invalid('must be a whole number from 0 to 10000')
  }
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  return last === undefined ? 'the manifest' : /^\d+$/.test(String(last)) ? `entry ${Number(last) + 1}` : `"${last}"`
}

function inWhat(path: Path): string {
  return path.length === 0 ? '' : ` in ${nameOf(path)}`
}

function typeName(all: readonly string[]): string {
  const names: Readonly<Record<string, string>> = {
    object: 'a map',
    array: 'a list',
    string: 'text',
    boolean: 'true or false',
    number: 'a number',
  }
  // Scalars have been read as text, so a number or a boolean is text too.
  const types = all.includes('string') ? all.filter((name) => name !== 'number' && name !== 'boolean') : all
  return types.map((name) => names[name] ?? name).join(' or ')
}

function unknownKey(key: string, path: Path): Problem {
  const code = 'manifest/unknown-key'
  const valid = keysAt(path)
  const message = `unknown key "${key}"${didYouMean(key, valid)}`
  return { code, message, ...(valid.length > 0 && { hint: `Valid keys here: ${valid.join(', ')}.` }) }
}

/** The keys that the schema allows at a path. */
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
  return typeof node.$ref === 'string' ? resolved(definition(node.$ref)) : node
}
