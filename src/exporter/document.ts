import { Document, isCollection, isMap, isScalar, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { type Stanza, Variable, type Written } from '../kinds/facets/stanza.ts'
import { oneLine } from '../render/text/layout.ts'

export interface ManifestHead {
  /** Lines of the comment at the top. */
  readonly comment: readonly string[]
  readonly name: string
  readonly searchPath: readonly string[] | undefined
}

const widest = 110
/** Maps of named things, which people write one below the other however short they are. */
const alwaysBlock = new Set(['columns', 'checks'])
const firstKeys = ['version', 'name', 'search_path', 'extensions', 'foreign_data_wrappers', 'servers', 'schemas']

/** A manifest's text. Stanzas come in their order; one may stand within another that comes before it. */
export function manifestText(head: ManifestHead, stanzas: readonly Stanza[]): string {
  const document = new Document(new YAMLMap())
  const root = new YAMLMap()
  document.contents = root
  root.set('version', 1)
  root.set('name', text(head.name))
  if (head.searchPath) root.set('search_path', node(head.searchPath))
  for (const stanza of stanzas) put(root, stanza)
  root.items.sort((left, right) => placeOf(left) - placeOf(right))
  layOut(root)
  for (const { key, value } of root.items) if (isMap(value) && isScalar(key)) key.spaceBefore = true
  document.commentBefore = comment(head.comment)
  return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY })
}

function placeOf({ key }: Pair): number {
  const place = firstKeys.indexOf(isScalar(key) ? String(key.value) : String(key))
  return place < 0 ? firstKeys.length : place
}

function put(root: YAMLMap, { path, value, notes = [] }: Stanza): void {
  let map = root
  for (const name of path.slice(0, -1)) map = childOf(map, name)
  const last = path.at(-1) ?? ''
  const pair = pairOf(map, last)
  const written = node(value)
  if (isMap(written) && isMap(pair.value)) pair.value.items.unshift(...written.items)
  else pair.value = written
  if (notes.length > 0) (pair.key as Scalar).commentBefore = comment(notes) // pairOf makes every key a scalar
  // What holds other objects is written as a block.
  map.flow = false
}

function childOf(map: YAMLMap, name: string): YAMLMap {
  const pair = pairOf(map, name)
  if (!isMap(pair.value)) pair.value = new YAMLMap()
  const child = pair.value as YAMLMap // made so by the line before
  child.flow = false
  return child
}

function pairOf(map: YAMLMap, name: string): Pair {
  const found = map.items.find(({ key }) => isScalar(key) && key.value === name)
  if (found) return found
  const pair = new Pair<unknown, unknown>(new Scalar(name), null)
  map.items.push(pair)
  return pair
}

function node(value: Written): Node {
  if (typeof value === 'string') return text(value)
  if (value instanceof Variable) return quoted(`\${env:${value.name}}`)
  if (typeof value !== 'object') return new Scalar(value)
  if (isList(value)) {
    const list = new List()
    list.items = value.map(node)
    return list
  }
  const map = new Fields()
  map.items = Object.entries(value).map(([key, item]) => new Pair(new Scalar(key), node(item)))
  return map
}

type Context = Parameters<YAMLSeq['toString']>[0]

// `{ columns: [id] }`: the library writes blanks within both kinds of brackets, or within none.
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

/** What looks like a reference is escaped; what has several lines is a block as far as YAML can say it so. */
function text(value: string): Scalar<string> {
  const scalar = new Scalar(value.replaceAll('${', () => '$${'))
  if (/[^\P{C}\n\t]|[\u2028\u2029]/u.test(value)) scalar.type = 'QUOTE_DOUBLE'
  else if (value.includes('\n')) scalar.type = /^[\s\n]|\n$/.test(value) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL'
  return scalar
}

function quoted(value: string): Scalar<string> {
  const scalar = new Scalar(value)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** Small maps and lists are written in one line. Returns how wide it would be; infinite where it can't be. */
function layOut(value: unknown, key = ''): number {
  if (isScalar(value)) return hasLines(value) ? Number.POSITIVE_INFINITY : String(value.value).length + 4
  if (!isCollection(value)) return 4
  const widths = value.items.map((item: unknown) =>
    item instanceof Pair ? keyText(item.key).length + layOut(item.value, keyText(item.key)) : layOut(item),
  )
  const width = widths.reduce((sum: number, one: number) => sum + one, 4)
  const isBlock = value.flow === false || width > widest || (isMap(value) && alwaysBlock.has(key))
  value.flow = !isBlock
  return isBlock ? Number.POSITIVE_INFINITY : width
}

function hasLines({ value, type }: Scalar): boolean {
  return type === 'BLOCK_LITERAL' || (typeof value === 'string' && value.includes('\n'))
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

/** Names in a comment may hold anything; a comment ends with its line. */
function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${oneLine(line)}`)).join('\n')
}
