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

export interface Scalar {
  readonly text: string
  /** As written. */
  readonly source: string
  /** Whether it has no quotes. */
  readonly isPlain: boolean
}

/** Characters that the lexer uses as marks of its own. */
const marks = ['\u0002', '\u0018', '\u001f', '\ufeff']

export class Scanner {
  readonly #text: string
  /** The position of the next character. */
  #at = 0
  #lineStart = 0
  /** Whether only spaces and `-` precede in the line. */
  isFirst = true
  /** Whether a comment at the start of a line was skipped last. The package yaml rejects it before a value that is a scalar. */
  isBehindComment = false
  /** How many brackets are open, and how far lines within them are indented at least. */
  #depth = 0
  #indentInBrackets = 0

  constructor(text: string) {
    if (text.startsWith('%') || marks.some((mark) => text.includes(mark))) throw new Unusual()
    this.#text = text
  }

  /** The column of the first character on a line or after a dash. */
  get column(): number {
    return this.#at - this.#lineStart
  }

  isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  is(character: string): boolean {
    return this.#text[this.#at] === character
  }

  #code(offset = 0): number {
    return this.#text.charCodeAt(this.#at + offset)
  }

  /** Whether an item of a list starts here. */
  isDash(): boolean {
    return this.#code() === dash && isEmpty(this.#code(1))
  }

  passDash(): void {
    this.#at++
  }

  /** Passes a character of punctuation. */
  pass(): void {
    this.#at++
    this.isFirst = false
  }

  /** Skips white space and comments, but no tabs: whether they are allowed depends on the place. */
  skip(): void {
    let isInOtherLine = false
    this.isBehindComment = false
    for (;;) {
      const character = this.#code()
      if (character === space) this.#at++
      else if (character === lineFeed) {
        this.#startLine(this.#at + 1)
        isInOtherLine = true
      } else if (character === carriageReturn && this.#code(1) === lineFeed) {
        this.#startLine(this.#at + 2)
        isInOtherLine = true
      } else if (character === hash && (this.column === 0 || this.#code(-1) === space)) {
        this.isBehindComment ||= this.column === 0
        this.#skipComment()
      } else break
    }
    if (isInOtherLine && this.#depth > 0) this.#checkIndent()
  }

  #startLine(at: number): void {
    this.#at = at
    this.#lineStart = at
    this.isFirst = true
  }

  /** Skips spaces and a comment. */
  #skipInLine(): void {
    while (this.#code() === space) this.#at++
    if (this.#code() === hash && this.#code(-1) === space) this.#skipComment()
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #checkIndent(): void {
    const isAtLastBracket =
      this.column === this.#indentInBrackets - 1 && this.#depth === 1 && (this.is(']') || this.is('}'))
    const isTooFarLeft = this.column < this.#indentInBrackets && !isAtLastBracket
    if (isTooFarLeft || this.isBehindComment || this.#isAtMark()) throw new Unusual()
  }

  #isAtMark(): boolean {
    return this.#isDocumentMark('---') || this.#isDocumentMark('...')
  }

  #isDocumentMark(mark: string): boolean {
    return this.column === 0 && this.#text.startsWith(mark, this.#at) && isEmpty(this.#code(3))
  }

  skipDocumentStart(): void {
    if (!this.#isDocumentMark('---')) return
    this.#at += 3
    this.isFirst = false
  }

  startsScalar(): boolean {
    return startsScalar(this.#text, this.#at, this.#depth > 0)
  }

  /** Whether the scalar that was just read is a key. */
  isColon(): boolean {
    return this.#code() === colon && isEmpty(this.#code(1))
  }

  /** After a quoted key within brackets, a value may follow the colon immediately. */
  isColonInBrackets({ isPlain }: Scalar): boolean {
    if (this.#code() !== colon) return false
    const next = this.#code(1)
    return !isPlain || isEmpty(next) || isBracket(next)
  }

  /** YAML limits the length of keys to 1024 characters, and null is none. */
  keyOf({ text, source, isPlain }: Scalar): string {
    const isNull = isPlain && /^(?:~|null|Null|NULL)$/.test(source)
    if (isNull || source.length >= 1024 || source.includes('\n')) throw new Unusual()
    return text
  }

  /** Reads a scalar. @param around the column of the map or list that it is in: further lines of it are to the right of that */
  scalar(around: number): Scalar {
    return this.#scalar(around + 1)
  }

  scalarInBrackets(): Scalar {
    return this.#scalar(this.#indentInBrackets)
  }

  #scalar(indent: number): Scalar {
    if (!this.startsScalar() || this.#isAtMark()) throw new Unusual()
    const start = this.#at
    const isPlain = !isQuote(this.#code())
    this.#at = isPlain ? endOfPlain(this.#text, start, indent, this.#depth > 0) : endOfQuoted(this.#text, start, indent)
    this.isFirst = false
    const source = this.#text.slice(start, this.#at)
    return { text: textOfScalar(source), source, isPlain }
  }

  /**
   * Reads a block scalar, from its indicator on.
   * @param around the column of the map or list that it is in
   */
  block(around: number): string {
    const header = this.#blockHeader()
    const start = this.#at
    const end = endOfBlock(this.#text, start, header, around + 1)
    this.#startLine(end)
    return textOfBlock(this.#text.slice(start, end), header, around)
  }

  #blockHeader(): string {
    const start = this.#at
    while (!isEmpty(this.#code()) && this.#code() !== hash) this.#at++
    const header = this.#text.slice(start, this.#at)
    this.#skipInLine()
    if (this.#code() === carriageReturn) this.#at++
    if (this.#code() !== lineFeed) throw new Unusual()
    this.#at++
    return header
  }

  enterBrackets(around: number): void {
    this.#indentInBrackets = around + 1
  }

  open(): void {
    this.#depth++
    this.pass()
    this.skip()
  }

  close(): void {
    this.#depth--
    this.pass()
  }

  /** Passes the comma between two items, or after the last one. */
  passComma(close: string): void {
    this.skip()
    if (this.is(',')) this.pass()
    else if (!this.is(close)) throw new Unusual()
    this.skip()
  }
}
