// Finds the texts that messages must not show, since references of the manifest resolve to them.

import type { ResolvedReference } from '../../core/redaction.ts'
import { reservedWords } from '../../core/reserved-words.ts'

/** A reference in a text of the manifest. */
export interface FoundReference {
  readonly reference: string
  readonly value: string
  /** Whether the text is SQL, of which servers quote single words. */
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
 * A value that the manifest itself contains is not confidential, and hiding it would garble messages that name a table, for
 * example.
 * @param written the manifest with its references
 */
export function hiddenReferences(written: unknown, found: readonly FoundReference[]): readonly ResolvedReference[] {
  if (found.length === 0) return []
  const candidates = found.map(({ reference: shown, value, isInSql }) => {
    const words = isInSql ? wordsOf(value).filter((word) => !isCommon(word)) : []
    return { reference: shown, texts: [...new Set([value, ...words])].filter((text) => text !== '') }
  })
  const unknown = new Set(candidates.flatMap(({ texts }) => texts.map((text) => text.toLowerCase())))
  removeKnown(written, unknown)
  return candidates
    .map(({ reference: shown, texts }) => ({
      reference: shown,
      texts: texts.filter((text) => unknown.has(text.toLowerCase())),
    }))
    .filter(({ texts }) => texts.length > 0)
}

function isCommon(word: string): boolean {
  return word.length < 3 || reservedWords.has(word.toLowerCase())
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}_]+/gu) ?? []
}

/** Removes values that the manifest contains as a key, a text, a part between blanks and punctuation, or a word. */
function removeKnown(value: unknown, unknown: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) removeKnown(item, unknown)
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      removeKnownIn(key, unknown)
      removeKnown(item, unknown)
    }
  } else if (value !== null && value !== undefined) removeKnownIn(String(value), unknown)
}

function removeKnownIn(text: string, unknown: Set<string>): void {
  const own = text.replace(reference, ' ').toLowerCase()
  // Only places where a word may be are searched: a manifest can have millions of words.
  if (![...unknown].some((each) => own.includes(each))) return
  for (const each of [own.trim(), ...own.split(/[^\p{L}\p{N}_.-]+/u), ...wordsOf(own)]) unknown.delete(each)
}
