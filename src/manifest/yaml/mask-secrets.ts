// Masks secrets in the lines that error messages quote.

import { isMap, isNode, isPair, isScalar, isSeq, type Node, type Scalar, visit, type YAMLMap } from 'yaml'
import { secretText } from '../../core/secret.ts'
import { containsSecret, isSecretMappingOption, soundsSecret } from '../../core/secret-options.ts'
import { isOnlyReferences } from './replace-references.ts'

/** A part of the text that must not be shown. `end` is exclusive. */
export interface SecretRange {
  readonly start: number
  readonly end: number
}

/** Deeper than any valid manifest. Without a limit, the walk would overflow the stack before the depth is reported. */
const maximumDepth = 200

/**
 * Finds secrets in plain text: options of user mappings, except harmless ones, and options anywhere, since they may be in a wrong
 * place, that `secret_options` names, that sound like a secret, or whose values look like one. References are not secret.
 */
export function findSecrets(text: string, root: Node | null): readonly SecretRange[] {
  const mappings = entriesOf(entryOf(root, 'servers')).flatMap(({ value }) =>
    entriesOf(entryOf(value, 'user_mappings')),
  )
  const options = mappings.flatMap((mapping) =>
    isMap(mapping.value) ? entriesOf(mapping.value).filter(({ name }) => isSecretMappingOption(name)) : [mapping],
  )
  const ranges = [...options, ...suspicious(root, namedIn(root))].flatMap((entry) => rangeOf(text, entry))
  return ranges.sort((left, right) => left.start - right.start)
}

/** The options that `secret_options` names, of any object. */
function namedIn(root: Node | null): ReadonlySet<string> {
  const named = new Set<string>()
  if (!root) return named
  visit(root, {
    Pair(_key, { key, value }, ancestors) {
      if (isScalar(key) && key.value === 'secret_options' && isSeq(value)) {
        for (const item of value.items) if (isScalar(item)) named.add(String(item.source ?? item.value))
      }
      return ancestors.length > maximumDepth ? visit.SKIP : undefined
    },
  })
  return named
}

/** Entries that may be secrets. A column with the name of one is not: its value is a type. */
function suspicious(root: Node | null, named: ReadonlySet<string>): readonly Entry[] {
  const found: Entry[] = []
  if (!root) return found
  visit(root, {
    Map(_key, map, ancestors) {
      const parent = ancestors.at(-1)
      if (isPair(parent) && isScalar(parent.key) && parent.key.value === 'columns') return undefined
      const isSuspicious = ({ name, value }: Entry) =>
        value === null
          ? soundsSecret(name)
          : isScalar(value) &&
            (soundsSecret(name) || named.has(name) || containsSecret(String(value.source ?? value.value)))
      found.push(...entriesOf(map).filter(isSuspicious))
      return ancestors.length > maximumDepth ? visit.SKIP : undefined
    },
  })
  return found
}

/** Masks the secret ranges in a part of the text, which must be within one line. */
export function maskRanges(text: string, start: number, end: number, secretRanges: readonly SecretRange[]): string {
  let masked = ''
  let from = start
  for (const range of secretRanges) {
    if (range.end <= from || range.start >= end) continue
    const upTo = Math.max(range.start, from)
    const before = text.slice(from, upTo)
    // Keep the indentation of a multi-line secret, so that the quoted line looks right.
    const indent = upTo > range.start ? (/^ */.exec(text.slice(upTo, end))?.[0] ?? '') : ''
    masked += before + indent + secretText
    from = Math.min(range.end, end)
  }
  return masked + text.slice(from, end)
}

/**
 * The same for text that is not valid YAML. Where its values end is unknown, so more is masked than necessary: everything
 * after the first key of a line that is below `user_mappings`, and after a key that sounds like a secret or that
 * `secret_options` names; of a line that looks like it contains a secret, everything.
 */
