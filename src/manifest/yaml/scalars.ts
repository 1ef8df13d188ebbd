// Finds where scalars of YAML end, and their texts, exactly as the package yaml does. `indent` is the minimal column of the further
// lines of a scalar.

import { CST } from 'yaml'

/** The text is unusual or wrong. The document of nodes then shows what it means. */
export class Unusual extends Error {}

const code = (character: string) => character.charCodeAt(0)
const codesOf = (characters: string) => new Set(Array.from(characters, code))

const tab = code('\t')
export const lineFeed = code('\n')
export const carriageReturn = code('\r')
export const space = code(' ')
export const hash = code('#')
export const dash = code('-')
export const colon = code(':')
const backslash = code('\\')
const doubleQuote = code('"')
const singleQuote = code("'")
const brackets = codesOf(',[]{}')
/** Characters that start no plain scalar. */
const noStart = codesOf('\t\n\r #,[]{}&*!|>%@`')
/** Characters that start a plain scalar unless white space follows or, within brackets, a bracket. */
const indicators = codesOf('-?:')

/** White space, or the end of the text, which is NaN. */
export function isEmpty(character: number): boolean {
  const isSpace = character === space || character === lineFeed || character === carriageReturn || character === tab
  return isSpace || Number.isNaN(character)
}

/** Whether it ends plain scalars within brackets, as commas do. */
export function isBracket(character: number): boolean {
  return brackets.has(character)
}

export function isQuote(character: number): boolean {
  return character === doubleQuote || character === singleQuote
}

/** Whether a scalar starts at a position. */
export function startsScalar(text: string, at: number, isInBrackets: boolean): boolean {
  const character = text.charCodeAt(at)
  if (noStart.has(character) || Number.isNaN(character)) return false
  if (!indicators.has(character)) return true
  const next = text.charCodeAt(at + 1)
  return !isEmpty(next) && !(isInBrackets && isBracket(next))
}

export function endOfPlain(text: string, start: number, indent: number, isInBrackets: boolean): number {
  let end = start
  for (let at = start; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isEmpty(character)) {
      const isLineEnd = character === lineFeed || character === carriageReturn
      // Elsewhere it is a part of the text.
      if (character === carriageReturn && text.charCodeAt(++at) !== lineFeed) throw new Unusual()
      const next = text.charCodeAt(at + 1)
      if (next === hash || (isInBrackets && isBracket(next))) return end
      const goesOnAt = isLineEnd ? continuedAt(text, at + 1, indent) : at + 1
      if (goesOnAt < 0) return end
      at = Math.max(at, goesOnAt - 2) // Of the next line, a comment may be all there is.
      continue
    }
    if (isInBrackets && isBracket(character)) return end
    if (character === colon && !startsScalar(text, at, isInBrackets)) return end
    end = at + 1
  }
  return end
}

/** The position where a scalar continues on the line that starts at `start`; -1 if it has ended. */
function continuedAt(text: string, start: number, indent: number): number {
  // A document with a scalar at its root is no manifest.
  if (indent === 0) throw new Unusual()
  let at = start
  while (text.charCodeAt(at) === space) at++
  const character = text.charCodeAt(at)
  if (character === carriageReturn && text.charCodeAt(at + 1) === lineFeed) return at + 1
  return character === lineFeed || at - start >= indent ? at : -1
}

export function endOfQuoted(text: string, start: number, indent: number): number {
  const quote = text.charAt(start)
  let end = text.indexOf(quote, start + 1)
  while (end >= 0 && isPartOfQuoted(text, end)) end = text.indexOf(quote, end + (quote === '"' ? 1 : 2))
  if (end < 0) throw new Unusual()
  const before = text.slice(0, end)
  for (let line = before.indexOf('\n', start); line >= 0; ) {
    const goesOnAt = continuedAt(text, line + 1, indent)
    if (goesOnAt < 0) throw new Unusual()
    line = before.indexOf('\n', goesOnAt)
  }
  return end + 1
}

/** Whether a quotation mark is escaped: one by a backslash, the other by itself. */
function isPartOfQuoted(text: string, at: number): boolean {
  if (text.charCodeAt(at) === singleQuote) return text.charCodeAt(at + 1) === singleQuote
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
  return backslashes % 2 === 1
}

/** The text of a scalar on one or several lines. */
export function textOfScalar(source: string): string {
  const first = source.charCodeAt(0)
  if (source.includes('\n') || (first === doubleQuote && source.includes('\\'))) return resolved(source, first)
  if (first === singleQuote) return source.slice(1, -1).replaceAll("''", "'")
  return first === doubleQuote ? source.slice(1, -1) : source
}

function resolved(source: string, first: number): string {
  const quoted = first === doubleQuote ? 'double-quoted-scalar' : 'single-quoted-scalar'
  const type = isQuote(first) ? quoted : 'scalar'
  return CST.resolveAsScalar({ type, source, offset: 0, indent: 0 }).value
}

/** @param start the start of the line after the header, which is `|-` for example */
export function endOfBlock(text: string, start: number, header: string, least: number): number {
  const { indent, lineEnd } = firstLineOfBlock(text, start)
  if (indent < least) return endOfLines(text, start, lineEnd, indent, header)
  const given = /\d/.exec(header)?.[0]
  const indentOfLines = given === undefined ? indent : least + Number(given) - 1
  for (let end = lineEnd; ; ) {
    const goesOnAt = continuedAt(text, end + 1, indentOfLines)
    if (goesOnAt < 0) return endOfLines(text, start, end, indent, header)
    end = text.indexOf('\n', goesOnAt)
    if (end < 0) return endOfLines(text, start, text.length, indent, header)
  }
}

/** How far the line is indented, and where the previous line ends. */
function firstLineOfBlock(text: string, start: number): { readonly indent: number; readonly lineEnd: number } {
  let lineEnd = start - 1
  let indent = 0
  for (let at = start; ; at++) {
    const character = text.charCodeAt(at)
    if (character === space) indent++
    else if (character === lineFeed) {
      lineEnd = at
      indent = 0
    } else if (character !== carriageReturn || text.charCodeAt(at + 1) !== lineFeed) return { indent, lineEnd }
  }
}

/** Without empty lines at the end, unless these are indented further than the first line, or the header keeps them. */
function endOfLines(text: string, start: number, end: number, indent: number, header: string): number {
  for (let lineEnd = end; ; ) {
    let at = lineEnd - 1
    if (text.charCodeAt(at) === carriageReturn) at--
    const last = at
    while (text.charCodeAt(at) === space) at--
    const isEmptyLine = text.charCodeAt(at) === lineFeed && at >= start && at + 1 + indent > last
    if (header.includes('+') || !isEmptyLine) return lineEnd + 1
    lineEnd = at
  }
}

/** The text of a block from its source, which ends with its last line. */
export function textOfBlock(source: string, header: string, around: number): string {
  const props: CST.Token[] = [{ type: 'block-scalar-header', source: header, offset: 0, indent: 0 }]
  return CST.resolveAsScalar({ type: 'block-scalar', source, props, offset: 0, indent: around }).value
}
