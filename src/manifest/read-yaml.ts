import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, type Node, parseAllDocuments, visit } from 'yaml'
import { FdwsyncError, type Problem } from '../core/errors.ts'
import { placeAt, type Source, startOf } from './source.ts'

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
  const lines = new LineCounter()
  const source: Source = { file, text, lines }
  refuseDepth(source)
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    uniqueKeys: true,
    strict: true,
    logLevel: 'silent',
  })
  const [document, second] = Array.isArray(documents) ? documents : []
  const problems = (document?.errors ?? []).map(
    (error): Problem => ({
      message: error.message.split(' at line ')[0]?.split('\n')[0] ?? error.message,
      place: placeAt(source, error.pos[0]),
    }),
  )
  if (second) {
    problems.push({
      message: 'a manifest is one YAML document',
      place: placeAt(source, startOf(second.contents) ?? 0),
      hint: 'Put the second one into a file of its own.',
    })
  }
  if (problems.length > 0) throw new FdwsyncError(problems)
  const root = document?.contents
  if (!document || !isMap(root)) {
    throw new FdwsyncError({
      message: root ? 'a manifest is a map: it begins with "version: 1"' : 'the manifest is empty',
      place: placeAt(source, startOf(root) ?? 0),
      hint: 'See the examples for how one looks.',
    })
  }
  const found = oddities(source, document)
  if (found.length > 0) throw new FdwsyncError(found)
  return { source, root }
}

function decode(file: string, bytes: Uint8Array): string {
  if (bytes.byteLength > maximumBytes) throw new FdwsyncError({ message: `${file}: the manifest is larger than 10 MB` })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FdwsyncError({ message: `${file}: the manifest is not UTF-8`, hint: 'Save it as UTF-8.' })
  }
}

// The parser recurses, so what is nested thousands deep must not reach it. Flow nesting shows in brackets, block nesting
// in indentation; both are counted roughly, and exactly once the text is parsed.
function refuseDepth(source: Source): void {
  let depth = 0
  for (let at = 0; at < source.text.length; at++) {
    const character = source.text[at]
    if (character === '[' || character === '{') depth++
    if (character === ']' || character === '}') depth = Math.max(0, depth - 1)
    if (depth > 1000) throw tooDeep(source, at)
  }
  const dashes = /^(?:[ ]*-[ ]){200,}/m.exec(source.text)
  if (dashes) throw tooDeep(source, dashes.index)
}

function tooDeep(source: Source, at: number): FdwsyncError {
  return new FdwsyncError({
    message: 'nested too deeply',
    place: placeAt(source, at),
    hint: `At most ${maximumDepth} levels.`,
  })
}

function oddities(source: Source, document: Document): readonly Problem[] {
  const problems: Problem[] = []
  const note = (node: Node | null | undefined, message: string, hint: string) =>
    problems.push({ message, hint, place: placeAt(source, startOf(node) ?? 0) })
  visit(document, {
    Node(_key, node, ancestors) {
      if (ancestors.filter((ancestor) => isNode(ancestor)).length > maximumDepth) {
        note(node, 'nested too deeply', `At most ${maximumDepth} levels.`)
        return visit.BREAK
      }
      if (isAlias(node)) note(node, `the alias *${node.source} is not supported`, 'Write out what it stands for.')
      else if (node.anchor) note(node, `the anchor &${node.anchor} is not supported`, 'Remove it.')
      else if (node.tag) note(node, `the tag ${node.tag} is not supported`, 'Remove it.')
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
