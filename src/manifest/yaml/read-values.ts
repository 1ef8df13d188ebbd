// Reads the YAML that manifests usually consist of into values, from the lexer's tokens and without nodes. A document of nodes
// takes ten times the time and memory. It is built only for what this leaves to it, and for messages: see read-yaml.ts.

import { CST, Lexer, YAMLParseError } from 'yaml'
import { emptyRecord, isMap } from '../../core/data.ts'
import { hasOpenParenthesis } from './split-values.ts'
import { scalarValue } from './to-data.ts'

/** The text is unusual, or something is wrong with it. The document shows what. */
class Unusual extends Error {}

/** @returns undefined if the text has more than maps, lists and scalars, or if there is any problem to report */
export function readValues(text: string, maximumDepth: number): unknown {
  try {
    return new ValueReader(text, maximumDepth).read()
  } catch (error) {
    if (error instanceof Unusual || error instanceof YAMLParseError) return undefined
    throw error
  }
}

const endOfText = ''

class ValueReader {
  readonly #tokens: Iterator<string, unknown>
  readonly #maximumDepth: number
  readonly #path: (string | number)[] = []
  /** The current token. A plain scalar is two: {@link CST.SCALAR}, which is current, and its source. */
  #token = endOfText
  #column = 0
  /** Whether only spaces and `-` precede the token in its line. Else the column is unknown. */
  #isFirst = true
  #isAfterSpace = true

  constructor(text: string, maximumDepth: number) {
    this.#tokens = new Lexer().lex(text)
    this.#maximumDepth = maximumDepth
    this.#token = this.#takeSource()
  }

  read(): unknown {
    this.#skip()
    this.#expect(CST.DOCUMENT)
    this.#startLine()
    this.#skip()
    if (this.#token === '---') this.#next()
    this.#skip()
    const root = this.#token === '{' ? this.#inline() : this.#block(-1)
    this.#skip()
    if (this.#token !== endOfText || !isMap(root)) throw new Unusual()
    return root
  }

  #next(): void {
    const passed = this.#token
    this.#isAfterSpace = passed[0] === ' '
    this.#isFirst &&= this.#isAfterSpace || passed === '-'
    this.#column += passed.length
    if (passed === '\n' || passed === '\r\n') this.#startLine()
    this.#token = this.#takeSource()
  }

  #startLine(): void {
    this.#column = 0
    this.#isFirst = true
    this.#isAfterSpace = true
  }

