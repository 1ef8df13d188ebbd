// Converts YAML nodes and scalars to plain data.

import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { emptyRecord } from '../../core/data.ts'
import type { Problem } from '../../core/errors.ts'
import { atValue, type PathProblem } from '../checks/path-problem.ts'
import { maps, truthValues } from '../generated/manifest-shapes.ts'
import type { Path } from '../manifest.ts'
import { matcher } from './path-pattern.ts'
import { textOf } from './source-map.ts'

const isTruthValue = matcher(truthValues)
/** A reference to a variable in place of a boolean, which is replaced before the manifest is checked. */
const isVariable = /^\$\{var:[^}]*\}$/
const isNull = /^(?:null|Null|NULL|~)$/
/** Where a missing value means an empty map: `postgres_fdw:` is `postgres_fdw: {}`. */
const isMapping = matcher(maps)

/** Converts nodes as {@link scalarValue} converts scalars. In an overlay, null stays null: it removes what it is the value of. */
export function toData(root: Node): { readonly data: unknown; readonly problems: readonly PathProblem[] } {
  const problems: PathProblem[] = []
  const isInOverlay = marksOverlay(root)
  return { data: convert(root, []), problems }

  function convert(node: Node | null, path: Path): unknown {
    if (isMap(node)) {
      const map = emptyRecord<unknown>()
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? textOf(key) : ''
        map[name] = convert(value as Node | null, [...path, name]) // a parsed map has nodes
      }
      return map
    }
    if (isSeq(node)) return node.items.map((item, at) => convert(item as Node | null, [...path, at])) // so has a list
    if (!isScalar(node) || (isInOverlay && node.type === 'PLAIN' && isNull.test(textOf(node)))) return null
    return scalarValue(textOf(node), node.type === 'PLAIN', path, (problem) => problems.push(atValue(path, problem)))
  }
}

/**
 * Scalars keep their source text, since PostgreSQL takes text: `0777`, `1.10` and `no` stay as written. Only `version` and
 * the booleans of the JSON Schema are converted, by the rules of YAML 1.2. Null is refused.
 * @param isPlain whether it has no quotes and is no block
 * @param report called with what is wrong with the scalar
 */
export function scalarValue(text: string, isPlain: boolean, path: Path, report: (problem: Problem) => void): unknown {
  if (text.startsWith('${var:') && isVariable.test(text) && isTruthValue(path)) return text
  if (isPlain && isNull.test(text) && !isTruthValue(path)) return nullValue(path, report)
  if (path.length === 2 && path[0] === 'vars' && (text !== '' || !isPlain)) return shortVariable(text)
  if (!isPlain) return text
  if (text === '') return emptyValue(path, report)
  if (path.length === 1 && path[0] === 'version') return /^\d{1,9}$/.test(text) ? Number(text) : text
  if (!isTruthValue(path)) return text
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return text.toLowerCase() === 'true'
  report({
    code: 'manifest/invalid-value',
    message: `"${path.at(-1)}" must be true or false, not "${text}"`,
    hint: /^(yes|on|y)$/i.test(text) ? 'Write true.' : 'Write true or false.',
  })
  return false
}

/** `stage: dev` is short for `stage: { default: dev }`. */
function shortVariable(text: string): unknown {
  return Object.assign(emptyRecord(), { default: text })
}

function marksOverlay(root: Node): boolean {
  if (!isMap(root)) return false
  const pair = root.items.find(({ key }) => isScalar(key) && textOf(key) === 'overlay')
  const value = pair?.value
  return isScalar(value) && value.type === 'PLAIN' && textOf(value).toLowerCase() === 'true'
}

/** The text "null" would be a surprise, as in `password: null`. */
function nullValue(path: Path, report: (problem: Problem) => void): unknown {
  report({
    code: 'manifest/invalid-value',
    message: `${nameOf(path)} is null`,
    hint: 'Remove it, or quote the text: "null". Only in an overlay, null removes what it is the value of.',
  })
  return ''
}

function emptyValue(path: Path, report: (problem: Problem) => void): unknown {
  if (isMapping(path)) return emptyRecord()
  report({
    code: 'manifest/invalid-value',
    message: `${nameOf(path)} has no value`,
    hint: 'Add a value, or remove it. Write an empty text as "".',
  })
  return ''
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  return typeof last === 'number' ? `entry ${last + 1}` : `"${last}"`
}
