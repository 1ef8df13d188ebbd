// Maps paths in a manifest to places in its text.

import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type ParsedNode,
  type Range,
  type Scalar,
} from 'yaml'
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
  return (node?.range as Range | undefined | null)?.[0]
}

/**
 * The offset in the text of a character of a scalar's value. If escapes, folding or references have moved characters, it is
 * the start of the scalar.
 */
export function offsetInside(source: Source, scalar: Scalar | ParsedNode, offset: number): number {
  const start = startOf(scalar) ?? 0
  if (!isScalar(scalar)) return start
  const value = textOf(scalar)
  if (value.includes('${')) return start
  if (scalar.type === 'BLOCK_LITERAL') return insideBlock(source, start, value, offset)
  const opening = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE' ? 1 : 0
  const verbatim = source.text.startsWith(value, start + opening)
  return verbatim ? start + opening + offset : start
}

function insideBlock(source: Source, start: number, value: string, offset: number): number {
  const lineNumber = value.slice(0, offset).split('\n').length
  const column = offset - (value.lastIndexOf('\n', offset - 1) + 1)
  const header = source.lines.linePos(start).line
  const lineStart = source.lines.lineStarts[header - 1 + lineNumber]
  const wanted = value.split('\n')[lineNumber - 1] ?? ''
  if (lineStart === undefined) return start
  const indent = source.text.indexOf(wanted, lineStart) - lineStart
  return indent < 0 ? start : lineStart + indent + column
}
