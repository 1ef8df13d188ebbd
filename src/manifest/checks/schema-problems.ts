// Turns the JSON Schema validator's errors into problems that a user understands.

import type { Problem } from '../../core/errors.ts'
import { didYouMean, nearestOf } from '../../core/nearest.ts'
import type { ValidationError } from '../generated/validate-manifest.js'
import type { Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { exampleAt, keysAt, placesOf } from './schema-places.ts'

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
  const invalid = (what: string, hint: Pick<Problem, 'hint'> = {}): readonly PathProblem[] => [
    atValue(path, { code: 'manifest/invalid-value', message: `${nameOf(path)} ${what}`, ...hint }),
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
      const message = `missing key "${key}"${inWhat(path)}`
      return [atKey([...path, key], { code: 'manifest/missing-key', message, ...forExample(path) })]
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
      if (isOptionsOfMapping(path)) return [optionsOfMapping(path)]
      return invalid(`must be ${typeName(params.type)}`, forExample(path))
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

function forExample(path: Path): Pick<Problem, 'hint'> {
  const example = exampleAt(path)
  return example === undefined ? {} : { hint: `For example: ${example}` }
}

/** As everywhere else, options might be expected below `options`. */
function isOptionsOfMapping([top, , key, , option]: Path): boolean {
  return top === 'servers' && key === 'user_mappings' && option === 'options'
}

function optionsOfMapping(path: Path): PathProblem {
  const message = 'the options of a user mapping are not declared below "options"'
  const hint = `Write them directly: ${path.at(-2)}: { user: …, password: … }.`
  return atKey(path, { code: 'manifest/invalid-value', message, hint })
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
  const valid = keysAt(path)
  const message = `unknown key "${key}"${didYouMean(key, valid)}`
  const validKeys = valid.length > 0 ? `Valid keys here: ${valid.join(', ')}.` : ''
  const hint = [belongsTo(key, path, valid), validKeys].filter((sentence) => sentence !== '').join(' ')
  return { code: 'manifest/unknown-key', message, ...(hint !== '' && { hint }) }
}

function belongsTo(key: string, path: Path, valid: readonly string[]): string {
  if (path.length === 0 && key === 'targets')
    return 'A file of targets is for --targets. Keep it out of the folder of a manifest.'
  if (path.at(-1) === 'grants') {
    if (/^all( privileges)?$/i.test(key)) return 'List the privileges: which ALL means differs between versions.'
    return `A grant begins with its privilege: { ${valid[0]}: [role] }.`
  }
  const places = nearestOf(key, valid) === undefined ? placesOf(key, path).slice(0, 2) : []
  return places.length > 0 ? `Write ${places.join(', or ')}.` : ''
}
