// Reads the YAML that manifests usually consist of into values, without tokens or nodes. A document of nodes takes twenty times the
// time and memory, so it is built only for texts that this file does not understand, and for messages: see read-yaml.ts.

import { YAMLParseError } from 'yaml'
import { emptyRecord, isMap } from '../../core/data.ts'
import { Unusual } from './scalars.ts'
import { type Scalar, Scanner } from './scanner.ts'
import { hasOpenParenthesis } from './split-values.ts'
import { scalarValue } from './to-data.ts'

/** @returns undefined if the text has more than maps, lists and scalars, or if there is any problem to report */
export function readValues(text: string, maximumDepth: number): unknown {
  try {
    return new ValueReader(text, maximumDepth).read()
  } catch (error) {
    if (error instanceof Unusual || error instanceof YAMLParseError) return undefined
    throw error
  }
}

type ScalarText = Pick<Scalar, 'text' | 'isPlain'>

const nothing: ScalarText = { text: '', isPlain: true }

class ValueReader {
  readonly #scanner: Scanner
  readonly #maximumDepth: number
  readonly #path: (string | number)[] = []

  constructor(text: string, maximumDepth: number) {
    this.#scanner = new Scanner(text)
    this.#maximumDepth = maximumDepth
  }

  read(): unknown {
    const scanner = this.#scanner
    scanner.skip()
    scanner.skipDocumentStart()
    scanner.skip()
    const root = scanner.is('{') ? this.#inBrackets(-1) : this.#block(-1)
    scanner.skip()
    if (!scanner.isAtEnd() || !isMap(root)) throw new Unusual()
    return root
  }

  /** Reads a value that starts on a line of its own or after `-`, further right than the map or list around it. */
  #block(around: number): unknown {
    const scanner = this.#scanner
    const { column } = scanner
    if (!scanner.isFirst || column <= around) throw new Unusual()
    if (scanner.isDash()) return this.#list(column)
    if (!scanner.startsScalar()) return this.#value(around)
    const { isBehindComment } = scanner
    const scalar = scanner.scalar(around)
    if (scanner.isColon()) return this.#map(column, scanner.keyOf(scalar))
    if (isBehindComment) throw new Unusual()
    this.#endLine()
    return this.#convert(scalar)
  }

  #map(column: number, firstKey: string): unknown {
    const map = emptyRecord<unknown>()
    let key = firstKey
    for (;;) {
      this.#scanner.pass()
      this.#enter(key, map)
      map[key] = this.#valueOfEntry(column)
      this.#path.pop()
      if (!this.#isAt(column)) return map
      key = this.#key()
    }
  }

  /** Reads a key, after which the scanner is at the colon. */
  #key(): string {
    const scanner = this.#scanner
    const key = scanner.startsScalar() ? scanner.scalar(-1) : undefined
    if (!key || !scanner.isColon()) throw new Unusual()
    return scanner.keyOf(key)
  }

  #valueOfEntry(column: number): unknown {
    const scanner = this.#scanner
    scanner.skip()
    if (!scanner.isFirst && !scanner.isAtEnd()) return this.#value(column)
    if (scanner.isDash() && scanner.column === column) return this.#list(column)
    return this.#blockOrNothing(column)
  }

  #blockOrNothing(around: number): unknown {
    const isNothing = this.#scanner.isAtEnd() || this.#scanner.column <= around
    return isNothing ? this.#convert(nothing) : this.#block(around)
  }

  #list(column: number): unknown {
    const list: unknown[] = []
    while (this.#isAt(column) && this.#scanner.isDash()) {
      this.#scanner.passDash()
      this.#scanner.skip()
      this.#enter(list.length)
      list.push(this.#blockOrNothing(column))
      this.#path.pop()
    }
    return list
  }

  #value(around: number): unknown {
    const value = this.#mapListOrScalar(around)
    this.#endLine()
    return value
  }

  #mapListOrScalar(around: number): unknown {
    const scanner = this.#scanner
    if (scanner.is('|') || scanner.is('>')) return this.#convert({ text: scanner.block(around), isPlain: false })
    const isInBrackets = scanner.is('{') || scanner.is('[')
    return isInBrackets ? this.#inBrackets(around) : this.#convert(scanner.scalar(around))
  }

  #inBrackets(around: number): unknown {
    this.#scanner.enterBrackets(around)
    return this.#inline()
  }

  #inline(): unknown {
    if (this.#scanner.is('{')) return this.#mapInBraces()
    if (this.#scanner.is('[')) return this.#listInBrackets()
    return this.#convert(this.#scanner.scalarInBrackets())
  }

  #mapInBraces(): unknown {
    const scanner = this.#scanner
    const map = emptyRecord<unknown>()
    for (scanner.open(); !scanner.is('}'); scanner.passComma('}')) {
      const scalar = scanner.scalarInBrackets()
      if (!scanner.isColonInBrackets(scalar)) throw new Unusual()
      const key = scanner.keyOf(scalar)
      scanner.pass()
      this.#enter(key, map)
      scanner.skip()
      map[key] = scanner.is(',') || scanner.is('}') ? this.#convert(nothing) : this.#inline()
      this.#path.pop()
    }
    scanner.close()
    return map
  }

  #listInBrackets(): unknown {
    const scanner = this.#scanner
    const list: unknown[] = []
    for (scanner.open(); !scanner.is(']'); scanner.passComma(']')) {
      const last = list.at(-1)
      if (typeof last === 'string' && hasOpenParenthesis(last)) throw new Unusual()
      this.#enter(list.length)
      list.push(this.#inline())
      this.#path.pop()
    }
    scanner.close()
    return list
  }

  /** Goes to the next line that is not empty. Only a comment may follow a value on its line. */
  #endLine(): void {
    this.#scanner.skip()
    if (!this.#scanner.isFirst && !this.#scanner.isAtEnd()) throw new Unusual()
  }

  /** Whether the scanner is at the start of a line, at this column. Text further right is unusual. */
  #isAt(column: number): boolean {
    if (this.#scanner.isAtEnd() || this.#scanner.column < column) return false
    if (this.#scanner.column > column) throw new Unusual()
    return true
  }

  #enter(step: string | number, map?: Readonly<Record<string, unknown>>): void {
    if (this.#path.length >= this.#maximumDepth || (map && step in map)) throw new Unusual()
    this.#path.push(step)
  }

  #convert({ text, isPlain }: ScalarText): unknown {
    return scalarValue(text, isPlain, this.#path, () => {
      throw new Unusual()
    })
  }
}
