// Reads the YAML that manifests usually consist of into values, without tokens or nodes. A document of nodes takes twenty times the
// time and memory, so it is built only for texts that this file does not understand, and for messages: see read-yaml.ts.

import { YAMLParseError } from 'yaml'
import { emptyRecord, isMap } from '../../core/data.ts'
import { Unusual } from './scalars.ts'
import {
  closeBracket,
  columnOf,
  enterBrackets,
  isAt,
  isAtColon,
  isAtColonInBrackets,
  isAtDash,
  isAtEnd,
  isAtScalar,
  keyOf,
  openBracket,
  pass,
  passComma,
  passDash,
  readBlock,
  readScalar,
  readScalarInBrackets,
  type Scalar,
  type Scanner,
  scan,
  skip,
  skipDocumentStart,
} from './scanner.ts'
import { hasOpenParenthesis } from './split-values.ts'
import { scalarValue } from './to-data.ts'

/** @returns undefined if the text has more than maps, lists and scalars, or if there is any problem to report */
export function readValues(text: string, maximumDepth: number): unknown {
  try {
    return readRoot({ ...scan(text), path: [], maximumDepth })
  } catch (error) {
    if (error instanceof Unusual || error instanceof YAMLParseError) return undefined
    throw error
  }
}

interface Reader extends Scanner {
  /** Where the value that is being read is. */
  readonly path: (string | number)[]
  readonly maximumDepth: number
}

type ScalarText = Pick<Scalar, 'text' | 'isPlain'>

const nothing: ScalarText = { text: '', isPlain: true }

function readRoot(reader: Reader): unknown {
  skip(reader)
  skipDocumentStart(reader)
  skip(reader)
  const root = isAt(reader, '{') ? inBrackets(reader, -1) : onOwnLine(reader, -1)
  skip(reader)
  if (!isAtEnd(reader) || !isMap(root)) throw new Unusual()
  return root
}

/** Reads a value that starts on a line of its own or after `-`, further right than the map or list around it. */
function onOwnLine(reader: Reader, around: number): unknown {
  const column = columnOf(reader)
  if (!reader.isFirst || column <= around) throw new Unusual()
  if (isAtDash(reader)) return list(reader, column)
  if (!isAtScalar(reader)) return onLineOfKey(reader, around)
  const { isBehindComment } = reader
  const scalar = readScalar(reader, around)
  if (isAtColon(reader)) return map(reader, column, keyOf(scalar))
  if (isBehindComment) throw new Unusual()
  endLine(reader)
  return convert(reader, scalar)
}

function map(reader: Reader, column: number, firstKey: string): unknown {
  const values = emptyRecord<unknown>()
  let key = firstKey
  for (;;) {
    pass(reader)
    enter(reader, key, values)
    values[key] = valueOfEntry(reader, column)
    reader.path.pop()
    if (!isNextAt(reader, column)) return values
    key = readKey(reader)
  }
}

/** Reads a key, after which the scanner is at the colon. */
function readKey(reader: Reader): string {
  const key = isAtScalar(reader) ? readScalar(reader, -1) : undefined
  if (!key || !isAtColon(reader)) throw new Unusual()
  return keyOf(key)
}

function valueOfEntry(reader: Reader, column: number): unknown {
  skip(reader)
  if (!reader.isFirst && !isAtEnd(reader)) return onLineOfKey(reader, column)
  if (isAtDash(reader) && columnOf(reader) === column) return list(reader, column)
  return onOwnLineOrNothing(reader, column)
}

function onOwnLineOrNothing(reader: Reader, around: number): unknown {
  const isNothing = isAtEnd(reader) || columnOf(reader) <= around
  return isNothing ? convert(reader, nothing) : onOwnLine(reader, around)
}

function list(reader: Reader, column: number): unknown {
  const values: unknown[] = []
  while (isNextAt(reader, column) && isAtDash(reader)) {
    passDash(reader)
    skip(reader)
    enter(reader, values.length)
    values.push(onOwnLineOrNothing(reader, column))
    reader.path.pop()
  }
  return values
}

/** Reads a value that a key may precede on its line. */
function onLineOfKey(reader: Reader, around: number): unknown {
  const value = inBracketsOrScalar(reader, around)
  endLine(reader)
  return value
}

function inBracketsOrScalar(reader: Reader, around: number): unknown {
  if (isAt(reader, '|') || isAt(reader, '>'))
    return convert(reader, { text: readBlock(reader, around), isPlain: false })
  const isInBrackets = isAt(reader, '{') || isAt(reader, '[')
  return isInBrackets ? inBrackets(reader, around) : convert(reader, readScalar(reader, around))
}

function inBrackets(reader: Reader, around: number): unknown {
  enterBrackets(reader, around)
  return valueInBrackets(reader)
}

function valueInBrackets(reader: Reader): unknown {
  if (isAt(reader, '{')) return mapInBraces(reader)
  if (isAt(reader, '[')) return listInBrackets(reader)
  return convert(reader, readScalarInBrackets(reader))
}

function mapInBraces(reader: Reader): unknown {
  const values = emptyRecord<unknown>()
  for (openBracket(reader); !isAt(reader, '}'); passComma(reader, '}')) {
    const scalar = readScalarInBrackets(reader)
    if (!isAtColonInBrackets(reader, scalar)) throw new Unusual()
    const key = keyOf(scalar)
    pass(reader)
    enter(reader, key, values)
    skip(reader)
    values[key] = isAt(reader, ',') || isAt(reader, '}') ? convert(reader, nothing) : valueInBrackets(reader)
    reader.path.pop()
  }
  closeBracket(reader)
  return values
}

function listInBrackets(reader: Reader): unknown {
  const values: unknown[] = []
  for (openBracket(reader); !isAt(reader, ']'); passComma(reader, ']')) {
    const last = values.at(-1)
    if (typeof last === 'string' && hasOpenParenthesis(last)) throw new Unusual()
    enter(reader, values.length)
    values.push(valueInBrackets(reader))
    reader.path.pop()
  }
  closeBracket(reader)
  return values
}

/** Goes to the next line that is not empty. Only a comment may follow a value on its line. */
function endLine(reader: Reader): void {
  skip(reader)
  if (!reader.isFirst && !isAtEnd(reader)) throw new Unusual()
}

/** Whether the next line starts at this column. Text further right is unusual. */
function isNextAt(reader: Reader, column: number): boolean {
  if (isAtEnd(reader) || columnOf(reader) < column) return false
  if (columnOf(reader) > column) throw new Unusual()
  return true
}

function enter({ path, maximumDepth }: Reader, step: string | number, map?: Readonly<Record<string, unknown>>): void {
  if (path.length >= maximumDepth || (map && step in map)) throw new Unusual()
  path.push(step)
}

function convert({ path }: Reader, { text, isPlain }: ScalarText): unknown {
  return scalarValue(text, isPlain, path, () => {
    throw new Unusual()
  })
}
