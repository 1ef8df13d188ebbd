// Maps paths in a manifest to places in its text.

import { isMap, isNode, isScalar, isSeq, type LineCounter, type Node, type Scalar } from 'yaml'
import type { Place } from '../../core/errors.ts'
import type { Path } from '../manifest.ts'
import { maskRanges, maskUnparsed, type SecretRange } from './mask-secrets.ts'

/** The text of a manifest, with what is needed to find and quote places in it. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
  /** The secrets in the text. */
  readonly secretRanges: readonly SecretRange[]
  /** Whether the text is not valid YAML, so that `secretRanges` may be incomplete. */
  readonly hasSyntaxErrors: boolean
}

/** The place of a character. Secrets in the excerpt are masked. */
export function placeAt(source: Source, offset: number): Place {
  const { file, text, lines, secretRanges, hasSyntaxErrors } = source
  const { line, col } = lines.linePos(Math.min(offset, text.length))
  const start = lines.lineStarts[line - 1] ?? 0
  const newline = text.indexOf('\n', start)
  const end = newline < 0 ? text.length : newline
  const shown = hasSyntaxErrors
    ? maskUnparsed(text, start, end, secretRanges)
    : maskRanges(text, start, end, secretRanges)
  return { file, line: Math.max(line, 1), column: Math.max(col, 1), excerpt: shown.replace(/\r$/, '') }
}

/** The node at a path or, if it does not exist, the last existing one on the way there. `key` is the node of its key. */
export function findNode(
  root: Node | null,
  path: Path,
): { readonly node: Node | null; readonly key: Node | undefined; readonly exists: boolean } {
  let node: Node | null = root
  let key: Node | undefined
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && textOf(item.key) === String(step))
      if (!pair) return { node, key, exists: false }
      key = isNode(pair.key) ? pair.key : undefined
      node = isNode(pair.value) ? pair.value : null
    } else if (isSeq(node)) {
      const item = node.items[Number(step)]
      if (!isNode(item)) return { node, key, exists: false }
      key = undefined
      node = item
    } else return { node, key, exists: false }
  }
  return { node, key, exists: true }
}

/** The text of a scalar as in the source, without quotes. */
export function textOf(node: Scalar): string {
  return node.source ?? (node.value === null ? '' : String(node.value))
}

export function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}

/**
 * The offset in the text of a character of a scalar's value. After a reference, whose value is not in the text, it is the scalar's
 * start.
 */
export function offsetInside({ text }: Source, scalar: Scalar, offset: number): number {
  const [start = 0, end = start] = scalar.range ?? []
  const value = textOf(scalar)
  const reference = value.indexOf('${')
  if (reference >= 0 && reference < offset) return start
  const before = value.slice(0, offset).replace(/\s/g, '').length
  const places = visiblePlaces(text, scalar, start, end)
  return places[before] ?? (places.at(-1) ?? start - 1) + 1
}

/**
 * The positions of the characters of a scalar's value, without white space: YAML folds lines and removes indentation, so white
 * space cannot be counted.
 */
function visiblePlaces(text: string, { type }: Scalar, start: number, end: number): readonly number[] {
  switch (type) {
    case 'BLOCK_LITERAL':
    case 'BLOCK_FOLDED':
      return placesOf(text, text.indexOf('\n', start) + 1, end, /\S/g)
    case 'QUOTE_SINGLE':
      return placesOf(text, start + 1, end - 1, /''|\S/g)
    case 'QUOTE_DOUBLE':
      return placesOf(text, start + 1, end - 1, /\\(?:x..|u.{4}|U.{8}|[\s\S])|\S/g)
    default:
      return placesOf(text, start, end, /\S/g)
  }
}

function placesOf(text: string, start: number, end: number, character: RegExp): readonly number[] {
  return Array.from(text.slice(start, end).matchAll(character)).flatMap(({ index, 0: found }) => {
    const count = found.startsWith('\\') && found.length > 1 ? visibleLength(found) : 1
    return Array.from({ length: count }, () => start + index)
  })
}

/** How much of what an escape in double quotes represents is visible. */
function visibleLength(sequence: string): number {
  if (!/^\\[xuU]/.test(sequence)) return /^\\[\stnrvf_LP]/.test(sequence) ? 0 : 1
  return String.fromCodePoint(Number.parseInt(sequence.slice(2), 16)).replace(/\s/g, '').length
}