export function maskUnparsed(text: string, start: number, end: number, secretRanges: readonly SecretRange[]): string {
  const line = text.slice(start, end)
  const shown = isBelowMappings(text, start, line)
    ? /^\s*(?:[\w"'-]+\s*:)?/.exec(line)
    : (/^.*?user_mappings["']?\s*:/.exec(line) ?? untilSecretKey(line, text) ?? (containsSecret(line) ? [''] : null))
  const touched = secretRanges.find((range) => range.end > start && range.start < end)
  const length = Math.min(
    shown ? shown[0].length : line.length,
    touched ? Math.max(touched.start - start, indentOf(line)) : line.length,
  )
  return line.slice(length).trim() === ''
    ? line
    : `${line.slice(0, length).trimEnd()} ${secretText}`.replace(/^ (?=\()/, '')
}

/** The part of a line up to the first key of a secret. */
function untilSecretKey(line: string, text: string): readonly [string] | undefined {
  const lists = text.matchAll(/secret_options["']?\s*:((?:\s*\[[^\]]*\]?)|(?:\s*-\s[^\n]*)+)/g)
  const named = new Set(Array.from(lists, ([, list = '']) => list.match(/[\w.-]+/g) ?? []).flat())
  for (const { 0: key, 1: name = '', index } of line.matchAll(/([\w.-]+)["']?\s*:/g)) {
    if (soundsSecret(name) || named.has(name)) return [line.slice(0, index + key.length)]
  }
  return undefined
}

function isBelowMappings(text: string, start: number, line: string): boolean {
  let indent = indentOf(line)
  for (const above of text.slice(0, start).split('\n').reverse()) {
    if (above.trim() === '' || indentOf(above) >= indent) continue
    if (above.includes('user_mappings')) return true
    indent = indentOf(above)
  }
  return false
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

interface Entry {
  readonly name: string
  readonly key: Scalar
  readonly value: Node | null
  /** The key that follows in the same braces, if it may be the rest of a value: it has no value, or no blank before it. */
  readonly rest: Node | undefined
}

function entryOf(node: Node | null, name: string): Node | null {
  return entriesOf(node).find((entry) => entry.name === name)?.value ?? null
}

function entriesOf(node: Node | null): readonly Entry[] {
  if (!isMap(node)) return []
  return node.items.flatMap(({ key, value }, at) =>
    isScalar(key)
      ? [{ name: String(key.source ?? key.value), key, value: isNode(value) ? value : null, rest: restAfter(node, at) }]
      : [],
  )
}

/** `{ password: a,b, user: c }` has the keys `password`, `b` and `user`. */
function restAfter({ flow, items }: YAMLMap, at: number): Node | undefined {
  const [value, next] = [items[at]?.value, items[at + 1]]
  if (!flow || !next || !isNode(next.key) || !isNode(value)) return undefined
  const isAdjacent = next.key.range?.[0] === (value.range?.[1] ?? 0) + 1
  return next.value === null || isAdjacent ? next.key : undefined
}

/**
 * Everything after the key: the parser's range omits a `!` or `&` at the start, which may be part of a password, and a comment
 * and the text after a comma, which may be the rest of one. A key without a value may contain it: `password:x`.
 */
function rangeOf(text: string, { key, value, rest }: Entry): readonly SecretRange[] {
  const [keyStart, keyEnd] = key.range ?? [0, 0]
  if (!value?.range) {
    const name = /^[^:=]*[:=]/.exec(text.slice(keyStart, keyEnd))?.[0] ?? ''
    return value === null ? [{ start: keyStart + name.length, end: keyEnd }] : []
  }
  if (isScalar(value) && isOnlyReferences(String(value.value))) return []
  const colon = /^\s*:\s*/.exec(text.slice(keyEnd, value.range[0]))?.[0].length
  const start = colon === undefined ? value.range[0] : keyEnd + colon
  const comment = /^[ \t]+#[^\n]*/.exec(text.slice(value.range[1]))?.[0].length ?? 0
  const end = Math.max(value.range[1] + comment, rest?.range?.[1] ?? 0)
  return end > start ? [{ start, end }] : []
}
