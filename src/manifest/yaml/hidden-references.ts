// Which texts messages must not show, since references of the manifest resolve to them.

import type { ResolvedReference } from '../../core/redaction.ts'
import { reservedWords } from '../../core/reserved-words.ts'

/** A reference in a text of the manifest. */
export interface FoundReference {
  readonly reference: string
  readonly value: string
  /** Whether the text is SQL. Of that, servers quote single words. */
  readonly isInSql: boolean
}

/** Words with references in them: `shop_${env:STAGE}`. */
const wordsWithReferences = /(?<![\p{L}\p{N}_])[\p{L}\p{N}_]*(?:\$\{[^}$]*\}[\p{L}\p{N}_]*)+/gu
const reference = /\$\{[^}$]*\}/g

/** @param values what the references in the text resolve to */
export function foundReferences(
  text: string,
  values: ReadonlyMap<string, string>,
  isInSql: boolean,
): readonly FoundReference[] {
  return (text.match(wordsWithReferences) ?? []).flatMap((word) => {
    const value = word.replace(reference, (each) => values.get(each) ?? each)
    return value === word ? [] : [{ reference: word, value, isInSql }]
  })
}

/**
 * What the manifest itself contains is no secret of the machine, and messages that name a table of it would be garbled.
 * @param written the manifest with its references
 */
export function hiddenReferences(written: unknown, found: readonly FoundReference[]): readonly ResolvedReference[] {
  if (found.length === 0) return []
  const known = new Set<string>()
  addWords(written, known)
  return found.flatMap(({ reference: shown, value, isInSql }) => {
    const texts = [value, ...(isInSql ? wordsOf(value).filter((word) => !isCommon(word)) : [])]
    const unknown = texts.filter((text) => text !== '' && !known.has(text.toLowerCase()))
    return unknown.length === 0 ? [] : [{ reference: shown, texts: [...new Set(unknown)] }]
  })
}

function isCommon(word: string): boolean {
  return word.length < 3 || reservedWords.has(word.toLowerCase())
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}_]+/gu) ?? []
}

/** Adds each key and text as a whole, what blanks and signs separate, and each word. */
function addWords(value: unknown, known: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addWords(item, known)
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      addText(key, known)
      addWords(item, known)
    }
  } else if (value !== null && value !== undefined) addText(String(value), known)
}

function addText(text: string, known: Set<string>): void {
  const own = text.replace(reference, ' ').toLowerCase()
  for (const each of [own.trim(), ...own.split(/[^\p{L}\p{N}_.-]+/u), ...wordsOf(own)]) known.add(each)
}
