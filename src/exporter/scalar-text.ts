// Writes single values as YAML. The library decides how unusual ones are quoted; nearly all need no quotes, which takes no library.

import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { isPrintable } from '../core/printable.ts'

/** The position of a text: on a line of its own or within a map or list on one line, before a colon or not. */
type Position = 'value' | 'inline' | 'key' | 'inlineKey'

/** Texts that YAML reads as they are. Without `:` and `#`, they are no command to a CI runner either: see core/printable.ts. */
const plain = /^(?!(?:null|true|false)$)[a-z_][\w .,()[\]{}"'=<>*+$;@%^~|&!?/\\`-]*(?<! )$/i
const flowSyntax = /[[\]{},]/

/** A text on one line. */
export function textOf(value: string, position: Position): string {
  const isPlain = plain.test(value) && (position === 'value' || position === 'key' || !flowSyntax.test(value))
  return isPlain ? value : byLibrary(value, position)
}

/** A number or boolean. */
export function literalOf(value: number | boolean): string {
  return Number.isSafeInteger(value) || typeof value === 'boolean' ? String(value) : byLibrary(value, 'value')
}

/** A text in double quotes. */
export function quotedText(value: string): string {
  return written(quoted(value), 'value')
}

/** The lines of a text that is written as a block; undefined if it has to be on one line. */
export function blockLines(value: string): readonly string[] | undefined {
  if (!value.includes('\n') || mustBeQuoted(value)) return undefined
  // Its first line decides how far a block is indented, and without a line break at its end it has no empty lines there.
  return /^\s|\n[ \t]*$/.test(value) ? undefined : value.split('\n')
}

/** Only in double quotes can characters be escaped. With the rest of its line, a text that begins with `::` could be a command. */
function mustBeQuoted(value: string): boolean {
  return !isPrintable(value) || /^[ \t]*::/m.test(value)
}

const known = new Map<string, string>()

/** Texts such as `numeric(10,2)` occur in most tables. */
function byLibrary(value: string | number, position: Position): string {
  const key = `${position} ${typeof value} ${value}`
  const found = known.get(key)
  if (found !== undefined) return found
  const isQuoted = typeof value === 'string' && (value.includes('\n') || mustBeQuoted(value))
  const scalar = isQuoted ? quoted(value) : new Scalar(value)
  const text = written(scalar, position)
  if (known.size < mostKnown) known.set(key, text)
  return text
}

/** The limit of the cache. */
const mostKnown = 10_000

function quoted(value: string): Scalar<string> {
  const scalar = new Scalar(value)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** What the library writes around a value on one line. */
const around: Readonly<Record<Position, readonly [before: string, after: string]>> = {
  value: ['- ', '\n'],
  inline: ['[ ', ' ]\n'],
  key: ['', ': 1\n'],
  inlineKey: ['{ ', ': 1 }\n'],
}

function written(scalar: Scalar, position: Position): string {
  const text = new Document(holding(scalar, position)).toString({
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY,
    simpleKeys: true,
  })
  const [before, after] = around[position]
  if (!text.startsWith(before) || !text.endsWith(after)) throw new TypeError(`unexpected YAML: ${text}`)
  return text.slice(before.length, -after.length)
}

function holding(scalar: Scalar, position: Position): YAMLMap | YAMLSeq {
  if (position === 'key' || position === 'inlineKey') {
    const map = new YAMLMap()
    map.flow = position === 'inlineKey'
    map.set(scalar, 1)
    return map
  }
  const list = new YAMLSeq()
  list.flow = position === 'inline'
  list.items = [scalar]
  return list
}
