// Values that YAML ends elsewhere than their author meant: `{ type: numeric(12,2) }` has the keys "type" and "2)", and
// `{ password:x }` has the key "password:x".

import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLParseError, type YAMLSeq } from 'yaml'
import type { Problem } from '../../core/errors.ts'
import { placeAt, type Source, startOf, textOf } from './source-map.ts'

const hint = 'If this is part of a value, quote the whole value: "…".'

/**
 * A map or a list in brackets in which a value ends early, or a key has none. The problem does not quote what is found: it may be
 * part of a secret.
 */
export function splitValue(source: Source, node: Node): Problem | undefined {
  const found = isMap(node) ? keyWithoutValue(node) : isSeq(node) ? restInList(node) : undefined
  if (!found) return undefined
  return { code: 'yaml/syntax', hint, ...found, place: placeAt(source, startOf(found.node) ?? 0) }
}

interface Split extends Pick<Problem, 'message'> {
  readonly node: Node
  readonly hint?: string
}

/** The first key without a value that follows a value, or that contains one. */
function keyWithoutValue({ flow, items }: YAMLMap): Split | undefined {
  if (!flow) return undefined
  for (const [index, { key, value }] of items.entries()) {
    if (value !== null || !isScalar(key)) continue
    const before = items[index - 1]?.value
    if (isPlain(key) && /^[\w-]+[:=][^\s:=]+$/.test(textOf(key))) return { node: key, ...withoutBlank }
    if (isPlain(before)) return { node: key, message: 'a comma ends a value in { } that is not quoted' }
    if (isScalar(before)) return { node: key, message: 'a key in { } has no value' }
  }
  return undefined
}

const withoutBlank = {
  message: 'a key in { } has no value',
  hint: `Write a colon and a blank between a key and its value: { key: value }. ${hint}`,
}

/** The item after one with an open parenthesis. */
function restInList({ flow, items }: YAMLSeq): Split | undefined {
  if (!flow) return undefined
  const rest = items.find((_, index) => {
    const before = items[index - 1]
    return isPlain(before) && hasOpenParenthesis(textOf(before))
  })
  return isScalar(rest) ? { node: rest, message: 'a comma ends a value in [ ] that is not quoted' } : undefined
}

function isPlain(value: unknown): value is Scalar {
  return isScalar(value) && value.type === 'PLAIN' && textOf(value) !== ''
}

export function hasOpenParenthesis(text: string): boolean {
  return text.split('(').length > text.split(')').length
}

/** A syntax error at which a value that is not quoted may have ended. */
export function splitBySyntax({ code, message }: YAMLParseError): Pick<Problem, 'message' | 'hint'> | undefined {
  if (code === 'UNEXPECTED_TOKEN' && message.includes('at node end'))
    return { message: 'unexpected text after a value', hint }
  return mayBePartOfValue.has(code) ? { message, hint } : undefined
}

const mayBePartOfValue: ReadonlySet<string> = new Set([
  'BAD_ALIAS',
  'BAD_SCALAR_START',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'MISSING_CHAR',
])
