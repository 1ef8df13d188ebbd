// Reads YAML into values, and into nodes with positions where they are needed. Refuses features that a manifest may not use.

import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import { FdwsyncError, type Problem } from '../../core/errors.ts'
import type { PathProblem } from '../checks/path-problem.ts'
import { findSecrets } from './mask-secrets.ts'
import { readValues } from './read-values.ts'
import { placeAt, type Source, startOf, textOf } from './source-map.ts'
import { splitBySyntax, splitValue } from './split-values.ts'
import { toData } from './to-data.ts'

const maximumBytes = 10 * 1024 * 1024
const maximumDepth = 64
const depthHint = `A manifest has at most ${maximumDepth} levels. A bracket that is not closed can be the cause.`

/** The nodes of a manifest. */
export interface YamlDocument {
  readonly source: Source
  readonly root: Node
}

export interface YamlManifest {
  readonly data: unknown
  readonly problems: readonly PathProblem[]
  /** The document, for places in the text. For a large manifest, building it takes seconds. */
  document(): YamlDocument
}

/**
 * Aliases are refused so that a reviewer sees every value where it applies.
 * @throws FdwsyncError with the first problem of the text: not UTF-8, too large, too deep, a syntax error, several documents,
 * empty; or with every duplicate key, tag, anchor and alias
 */
export function readYaml(file: string, bytes: Uint8Array): YamlManifest {
  const text = decode(file, bytes)
  refuseDeepNesting(file, text)
  let known: YamlDocument | undefined
  const document = () => {
    known ??= readDocument(file, text)
    return known
  }
  const data = readValues(text, maximumDepth)
  // The values cannot express null, which has a meaning in an overlay. Overlays are small.
  const isUnusual = data === undefined || isOverlay(data)
  return isUnusual ? { ...toData(document().root), document } : { data, problems: [], document }
}

/** Whether a manifest has `overlay: true`. */
export function isOverlay(data: unknown): boolean {
  return typeof data === 'object' && data !== null && Reflect.get(data, 'overlay') === true
}

/** @throws FdwsyncError as {@link readYaml} */
export function readDocument(file: string, text: string): YamlDocument {
  const { source, documents } = parse(file, text)
  const [document, second] = documents
  // The parser goes on after an error, but most of what it then reports is caused by that error.
  const error = firstError(documents)
  if (error) throw new FdwsyncError(syntaxProblem(source, error))
  if (second) {
    throw new FdwsyncError({
      code: 'yaml/unsupported',
      message: 'a manifest must be a single YAML document',
      place: placeAt(source, startOf(second.contents) ?? 0),
      hint: 'Move the second document to a file of its own.',
    })
  }
  const root = document?.contents
  if (!document || !isMap(root)) {
    throw new FdwsyncError({
      code: 'manifest/invalid-value',
      message: root ? 'a manifest must be a map that starts with "version: 1"' : 'the manifest is empty',
      place: placeAt(source, startOf(root) ?? 0),
      hint: 'fdwsync init writes a first one.',
    })
  }
  const found = unsupportedSyntax(source, document)
  if (found.length > 0) throw new FdwsyncError(found)
  return { source, root }
}

function decode(file: string, bytes: Uint8Array): string {
  if (bytes.byteLength > maximumBytes)
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `${file}: the manifest is larger than 10 MB`,
      hint: 'Split it into several files of one folder, and name the folder with -f.',
    })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `${file}: the manifest is not UTF-8`,
      hint: 'Save it as UTF-8.',
    })
  }
}

function parse(
  file: string,
  text: string,
): { readonly source: Source; readonly documents: readonly Document.Parsed[] } {
  const lines = new LineCounter()
  const documents = parseAll(text, lines)
  if (typeof documents === 'number') throw nestingError(file, text, documents)
  const secretRanges = documents.flatMap(({ contents }) => findSecrets(text, contents))
  const hasSyntaxErrors = documents.some(({ errors }) => errors.length > 0)
  return { source: { file, text, lines, secretRanges, hasSyntaxErrors }, documents }
}

/** Returns the offset at which the parser, which recurses, overflowed the stack. */
function parseAll(text: string, lineCounter: LineCounter): readonly Document.Parsed[] | number {
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter,
      version: '1.2',
      // The parser compares keys by value: 0777 equals 777, and "1" differs from 1. Names are text: see duplicateKeys.
      uniqueKeys: false,
      strict: true,
      logLevel: 'silent',
    })
    const documents = Array.isArray(parsed) ? parsed : []
    // It reports some overflows as syntax errors.
    const overflow = documents.flatMap(({ errors }) => errors).find(({ message }) => message.includes('call stack'))
    return overflow?.pos[0] ?? documents
  } catch (error) {
    if (error instanceof RangeError) return 0
    throw error
  }
}

