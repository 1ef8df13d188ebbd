// Goes through the text of a manifest for read-values.ts: its punctuation, white space, comments and scalars, as the lexer of the package
// yaml finds them.

import {
  carriageReturn,
  colon,
  dash,
  endOfBlock,
  endOfPlain,
  endOfQuoted,
  hash,
  isBracket,
  isEmpty,
  isQuote,
  lineFeed,
  space,
  startsScalar,
  textOfBlock,
  textOfScalar,
  Unusual,
} from './scalars.ts'

/** A text, and a position in it. Only the functions of this file change one. */
export interface Scanner {
  readonly text: string
  /** The position of the next character. */
  at: number
  lineStart: number
  /** Whether only spaces and `-` precede in the line. */
  isFirst: boolean
  /** Whether a comment at the start of a line was skipped last. The package yaml rejects it before a value that is a scalar. */
  isBehindComment: boolean
  /** How many brackets are open, and how far lines within them are indented at least. */
  depth: number
  indentInBrackets: number
}

export interface Scalar {
  readonly text: string
  /** As written. */
  readonly source: string
  /** Whether it has no quotes. */
  readonly isPlain: boolean
}

/** Characters that the lexer uses as marks of its own. */
const marks = ['\u0002', '\u0018', '\u001f', '\ufeff']

export function scan(text: string): Scanner {
  if (text.startsWith('%') || marks.some((mark) => text.includes(mark))) throw new Unusual()
  return { text, at: 0, lineStart: 0, isFirst: true, isBehindComment: false, depth: 0, indentInBrackets: 0 }
}

/** The column of the first character on a line or after a dash. */
export function columnOf({ at, lineStart }: Scanner): number {
  return at - lineStart
}

export function isAtEnd({ text, at }: Scanner): boolean {
  return at >= text.length
}

export function isAt({ text, at }: Scanner, character: string): boolean {
  return text[at] === character
}

function codeAt({ text, at }: Scanner, offset = 0): number {
  return text.charCodeAt(at + offset)
}

/** Whether an item of a list starts here. */
export function isAtDash(scanner: Scanner): boolean {
  return codeAt(scanner) === dash && isEmpty(codeAt(scanner, 1))
}

export function passDash(scanner: Scanner): void {
  scanner.at++
}

/** Passes a character of punctuation. */
export function pass(scanner: Scanner): void {
  scanner.at++
  scanner.isFirst = false
}

/** Skips white space and comments, but no tabs: whether they are allowed depends on the place. */
export function skip(scanner: Scanner): void {
  let isInOtherLine = false
  scanner.isBehindComment = false
  for (;;) {
    const character = codeAt(scanner)
    if (character === space) scanner.at++
    else if (character === lineFeed) {
      startLine(scanner, scanner.at + 1)
      isInOtherLine = true
    } else if (character === carriageReturn && codeAt(scanner, 1) === lineFeed) {
      startLine(scanner, scanner.at + 2)
      isInOtherLine = true
    } else if (character === hash && (columnOf(scanner) === 0 || codeAt(scanner, -1) === space)) {
      scanner.isBehindComment ||= columnOf(scanner) === 0
      skipComment(scanner)
    } else break
  }
  if (isInOtherLine && scanner.depth > 0) checkIndent(scanner)
}

function startLine(scanner: Scanner, at: number): void {
  scanner.at = at
  scanner.lineStart = at
  scanner.isFirst = true
}

/** Skips spaces and a comment. */
function skipInLine(scanner: Scanner): void {
  while (codeAt(scanner) === space) scanner.at++
  if (codeAt(scanner) === hash && codeAt(scanner, -1) === space) skipComment(scanner)
}

function skipComment(scanner: Scanner): void {
  const end = scanner.text.indexOf('\n', scanner.at)
  scanner.at = end < 0 ? scanner.text.length : end
}

function checkIndent(scanner: Scanner): void {
  const { indentInBrackets, depth, isBehindComment } = scanner
  const column = columnOf(scanner)
  const isAtLastBracket = column === indentInBrackets - 1 && depth === 1 && (isAt(scanner, ']') || isAt(scanner, '}'))
  const isTooFarLeft = column < indentInBrackets && !isAtLastBracket
  if (isTooFarLeft || isBehindComment || isAtMark(scanner)) throw new Unusual()
}

