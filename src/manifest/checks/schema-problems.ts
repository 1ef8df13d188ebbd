// Turns errors of the shape of a manifest into problems that a user understands.

import { uniqueBy } from '../../core/data.ts'
import type { Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Path } from '../manifest.ts'
import type { ShapeError } from '../shape/errors.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'

/** Several errors at one place are one problem: the first. */
export function schemaProblems(errors: readonly ShapeError[]): readonly PathProblem[] {
  return uniqueBy(errors.map(problemOf), ({ path, atKey }) => JSON.stringify([path, atKey]))
}

function problemOf(error: ShapeError): PathProblem {
  const { path } = error
  const invalid = (what: string): PathProblem =>
    atValue(path, { code: 'manifest/invalid-value', message: `${nameOf(path)} ${what}` })
  switch (error.keyword) {
    case 'additionalProperties':
      return atKey([...path, error.key], unknownKey(error.key, error.known))
    case 'required': {
      const { key } = error
      // The place is that of the map, unless an overlay has removed the key.
      return atKey([...path, key], { code: 'manifest/missing-key', message: `missing key "${key}"${inWhat(path)}` })
    }
    case 'false': {
      const message = `${nameOf(path)} cannot be combined with "column"`
      return atKey(path, { code: 'manifest/conflicting-keys', message, hint: 'Use one of the two.' })
    }
    case 'const':
      return invalid(`must be ${JSON.stringify(error.allowed)}`)
    case 'enum':
      return invalid(`must be ${error.allowed.length > 1 ? 'one of ' : ''}${error.allowed.join(', ')}`)
    case 'type':
      return invalid(`must be ${typeName(error.types)}`)
    case 'minItems':
    case 'minLength':
      return invalid('must not be empty')
    case 'pattern':
      // The schema has a single pattern: see "count" in it.
      return invalid('must be a whole number from 0 to 10000')
    case 'minimum':
      return invalid(`must be at least ${error.limit}`)
    case 'uniqueItems':
      return invalid(`must not list anything twice: entries ${error.first + 1} and ${error.second + 1} are the same`)
  }
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  return last === undefined ? 'the manifest' : typeof last === 'number' ? `entry ${last + 1}` : `"${last}"`
}

function inWhat(path: Path): string {
  return path.length === 0 ? '' : ` in ${nameOf(path)}`
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
}

function typeName(all: readonly string[]): string {
  // Scalars have been read as text, so a number or a boolean is text too.
  const types = all.includes('string') ? all.filter((name) => name !== 'number' && name !== 'boolean') : all
  return types.map((name) => typeNames[name] ?? name).join(' or ')
}

function unknownKey(key: string, known: readonly string[]): Problem {
  const code = 'manifest/unknown-key'
  const message = `unknown key "${key}"${didYouMean(key, known)}`
  return { code, message, ...(known.length > 0 && { hint: `Valid keys here: ${known.join(', ')}.` }) }
}
