// Writes what happened into the text of an expect.yaml. Only the values that differ are replaced: the rest of the text,
// with its comments and its layout, stays as it is.

import { isDeepStrictEqual } from 'node:util'
import { isCollection, isMap, isSeq, parse, parseDocument, stringify } from 'yaml'
import { type Comparison, differs } from './run-case.ts'

export function updated(text: string, comparisons: readonly Comparison[]): string {
  // One after the other, since each moves what comes after it.
  return comparisons.filter((each) => each.key !== undefined && differs(each)).reduce(withValueOf, text)
}

function withValueOf(text: string, { key, what, found }: Comparison): string {
  const document = parseDocument(text)
  const path = key === 'catalog' ? ['catalog', placeOf(document.get('catalog'), what), 'rows'] : [key]
  const node = document.getIn(path, true)
  // Where no change was expected, there need not be a key.
  if (!isCollection(node) || !node.range) return `${key}:\n  ${block(found, '  ')}${text}`
  const [start, end] = node.range
  const indent = ' '.repeat(start - text.lastIndexOf('\n', start - 1) - 1)
  const result = text.slice(0, start) + (node.flow ? flow(found) : block(found, indent)) + text.slice(end)
  document.setIn(path, found)
  if (!isDeepStrictEqual(parse(result), document.toJS()))
    throw new Error(`change ${path.join('.')} by hand:\n${result}`)
  return result
}

/** Which query of `catalog` it is. */
function placeOf(catalog: unknown, query: string): number {
  const entries = isSeq(catalog) ? catalog.items : []
  return entries.findIndex((entry) => isMap(entry) && entry.get('query') === query)
}

function block(value: unknown, indent: string): string {
  const lines = Array.isArray(value)
    ? value.map((item) => `- ${flow(item)}`)
    : Object.entries(value ?? {}).flatMap(([key, part]) =>
        Array.isArray(part) ? [`${key}:`, ...part.map((item) => `  - ${flow(item)}`)] : [`${key}: ${flow(part)}`],
      )
  return `${lines.join(`\n${indent}`)}\n`
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, part]) => `${key}: ${flow(part)}`)
      .join(', ')} }`
  }
  const plain = stringify(value).trimEnd()
  return /^[\w.()*+ -]+$/.test(plain) ? plain : JSON.stringify(value)
}