function isAtMark(scanner: Scanner): boolean {
  return isAtDocumentMark(scanner, '---') || isAtDocumentMark(scanner, '...')
}

function isAtDocumentMark(scanner: Scanner, mark: string): boolean {
  return columnOf(scanner) === 0 && scanner.text.startsWith(mark, scanner.at) && isEmpty(codeAt(scanner, 3))
}

export function skipDocumentStart(scanner: Scanner): void {
  if (!isAtDocumentMark(scanner, '---')) return
  scanner.at += 3
  scanner.isFirst = false
}

export function isAtScalar({ text, at, depth }: Scanner): boolean {
  return startsScalar(text, at, depth > 0)
}

/** Whether the scalar that was just read is a key. */
export function isAtColon(scanner: Scanner): boolean {
  return codeAt(scanner) === colon && isEmpty(codeAt(scanner, 1))
}

/** After a quoted key within brackets, a value may follow the colon immediately. */
export function isAtColonInBrackets(scanner: Scanner, { isPlain }: Scalar): boolean {
  if (codeAt(scanner) !== colon) return false
  const next = codeAt(scanner, 1)
  return !isPlain || isEmpty(next) || isBracket(next)
}

/** YAML limits the length of keys to 1024 characters, and null is none. */
export function keyOf({ text, source, isPlain }: Scalar): string {
  const isNull = isPlain && /^(?:~|null|Null|NULL)$/.test(source)
  if (isNull || source.length >= 1024 || source.includes('\n')) throw new Unusual()
  return text
}

/** @param around the column of the map or list that it is in: further lines of it are to the right of that */
export function readScalar(scanner: Scanner, around: number): Scalar {
  return scalar(scanner, around + 1)
}

export function readScalarInBrackets(scanner: Scanner): Scalar {
  return scalar(scanner, scanner.indentInBrackets)
}

function scalar(scanner: Scanner, indent: number): Scalar {
  if (!isAtScalar(scanner) || isAtMark(scanner)) throw new Unusual()
  const { text, at: start, depth } = scanner
  const isPlain = !isQuote(codeAt(scanner))
  scanner.at = isPlain ? endOfPlain(text, start, indent, depth > 0) : endOfQuoted(text, start, indent)
  scanner.isFirst = false
  const source = text.slice(start, scanner.at)
  return { text: textOfScalar(source), source, isPlain }
}

/**
 * Reads a block scalar, from its indicator on.
 * @param around the column of the map or list that it is in
 */
export function readBlock(scanner: Scanner, around: number): string {
  const header = blockHeader(scanner)
  const { text, at: start } = scanner
  const end = endOfBlock(text, start, header, around + 1)
  startLine(scanner, end)
  return textOfBlock(text.slice(start, end), header, around)
}

function blockHeader(scanner: Scanner): string {
  const start = scanner.at
  while (!isEmpty(codeAt(scanner)) && codeAt(scanner) !== hash) scanner.at++
  const header = scanner.text.slice(start, scanner.at)
  skipInLine(scanner)
  if (codeAt(scanner) === carriageReturn) scanner.at++
  if (codeAt(scanner) !== lineFeed) throw new Unusual()
  scanner.at++
  return header
}

/** @param around the column of the map or list that the brackets are in */
export function enterBrackets(scanner: Scanner, around: number): void {
  scanner.indentInBrackets = around + 1
}

export function openBracket(scanner: Scanner): void {
  scanner.depth++
  pass(scanner)
  skip(scanner)
}

export function closeBracket(scanner: Scanner): void {
  scanner.depth--
  pass(scanner)
}

/** Passes the comma between two items, or after the last one. */
export function passComma(scanner: Scanner, close: string): void {
  skip(scanner)
  if (isAt(scanner, ',')) pass(scanner)
  else if (!isAt(scanner, close)) throw new Unusual()
  skip(scanner)
}