function syntaxProblem(source: Source, error: YAMLParseError): Problem {
  const { message, pos } = error
  const [at] = pos
  if (source.text.startsWith('${', at - 1)) {
    return {
      code: 'yaml/syntax',
      message: 'a reference inside { } or [ ] must be quoted',
      place: placeAt(source, at - 1),
      hint: 'Write the value in double quotes, as in "${env:NAME}".',
    }
  }
  const split = splitBySyntax(error)
  return {
    code: 'yaml/syntax',
    ...split,
    message: withoutQuotes(split?.message ?? message),
    place: placeAt(source, at),
  }
}

/** Removes what the parser quotes, which may be part of a secret. */
function withoutQuotes(message: string): string {
  const [first = message] = message.split(' at line ')[0]?.split('\n') ?? []
  return first.replace(/(?<=\S): .*|(?<=escape sequence) .*/s, '')
}

/**
 * Refuses text that is nested so deeply that the parser would run out of memory. Brackets in quotes count as well, so the limit is
 * far above any real depth.
 */
function refuseDeepNesting(file: string, text: string): void {
  const tooMany = deepBracket(text, 10_000)
  if (tooMany !== undefined) throw nestingError(file, text, tooMany)
  const indicators = /^(?: *[-?] ){10000}/m.exec(text)
  if (indicators) throw tooDeep(file, text, indicators.index)
}

/** The offset of the first bracket within more than `limit` others. */
function deepBracket(text: string, limit: number): number | undefined {
  let depth = 0
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > limit) return index
  }
  return undefined
}

/** After a bracket that nothing closes, all that follows seems to be nested. So the first error before the depth is too large counts. */
function nestingError(file: string, text: string, offset: number): FdwsyncError {
  const at = deepBracket(text, maximumDepth)
  if (at === undefined) return tooDeep(file, text, offset)
  // An error at the end is that of the cut.
  const end = text.lastIndexOf('\n', at)
  const { source, documents } = parse(file, text.slice(0, at))
  const error = firstError(documents)
  return error && error.pos[0] < end ? new FdwsyncError(syntaxProblem(source, error)) : tooDeep(file, text, at)
}

function firstError([document]: readonly Document.Parsed[]): YAMLParseError | undefined {
  return document?.errors.toSorted((left, right) => left.pos[0] - right.pos[0])[0]
}

function tooDeep(file: string, text: string, offset: number): FdwsyncError {
  const before = text.slice(0, offset).split('\n')
  return new FdwsyncError({
    code: 'yaml/unsupported',
    message: 'nested too deeply',
    place: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, excerpt: '' },
    hint: depthHint,
  })
}

function unsupportedSyntax(source: Source, document: Document): readonly Problem[] {
  const problems: Problem[] = []
  const note = (node: Node | null | undefined, message: string, hint: string) =>
    problems.push({ code: 'yaml/unsupported', message, hint, place: placeAt(source, startOf(node) ?? 0) })
  visit(document, {
    Node(_key, node, ancestors) {
      if (ancestors.filter((ancestor) => isNode(ancestor)).length > maximumDepth) {
        note(node, 'nested too deeply', depthHint)
        return visit.BREAK
      }
      // The messages do not name the alias, anchor or tag: it may be the start of an unquoted password.
      if (isAlias(node)) note(node, 'aliases (*) are not supported', 'Repeat the value, or quote the text.')
      else if (node.anchor) note(node, 'anchors (&) are not supported', 'Remove it, or quote the text.')
      else if (node.tag) note(node, 'tags (!) are not supported', 'Remove it, or quote the text.')
      const split = splitValue(source, node)
      if (split) problems.push(split)
      else if (isMap(node)) problems.push(...duplicateKeys(source, node))
      return undefined
    },
    Pair(_key, pair) {
      const { key } = pair
      if (isScalar(key) && key.value !== null) return undefined
      note(isNode(key) ? key : undefined, 'a key must be a name', 'Quote it if it is a name.')
      return undefined
    },
  })
  return problems
}

function duplicateKeys(source: Source, { items }: YAMLMap): readonly Problem[] {
  const first = new Map<string, Node>()
  return items.flatMap(({ key }): readonly Problem[] => {
    if (!isScalar(key)) return []
    const name = textOf(key)
    const other = first.get(name)
    if (!other) {
      first.set(name, key)
      return []
    }
    const { line } = placeAt(source, startOf(other) ?? 0)
    return [
      {
        code: 'manifest/duplicate-key',
        message: `duplicate key "${name}"; the first is on line ${line}`,
        place: placeAt(source, startOf(key) ?? 0),
      },
    ]
  })
}
