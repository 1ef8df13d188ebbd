// Removes from messages what they must not show: secrets, and the values of references. Servers quote such values in many
// spellings.

import { Secret, secretText } from './secret.ts'
import { secretsWithin } from './secret-options.ts'

/** A reference of a manifest, such as `${env:SHOP_HOST}`, and the texts that must not be shown since it resolves to them. */
export interface ResolvedReference {
  readonly reference: string
  readonly texts: readonly string[]
}

export type Hidden = Secret | ResolvedReference

/** Masks secrets in a text from elsewhere, such as a server's message, and puts references in place of their values. */
export function redact(text: string, hidden: Iterable<Hidden>): string {
  const shownFor = new Map<string, string>()
  const patterns: Pattern[] = []
  const references: string[] = []
  const ofSecrets: string[] = []
  let redacted = text
  for (const each of secretsFirst([...hidden])) {
    const isSecret = each instanceof Secret
    const shown = isSecret ? secretText : each.reference
    if (!isSecret && text.includes(each.reference)) references.push(each.reference)
    for (const spelling of isSecret ? spellingsOfSecret(each) : each.texts.flatMap(spellings)) {
      const folded = spelling.toLowerCase()
      if (isSecret) ofSecrets.push(folded)
      if (spelling.length > longestPattern) redacted = redacted.replaceAll(spelling, () => shown)
      else if (!shownFor.has(folded)) {
        shownFor.set(folded, shown)
        patterns.push({ spelling, pattern: isSecret ? escapePattern(spelling) : inMessage(spelling) })
      }
    }
  }
  if (patterns.length === 0) return redacted
  const kept = references.filter((reference) => !isAnyIn(reference, ofSecrets)).map(asPattern)
  for (const { spelling } of kept) shownFor.set(spelling.toLowerCase(), spelling)
  // The longest first: a value can be a part of another one. All at once: a reference can contain a value.
  patterns.sort(longestFirst)
  for (let start = 0; start < patterns.length; start += patternsAtOnce) {
    const some = [...patterns.slice(start, start + patternsAtOnce), ...kept].sort(longestFirst)
    redacted = redacted.replace(
      new RegExp(some.map(({ pattern }) => pattern).join('|'), 'giu'),
      (found) => shownFor.get(found.toLowerCase()) ?? secretText,
    )
  }
  return redacted
}

interface Pattern {
  readonly spelling: string
  readonly pattern: string
}

function longestFirst(left: Pattern, right: Pattern): number {
  return right.spelling.length - left.spelling.length
}

/** A reference with a default, `${env:PORT:-80}`, can contain its value. In a text that was redacted before, it stays as it is. */
function asPattern(reference: string): Pattern {
  return { spelling: reference, pattern: escapePattern(reference) }
}

/** A value that is a secret somewhere is masked everywhere. */
function secretsFirst(hidden: readonly Hidden[]): readonly Hidden[] {
  const isSecret = (each: Hidden) => each instanceof Secret
  return [...hidden.filter(isSecret), ...hidden.filter((each) => !isSecret(each))]
}

function isAnyIn(text: string, folded: readonly string[]): boolean {
  return folded.some((part) => text.toLowerCase().includes(part))
}

// A pattern cannot be as long as a file.
const longestPattern = 1000
const patternsAtOnce = 200

/** A whole value, such as the name of a manifest: the reference that it comes from, if it comes from one. */
export function withReference(value: string, references: readonly ResolvedReference[]): string {
  return references.find(({ texts }) => texts.includes(value))?.reference ?? redact(value, references)
}

/** Redacts the texts of a finding, a problem or a warning, but not its title. */
export function redactTexts<
  Finding extends { readonly message?: string; readonly reason?: string; readonly hint?: string },
>(finding: Finding, hidden: readonly Hidden[]): Finding {
  const { message, reason, hint } = finding
  return {
    ...finding,
    ...(message === undefined ? {} : { message: redact(message, hidden) }),
    ...(reason === undefined ? {} : { reason: redact(reason, hidden) }),
    ...(hint === undefined ? {} : { hint: redact(hint, hidden) }),
  }
}

/** A pattern of a value that is not a part of a longer word. */
export function wholeWord(value: string): string {
  const before = /^[\p{L}\p{N}_]/u.test(value) ? '(?<![\\p{L}\\p{N}_])' : ''
  const after = /[\p{L}\p{N}_]$/u.test(value) ? '(?![\\p{L}\\p{N}_])' : ''
  return `${before}${escapePattern(value)}${after}`
}

/**
 * A short word could be anything else too, such as the name of a role here, and one or two characters a part of anything. So those
 * are replaced only in quotes, in which servers put what they were given. Longer words and those with digits could be keys.
 */
function inMessage(value: string): string {
  const isOrdinary = value.length < shortest || /^[\p{L}_]{1,12}$/u.test(value)
  return isOrdinary ? `(?<=["'])${escapePattern(value)}(?=["'])` : wholeWord(value)
}

/** Masking a one-letter password would garble every message, and give the password away. */
const shortest = 3

function spellingsOfSecret(secret: Secret): readonly string[] {
  const value = secret.reveal()
  return [value, ...secretsWithin(value)].flatMap(spellings).filter((spelling) => spelling.length >= shortest)
}

/** PostgreSQL cuts names off after 63 bytes. */
const nameBytes = 63

/** How a value looks inside of quotes, a URL, JSON or a name. Case is ignored anyway. */
function spellings(value: string): readonly string[] {
  if (value === '') return []
  const escaped = value.replaceAll('\\', '\\\\')
  return [
    ...new Set([
      value,
      value.trim(),
      value.replaceAll("'", "''"),
      value.replaceAll('"', '""'),
      escaped,
      escaped.replaceAll("'", "''"),
      escaped.replaceAll("'", "\\'"),
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      encodeURIComponent(value).replaceAll('%20', '+'),
      decoded(value),
      Buffer.from(value)
        .subarray(0, nameBytes)
        .toString()
        .replace(/\uFFFD$/, ''),
    ]),
  ].filter((spelling) => spelling !== '')
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
