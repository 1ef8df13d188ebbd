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
} from 'yaml'
import { FdwsyncError, type Problem } from '../../core/errors.ts'
import { findSecrets } from './mask-secrets.ts'
import { placeAt, type Source, startOf, textOf } from './source-map.ts'

const maximumBytes = 10 * 1024 * 1024
const maximumDepth = 64

export interface YamlManifest {
  readonly source: Source
  readonly root: Node
}

/**
 * Reads YAML text into nodes that know where they stand.
 * @throws FdwsyncError with every independent problem: not UTF-8, too large, too deep, syntax, duplicate keys, tags,
 * aliases (a manifest is read by people: what it says stands where it is said), several documents, nothing at all.
 */
export function readYaml(file: string, bytes: Uint8Array): YamlManifest {
  const text = decode(file, bytes)
  refuseDeepNesting(file, text)
  const { source, documents } = parse(file, text)
  const [document, second] = documents
  const problems = (document?.errors ?? []).map(
    (error): Problem => ({
      code: 'yaml/syntax',
      message: withoutSource(error.message),
      place: placeAt(source, error.pos[0]),
    }),
  )
  if (second) {
    problems.push({
      code: 'yaml/unsupported',
      message: 'a manifest is one YAML document',
      place: placeAt(source, startOf(second.contents) ?? 0),
      hint: 'Put the second one into a file of its own.',
    })
  }
  if (problems.length > 0) throw new FdwsyncError(problems)
  const root = document?.contents
  if (!document || !isMap(root)) {
    throw new FdwsyncError({
      code: 'manifest/invalid-value',
      message: root ? 'a manifest is a map: it begins with "version: 1"' : 'the manifest is empty',
      place: placeAt(source, startOf(root) ?? 0),
      hint: 'See the examples for how one looks.',
    })
  }
  const found = unsupportedSyntax(source, document)
  if (found.length > 0) throw new FdwsyncError(found)
  return { source, root }
}

function decode(file: string, bytes: Uint8Array): string {
  if (bytes.byteLength > maximumBytes)
    throw new FdwsyncError({ code: 'manifest/unreadable', message: `${file}: the manifest is larger than 10 MB` })
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
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    // By value 0777 and 777 are equal, and "1" and 1 are not; by name, which is what counts, it is the other way round.
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  })
  const documents = Array.isArray(parsed) ? parsed : []
  // The parser recurses, and tells an exhausted stack as an error of the text.
  const exhausted = documents.flatMap(({ errors }) => errors).find(({ message }) => message.includes('call stack'))
  if (exhausted) throw tooDeep(file, text, exhausted.pos[0])
  const secretRanges = documents.flatMap(({ contents }) => findSecrets(text, contents))
  const hasSyntaxErrors = documents.some(({ errors }) => errors.length > 0)
  return { source: { file, text, lines, secretRanges, hasSyntaxErrors }, documents }
}

/** What the parser quotes of the text might be of a secret; the line below shows the place. */
function withoutSource(message: string): string {
  const [first = message] = message.split(' at line ')[0]?.split('\n') ?? []
  return first.replace(/(?<=\S): .*|(?<=escape sequence) .*/s, '')
}

// So deep that the parser would take all memory before it gives up. Brackets are counted wherever they stand, in quotes
// too, so that only an absurd number of them means anything.
function refuseDeepNesting(file: string, text: string): void {
  const limit = 10_000
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '[' || character === '{') depth++
    if (character === ']' || character === '}') depth = Math.max(0, depth - 1)
    if (depth > limit) throw tooDeep(file, text, at)
  }
  const indicators = /^(?: *[-?] ){10000}/m.exec(text)
  if (indicators) throw tooDeep(file, text, indicators.index)
}

function tooDeep(file: string, text: string, offset: number): FdwsyncError {
  const before = text.slice(0, offset).split('\n')
  return new FdwsyncError({
    code: 'yaml/unsupported',
    message: 'nested too deeply',
    place: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, excerpt: '' },
    hint: `At most ${maximumDepth} levels.`,
  })
}

function unsupportedSyntax(source: Source, document: Document): readonly Problem[] {
  const problems: Problem[] = []
  const note = (node: Node | null | undefined, message: string, hint: string) =>
    problems.push({ code: 'yaml/unsupported', message, hint, place: placeAt(source, startOf(node) ?? 0) })
  visit(document, {
    Node(_key, node, ancestors) {
      if (ancestors.filter((ancestor) => isNode(ancestor)).length > maximumDepth) {
        note(node, 'nested too deeply', `At most ${maximumDepth} levels.`)
        return visit.BREAK
      }
      // Neither is told by name: a password without quotes may begin with these characters.
      if (isAlias(node)) note(node, 'an alias (*) is not supported', 'Write out what it stands for, or quote the text.')
      else if (node.anchor) note(node, 'an anchor (&) is not supported', 'Remove it, or quote the text.')
      else if (node.tag) note(node, 'a tag (!) is not supported', 'Remove it, or quote the text.')
      if (isMap(node)) problems.push(...duplicates(source, node))
      return undefined
    },
    Pair(_key, pair) {
      const { key } = pair
      if (isScalar(key) && key.value !== null) return undefined
      note(isNode(key) ? key : undefined, 'a key must be a name', 'Quote it if it is one.')
      return undefined
    },
  })
  return problems
}

function duplicates(source: Source, { items }: YAMLMap): readonly Problem[] {
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
        message: `the key "${name}" stands twice, here and in line ${line}`,
        place: placeAt(source, startOf(key) ?? 0),
      },
    ]
  })
}
