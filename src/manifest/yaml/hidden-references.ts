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

const referencePattern = /\$\{[^}]*\}/g

/**
 * What the manifest itself contains is no secret of the machine, and messages that name a table of it would be garbled.
 * @param written the manifest with its references
 */
export function hiddenReferences(written: unknown, found: readonly FoundReference[]): readonly ResolvedReference[] {
  if (found.length === 0) return []
  const known = new Set<string>()
  addWords(written, known)
  return found.flatMap(({ reference, value, isInSql }) => {
    const texts = [value, ...(isInSql ? wordsOf(value).filter((word) => !isCommon(word)) : [])]
    const unknown = texts.filter((text) => text !== '' && !known.has(text.toLowerCase()))
    return unknown.length === 0 ? [] : [{ reference, texts: [...new Set(unknown)] }]
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
  const own = text.replace(referencePattern, ' ').toLowerCase()
  for (const each of [own.trim(), ...own.split(/[^\p{L}\p{N}_.-]+/u), ...wordsOf(own)]) known.add(each)
}