  #takeSource(): string {
    const { done, value } = this.#tokens.next()
    return done ? endOfText : value
  }

  #expect(token: string): void {
    if (this.#token !== token) throw new Unusual()
    this.#next()
  }

  /** Skips white space and comments, but no tabs: whether they are allowed depends on the place. */
  #skip(): void {
    for (;;) {
      const token = this.#token
      const isSpace = token[0] === ' ' && !token.includes('\t')
      const isComment = token[0] === '#' && this.#isAfterSpace
      if (!isSpace && !isComment && token !== '\n' && token !== '\r\n') return
      this.#next()
    }
  }

  /** Goes to the next line that is not empty. Nothing but a comment may follow a value in its line. */
  #endLine(): void {
    this.#skip()
    if (!this.#isFirst && this.#token !== endOfText) throw new Unusual()
  }

  /** Whether the token starts a line at this column. To the right of it, nothing may follow. */
  #isAt(column: number): boolean {
    if (this.#token === endOfText || this.#column < column) return false
    if (this.#column > column) throw new Unusual()
    return true
  }

  /** What starts in a line of its own or behind `-`, further right than the map or list around it. */
  #block(around: number): unknown {
    const column = this.#column
    if (!this.#isFirst || column <= around) throw new Unusual()
    if (this.#token === '-') return this.#list(column)
    if (!isScalar(this.#token)) return this.#value(around)
    const isPlain = this.#token === CST.SCALAR
    const text = this.#scalar()
    if (this.#token === ':') return this.#map(column, text)
    this.#endLine()
    return this.#convert(text, isPlain)
  }

  #map(column: number, firstKey: string): unknown {
    const map = emptyRecord<unknown>()
    let key = firstKey
    for (;;) {
      this.#entry(map, key, () => this.#valueOfEntry(column))
      if (!this.#isAt(column)) return map
      key = this.#scalar()
    }
  }

  #valueOfEntry(column: number): unknown {
    this.#skip()
    if (!this.#isFirst && this.#token !== endOfText) return this.#value(column)
    if (this.#token === '-' && this.#column === column) return this.#list(column)
    return this.#blockOrNothing(column)
  }

  #blockOrNothing(around: number): unknown {
    const isNothing = this.#token === endOfText || this.#column <= around
    return isNothing ? this.#convert('', true) : this.#block(around)
  }

  #list(column: number): unknown {
    const list: unknown[] = []
    while (this.#isAt(column) && this.#token === '-') {
      this.#next()
      this.#skip()
      list.push(this.#at(list.length, () => this.#blockOrNothing(column)))
    }
    return list
  }

  #value(around: number): unknown {
    if (this.#token[0] === '|' || this.#token[0] === '>') return this.#blockScalar(around)
    const value = this.#inline()
    this.#endLine()
    return value
  }

  #inline(): unknown {
    if (this.#token === '{') return this.#mapInBraces()
    if (this.#token === '[') return this.#listInBrackets()
    const isPlain = this.#token === CST.SCALAR
    return this.#convert(this.#scalar(), isPlain)
  }

  #mapInBraces(): unknown {
    const map = emptyRecord<unknown>()
    this.#itemsUntil('}', () =>
      this.#entry(map, this.#scalar(), () => {
        this.#skip()
        return this.#token === ',' || this.#token === '}' ? this.#convert('', true) : this.#inline()
      }),
    )
    return map
  }

  #listInBrackets(): unknown {
    const list: unknown[] = []
    this.#itemsUntil(']', () => {
      const last = list.at(-1)
      if (typeof last === 'string' && hasOpenParenthesis(last)) throw new Unusual()
      list.push(this.#at(list.length, () => this.#inline()))
    })
    return list
  }

  #itemsUntil(close: string, readItem: () => void): void {
    this.#next()
    this.#skip()
    while (this.#token !== close) {
      readItem()
      this.#skip()
      if (this.#token !== close) this.#expect(',')
      this.#skip()
    }
    this.#next()
  }

  #entry(map: Record<string, unknown>, key: string, readValue: () => unknown): void {
    this.#expect(':')
    if (key in map) throw new Unusual()
    map[key] = this.#at(key, readValue)
  }

  #at(step: string | number, read: () => unknown): unknown {
    if (this.#path.length >= this.#maximumDepth) throw new Unusual()
    this.#path.push(step)
    const value = read()
    this.#path.pop()
    return value
  }

  /** The text of a plain or quoted scalar. */
  #scalar(): string {
    if (!isScalar(this.#token)) throw new Unusual()
    const isPlain = this.#token === CST.SCALAR
    const source = isPlain ? this.#takeSource() : this.#token
    this.#next()
    if (this.#token === ':' && !isUsualKey(source, isPlain)) throw new Unusual()
    if (isPlain && /^(?![,%|>@`\t])[^\n]*$/.test(source)) return source
    const type = isPlain ? 'scalar' : source[0] === '"' ? 'double-quoted-scalar' : 'single-quoted-scalar'
    return CST.resolveAsScalar({ type, source, offset: 0, indent: 0 }).value
  }

  #blockScalar(around: number): unknown {
    const props: CST.Token[] = []
    for (; this.#token !== CST.SCALAR; this.#next()) {
      const type = CST.tokenType(this.#token)
      const isKnown = type === 'block-scalar-header' || type === 'space' || type === 'comment' || type === 'newline'
      if (!isKnown || this.#token === endOfText) throw new Unusual()
      props.push({ type, source: this.#token, offset: 0, indent: 0 })
    }
    const source = this.#takeSource()
    const { value } = CST.resolveAsScalar({ type: 'block-scalar', source, props, offset: 0, indent: around })
    this.#startLine()
    this.#token = this.#takeSource()
    this.#endLine()
    return this.#convert(value, false)
  }

  #convert(text: string, isPlain: boolean): unknown {
    return scalarValue(text, isPlain, this.#path, () => {
      throw new Unusual()
    })
  }
}

function isScalar(token: string): boolean {
  return token === CST.SCALAR || token[0] === '"' || token[0] === "'"
}

/** YAML limits the length of keys to 1024 characters, and null is none. */
function isUsualKey(source: string, isPlain: boolean): boolean {
  return source.length < 1024 && !source.includes('\n') && !(isPlain && /^(?:~|null|Null|NULL|)$/.test(source))
}
