// Lays out a manifest as YAML the way a person would write it: small maps on one line, queries as blocks.

import { escapeUnprintable, oneLine, withoutRunnerCommands } from '../core/printable.ts'
import { type Stanza, Variable, type Written, type WrittenMap } from '../kinds/facets/stanza.ts'
import { blockLines, literalOf, quotedText, textOf } from './scalar-text.ts'

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

/** A map that contains objects, which is written as a block; the attributes of an object are a {@link WrittenMap}. */
type Tree = Map<string, Branch>

interface Branch {
  readonly value: Written | Tree
  readonly notes: readonly string[]
}

/** The text of a manifest. A stanza may be inside another one, which must come first. */
export function manifestText(head: ManifestHead, stanzas: readonly Stanza[]): string {
  const root: Tree = new Map()
  insertStanza(root, { path: ['version'], value: 1 })
  insertStanza(root, { path: ['name'], value: head.name })
  if (head.searchPath) insertStanza(root, { path: ['search_path'], value: head.searchPath })
  for (const stanza of stanzas) insertStanza(root, stanza)
  const lines: string[] = [...comment(head.comment), '']
  for (const [key, branch] of [...root].sort(([left], [right]) => orderOf(left) - orderOf(right))) {
    if (isMap(branch.value)) lines.push('')
    writeBranch(lines, '', key, branch)
  }
  // What is escaped here is in double quotes: see `scalar-text.ts`.
  return withoutRunnerCommands(escapeUnprintable(`${lines.join('\n')}\n`, escaped), escaped)
}

function orderOf(key: string): number {
  const place = firstKeys.indexOf(key)
  return place < 0 ? firstKeys.length : place
}

interface Insertion {
  readonly path: readonly string[]
  readonly value: Written
  readonly notes?: readonly string[]
}

function insertStanza(root: Tree, { path, value, notes = [] }: Insertion): void {
  let tree = root
  for (const name of path.slice(0, -1)) tree = childOf(tree, name)
  const last = path.at(-1) ?? ''
  const found = tree.get(last)
  const merged =
    found && isMap(found.value) && isMap(value) ? new Map([...branchesOf(value), ...branchesOf(found.value)]) : value
  tree.set(last, { value: merged, notes: notes.length > 0 ? notes : (found?.notes ?? []) })
}

function childOf(tree: Tree, name: string): Tree {
  const found = tree.get(name)
  if (found?.value instanceof Map) return found.value
  const child: Tree = new Map(found && isMap(found.value) ? branchesOf(found.value) : [])
  tree.set(name, { value: child, notes: found?.notes ?? [] })
  return child
}

function isMap(value: Written | Tree): value is WrittenMap | Tree {
  return typeof value === 'object' && !isList(value) && !(value instanceof Variable)
}

function isList(value: Written | Tree): value is readonly Written[] {
  return Array.isArray(value)
}

function branchesOf(map: WrittenMap | Tree): readonly (readonly [string, Branch])[] {
  return map instanceof Map ? [...map] : Object.entries(map).map(([key, value]) => [key, { value, notes: [] }] as const)
}

function writeBranch(lines: string[], indent: string, key: string, { value, notes }: Branch): void {
  for (const line of comment(notes)) lines.push(line === '' ? line : `${indent}${line}`)
  writeValue(lines, indent, `${indent}${textOf(key, 'key')}:`, value, key)
}

/** @param start the beginning of its first line */
function writeValue(lines: string[], indent: string, start: string, value: Written | Tree, key: string): void {
  const block = typeof value === 'string' ? blockLines(withoutReferences(value)) : undefined
  if (block) {
    lines.push(`${start} |-`, ...block.map((line) => (line === '' ? line : `${indent}  ${line}`)))
  } else if (isCollection(value) && sizeOf(value) > 0 && widthOf(value, key) > maxWidth) {
    lines.push(start)
    writeCollection(lines, `${indent}  `, value)
  } else {
    lines.push(`${start} ${onOneLine(value, 'value')}`)
  }
}

type Collection = readonly Written[] | WrittenMap | Tree

function isCollection(value: Written | Tree): value is Collection {
  return isList(value) || isMap(value)
}

function sizeOf(value: Collection): number {
  return value instanceof Map ? value.size : Object.keys(value).length
}

function writeCollection(lines: string[], indent: string, value: Collection): void {
  if (!isList(value)) {
    for (const [key, branch] of branchesOf(value)) writeBranch(lines, indent, key, branch)
    return
  }
  for (const item of value) {
    const first = lines.length
    if (isCollection(item) && sizeOf(item) > 0 && widthOf(item, '') > maxWidth) {
      writeCollection(lines, `${indent}  `, item)
      lines[first] = `${indent}- ${lines[first]?.slice(indent.length + 2)}`
    } else writeValue(lines, indent, `${indent}-`, item, '')
  }
}

/** The width on one line, or infinity if it needs several. */
function widthOf(value: Written | Tree, key: string): number {
  if (typeof value === 'string')
    return value.includes('\n') ? Number.POSITIVE_INFINITY : withoutReferences(value).length + 4
  if (value instanceof Variable) return referenceTo(value).length + 4
  if (isList(value)) return value.reduce((sum: number, item) => sum + widthOf(item, ''), 4)
  if (typeof value !== 'object') return String(value).length + 4
  if (value instanceof Map || alwaysBlock.has(key)) return Number.POSITIVE_INFINITY
  return Object.entries(value).reduce((sum, [name, item]) => sum + name.length + widthOf(item, name), 4)
}

function onOneLine(value: Written | Tree, position: 'value' | 'inline'): string {
  if (typeof value === 'string') return textOf(withoutReferences(value), position)
  if (value instanceof Variable) return quotedText(referenceTo(value))
  if (isList(value)) return `[${value.map((item) => onOneLine(item, 'inline')).join(', ')}]`
  if (typeof value !== 'object') return literalOf(value)
  const parts = branchesOf(value).map(
    ([key, branch]) => `${textOf(key, 'inlineKey')}: ${onOneLine(branch.value, 'inline')}`,
  )
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

function referenceTo({ name }: Variable): string {
  return `\${env:${name}}`
}

/** Escapes what looks like a reference. */
function withoutReferences(text: string): string {
  return text.replaceAll('${', () => '$${')
}

/** An escape of YAML, for a character in double quotes. */
function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}

/** A name may contain a line break, which would end the comment. */
function comment(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `# ${oneLine(line)}`))
}
