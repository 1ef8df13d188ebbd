// Values that YAML ends earlier than their author meant, because they are not quoted: `{ type: numeric(12,2) }` has the keys
// "type" and "2)".

import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLParseError, type YAMLSeq } from 'yaml'
import type { Problem } from '../../core/errors.ts'
import { placeAt, type Source, startOf, textOf } from './source-map.ts'

const hint = 'If this is part of a value, quote the whole value: "…".'

/** A map or a list in brackets in which a comma has ended a value. The problem does not quote it: it may be part of a secret. */
export function splitValue(source: Source, node: Node): Problem | undefined {
  const rest = isMap(node) ? restInMap(node) : isSeq(node) ? restInList(node) : undefined
  if (!rest) return undefined
  const message = `a comma ends a value in ${isMap(node) ? '{ }' : '[ ]'} that is not quoted`
  return { code: 'yaml/syntax', message, hint, place: placeAt(source, startOf(rest) ?? 0) }
}

/** The first key without a value that follows a plain value. */
function restInMap({ flow, items }: YAMLMap): Node | undefined {
  if (!flow) return undefined
  const at = items.findIndex(({ value }, index) => value === null && isPlain(items[index - 1]?.value))
  const key = items[at]?.key
  return isScalar(key) ? key : undefined
}

/** The item after one with an open parenthesis. */
function restInList({ flow, items }: YAMLSeq): Node | undefined {
  if (!flow) return undefined
  const rest = items.find((_, index) => {
    const before = items[index - 1]
    return isPlain(before) && hasOpenParenthesis(textOf(before))
  })
  return isScalar(rest) ? rest : undefined
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
