// Lays out a manifest as YAML the way a person would write it: small maps on one line, queries as blocks.

import { Document, isCollection, isMap, isScalar, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { escapeUnprintable, isPrintable, oneLine, withoutRunnerCommands } from '../core/printable.ts'
import { type Stanza, Variable, type Written } from '../kinds/facets/stanza.ts'

export interface ManifestHead {
  /** The lines of the comment at the top. */
  readonly comment: readonly string[]
  readonly name: string
  readonly searchPath: readonly string[] | undefined
}

const maxWidth = 110
/** Maps that are written as blocks even if they are short. */
const alwaysBlock = new Set(['columns', 'checks'])
const firstKeys = ['version', 'name', 'search_path', 'extensions', 'foreign_data_wrappers', 'servers', 'schemas']

/** The text of a manifest. A stanza may be inside another one, which must come first. */
export function manifestText(head: ManifestHead, stanzas: readonly Stanza[]): string {
  const document = new Document(new YAMLMap())
  const root = new YAMLMap()
  document.contents = root
  root.set('version', 1)
  root.set('name', toScalar(head.name))
  if (head.searchPath) root.set('search_path', toNode(head.searchPath))
  for (const stanza of stanzas) insertStanza(root, stanza)
  root.items.sort((left, right) => orderOf(left) - orderOf(right))
  chooseFlowOrBlock(root)
  for (const { key, value } of root.items) if (isMap(value) && isScalar(key)) key.spaceBefore = true
  document.commentBefore = comment(head.comment)
  const text = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY })
  // What is escaped here is in double quotes: see `textScalar`.
  return withoutRunnerCommands(escapeUnprintable(text, escaped), escaped)
}

function orderOf({ key }: Pair): number {
  const place = firstKeys.indexOf(isScalar(key) ? String(key.value) : String(key))
  return place < 0 ? firstKeys.length : place
}

function insertStanza(root: YAMLMap, { path, value, notes = [] }: Stanza): void {
  let map = root
  for (const name of path.slice(0, -1)) map = childOf(map, name)
  const last = path.at(-1) ?? ''
  const pair = pairOf(map, last)
  const written = toNode(value)
  if (isMap(written) && isMap(pair.value)) pair.value.items.unshift(...written.items)
  else pair.value = written
  if (notes.length > 0) (pair.key as Scalar).commentBefore = comment(notes) // pairOf creates every key as a scalar
  // A map that contains other objects is written as a block.
  map.flow = false
}

function childOf(map: YAMLMap, name: string): YAMLMap {
  const pair = pairOf(map, name)
  if (!isMap(pair.value)) pair.value = new YAMLMap()
  const child = pair.value as YAMLMap // set by the line above if it was not a map
  child.flow = false
  return child
}

function pairOf(map: YAMLMap, name: string): Pair {
  const found = map.items.find(({ key }) => isScalar(key) && key.value === name)
  if (found) return found
  const pair = new Pair<unknown, unknown>(textScalar(name), null)
  map.items.push(pair)
  return pair
}

function toNode(value: Written): Node {
  if (typeof value === 'string') return toScalar(value)
  if (value instanceof Variable) return quoted(`\${env:${value.name}}`)
  if (typeof value !== 'object') return new Scalar(value)
  if (isList(value)) {
    const list = new List()
    list.items = value.map(toNode)
    return list
  }
  const map = new Fields()
  map.items = Object.entries(value).map(([key, item]) => new Pair(textScalar(key), toNode(item)))
  return map
}

type Context = Parameters<YAMLSeq['toString']>[0]

// Writes `{ columns: [id] }`. The library pads both kinds of brackets or neither.
class List extends YAMLSeq {
  override toString(context?: Context, onComment?: () => void, onChompKeep?: () => void): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, onComment, onChompKeep)
  }
}

class Fields extends YAMLMap {
  override toString(context?: Context, onComment?: () => void, onChompKeep?: () => void): string {
    return super.toString(context && { ...context, flowCollectionPadding: ' ' }, onComment, onChompKeep)
  }
}

function isList(value: Written): value is readonly Written[] {
  return Array.isArray(value)
}

/** Escapes what looks like a reference. Text of several lines becomes a block where YAML can represent it as one. */
function toScalar(value: string): Scalar<string> {
  const scalar = textScalar(value.replaceAll('${', () => '$${'))
  if (scalar.type === undefined && value.includes('\n')) {
    scalar.type = /^[\s\n]|\n$/.test(value) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL'
  }
  return scalar
}

/** Only in double quotes can characters be escaped. With the rest of its line, a text that begins with `::` could be a command. */
function textScalar(value: string): Scalar<string> {
  const scalar = new Scalar(value)
  if (!isPrintable(value) || /^[ \t]*::/m.test(value)) scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** An escape of YAML, for a character in double quotes. */
function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}

function quoted(value: string): Scalar<string> {
  const scalar = new Scalar(value)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** Writes small maps and lists on one line. Returns the width of that line, or infinity if a block is needed. */
function chooseFlowOrBlock(value: unknown, key = ''): number {
  if (isScalar(value)) return isMultiline(value) ? Number.POSITIVE_INFINITY : String(value.value).length + 4
  if (!isCollection(value)) return 4
  const widths = value.items.map((item: unknown) =>
    item instanceof Pair
      ? keyText(item.key).length + chooseFlowOrBlock(item.value, keyText(item.key))
      : chooseFlowOrBlock(item),
  )
  const width = widths.reduce((sum: number, one: number) => sum + one, 4)
  const isBlock = value.flow === false || width > maxWidth || (isMap(value) && alwaysBlock.has(key))
  value.flow = !isBlock
  return isBlock ? Number.POSITIVE_INFINITY : width
}

function isMultiline({ value, type }: Scalar): boolean {
  return type === 'BLOCK_LITERAL' || (typeof value === 'string' && value.includes('\n'))
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

/** A name may contain a line break, which would end the comment. */
function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${oneLine(line)}`)).join('\n')
}
