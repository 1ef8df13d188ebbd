import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import type { Problem } from '../../core/errors.ts'
import type { ValidationError } from '../generated/validate-manifest.js'
import type { Path } from '../manifest.ts'
import { isUnsupportedKey } from './unsupported-keys.ts'

export interface PathProblem {
  readonly path: Path
  /** The place is that of the key at the end of the path, not of its value. */
  readonly atKey: boolean
  readonly problem: Problem
  /** What it collides with; the message ends with its place. */
  readonly other?: Path
}

/** What the schema found, in words for people. Several errors of one place are one problem: the first. */
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
  switch (error.keyword) {
    case 'if':
      return []
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params.additionalProperty ?? params.unevaluatedProperty)
      return [{ path: [...path, key], atKey: true, problem: unknownKey(key, path) }]
    }
    case 'required':
      return [
        {
          path,
          atKey: true,
          problem: {
            code: 'manifest/missing-key',
            message: `"${String(params.missingProperty)}" is missing${inWhat(path)}`,
          },
        },
      ]
    case 'const':
      return [
        {
          path,
          atKey: false,
          problem: {
            code: 'manifest/invalid-value',
            message: `${nameOf(path)} must be ${JSON.stringify(params.allowedValue)}`,
          },
        },
      ]
    case 'enum': {
      const allowed = Array.isArray(params.allowedValues) ? params.allowedValues.join(', ') : ''
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} is one of ${allowed}` },
        },
      ]
    }
    case 'type':
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} must be ${typeName(params.type)}` },
        },
      ]
    case 'minItems':
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} can not be empty` },
        },
      ]
    case 'pattern':
      // The one pattern that there is: see "count" in the schema.
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} is a whole number from 0 to 10000` },
        },
      ]
    case 'minLength':
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} can not be an empty text` },
        },
      ]
    case 'false schema':
      return [
        {
          path,
          atKey: true,
          problem: {
            code: 'manifest/conflicting-keys',
            message: `${nameOf(path)} can not stand beside "column"`,
            hint: 'An entry has one of the two.',
          },
        },
      ]
    default:
      return [
        {
          path,
          atKey: false,
          problem: { code: 'manifest/invalid-value', message: `${nameOf(path)} ${error.message ?? 'is not valid'}` },
        },
      ]
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
  // Every scalar arrives as text.
  const types = all.includes('string') ? all.filter((name) => name !== 'number' && name !== 'boolean') : all
  return types.map((name) => names[name] ?? name).join(' or ')
}

function unknownKey(key: string, path: Path): Problem {
  const valid = keysAt(path)
  if (isUnsupportedKey(key)) {
    return {
      code: 'manifest/unknown-key',
      message: `"${key}" is not supported yet`,
      hint: 'A later release will know it. Remove it until then.',
    }
  }
  const nearest = nearestOf(key, valid)
  const message = `unknown key "${key}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`
  return valid.length === 0
    ? { code: 'manifest/unknown-key', message }
    : { code: 'manifest/unknown-key', message, hint: `Known here: ${valid.join(', ')}.` }
}

type SchemaNode = Readonly<Record<string, unknown>>

/** The keys that the schema allows where a path leads to. An error of the validator does not tell which part it is from. */
function keysAt(path: Path): readonly string[] {
  const node = path.reduce<SchemaNode | undefined>((part, step) => part && below(part, String(step)), schema)
  return node && isNode(node.properties) ? Object.keys(node.properties) : []
}

function below(node: SchemaNode, step: string): SchemaNode | undefined {
  const property = isNode(node.properties) ? node.properties[step] : undefined
  return resolved(property ?? (isNode(node.additionalProperties) ? node.additionalProperties : node.items))
}

function resolved(node: unknown): SchemaNode | undefined {
  if (!isNode(node)) return undefined
  if (typeof node.$ref !== 'string') return node
  const name = node.$ref.replace('#/$defs/', '')
  return resolved(Reflect.get(schema.$defs, name))
}

function isNode(value: unknown): value is SchemaNode {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate) }))
  const [best] = ranked.sort((left, right) => left.distance - right.distance)
  return best && best.distance <= Math.max(2, word.length / 3) ? best.candidate : undefined
}

/** Levenshtein's. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [at, character] of [...left].entries()) {
    const next = [at + 1]
    for (let to = 0; to < right.length; to++) {
      const same = right[to] === character ? 0 : 1
      next.push(Math.min((next[to] ?? 0) + 1, (row[to + 1] ?? 0) + 1, (row[to] ?? 0) + same))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
