// Replaces the references in one text of a manifest by their values.

import { FdwsyncError, type Problem } from '../../core/errors.ts'
import { containsSecret } from '../../core/secret-options.ts'
import { missingVariable } from '../composition/variables.ts'
import type { References } from '../manifest.ts'

const pattern =
  /\$\$\{|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{file:([^}]+)\}|(\$\{var:[A-Za-z0-9_]+\})|\$\{[^}]*\}?/g
const onlyReferences = /^(?:\$\{env:[A-Za-z_][A-Za-z0-9_]*(?::-)?\}|\$\{file:[^}]+\})+$/

const tooLong: Problem = {
  code: 'manifest/invalid-value',
  message: 'the references resolve to more than 64 MB',
  hint: 'Refer to large files less often.',
}

export interface Replaced {
  /** The text with values in place of its references. */
  readonly text: string
  /** The values by reference. */
  readonly values: ReadonlyMap<string, string>
  /** How many characters all values have. */
  readonly length: number
  /** The problems with references that cannot be resolved. */
  readonly missing: readonly Problem[]
  /** The problems with text that only looks like a reference. */
  readonly unknown: readonly Problem[]
}

/** Whether a text consists of references without defaults, so that it can be shown even as the value of a secret. */
export function isOnlyReferences(text: string): boolean {
  return onlyReferences.test(text)
}

/**
 * @param references undefined leaves references as they are
 * @throws FdwsyncError if the values have more than `longest` characters
 */
export function replaceReferences(
  text: string,
  references: References | undefined,
  { isSecret, longest }: { readonly isSecret: boolean; readonly longest: number },
): Replaced {
  const missing: Problem[] = []
  const unknown: Problem[] = []
  const known = references && { ...references, missing }
  const values = new Map<string, string>()
  let length = 0
  const replaced = text.replace(pattern, (...groups) => {
    const [reference] = groups
    if (isUnknown(groups)) unknown.push(unknownReference(reference, isSecret))
    const value = known ? replacement(known, groups) : reference
    values.set(reference, value)
    length += value.length
    if (length > longest) throw new FdwsyncError(tooLong)
    return value
  })
  if (isSecret && missing.length + unknown.length === 0 && isEmptied(text, replaced)) missing.push(emptySecret(text))
  return { text: replaced, values, length, missing, unknown }
}

interface Resolving extends References {
  readonly missing: Problem[]
}

/** Whether text only looks like a reference. That is reported even where references are left unresolved. */
function isUnknown([found, variable, , , file, withoutValue]: readonly unknown[]): boolean {
  return found !== '$${' && variable === undefined && file === undefined && withoutValue === undefined
}

function unknownReference(reference: string, isSecret: boolean): Problem {
  return {
    code: 'manifest/unresolved-reference',
    // A password may contain `${` by chance, and must not be shown.
    message: isSecret ? 'unknown reference in a secret' : `unknown reference ${reference}`,
    hint: 'Use ${env:NAME}, ${env:NAME:-default}, ${file:path} or ${var:NAME}. Write a literal ${ as $${.',
  }
}

function replacement(known: Resolving, groups: readonly unknown[]): string {
  const [reference, variable, hasDefault, fallback, file, withoutValue] = groups.map((group) =>
    typeof group === 'string' ? group : undefined,
  )
  if (reference === '$${') return '${'
  if (variable !== undefined) {
    const value = known.env(variable)
    if (value !== undefined && !(hasDefault && value === '')) return value
    if (hasDefault) return fallback ?? ''
    known.missing.push({
      code: 'manifest/unresolved-reference',
      message: `\${env:${variable}}: the variable is not set`,
      hint: `Set ${variable}, or add a default: \${env:${variable}:-…}.`,
    })
    return ''
  }
  if (file !== undefined) {
    const content = known.file(file)
    if (typeof content === 'string') return content
    const message = `\${file:${file}}: ${content.reason}`
    known.missing.push({ code: 'manifest/unresolved-reference', message, hint: content.hint })
    return ''
  }
  if (withoutValue !== undefined) {
    known.missing.push(missingVariable(withoutValue))
  }
  return ''
}

/** Whether a text is empty only because of the values of its references. An empty default is intended. */
function isEmptied(text: string, resolved: string): boolean {
  return text !== '' && resolved === '' && !text.includes(':-}')
}

function emptySecret(text: string): Problem {
  return {
    code: 'manifest/unresolved-reference',
    message: `${text}: set, but empty`,
    hint: 'A secret cannot be empty. If that is intended, write an empty default: ${env:NAME:-}.',
  }
}

/**
 * Whether the text of a secret has no reference, or a reference with a default, which is then a secret itself, or a secret
 * beside its references.
 */
export function isPlaintext(text: string): boolean {
  const found = Array.from(text.matchAll(pattern), ([, variable, , fallback, file]) => ({
    isReference: variable !== undefined || file !== undefined,
    hasText: fallback !== undefined && fallback !== '',
  }))
  if (text === '') return false
  if (!found.some(({ isReference }) => isReference) || found.some(({ hasText }) => hasText)) return true
  return containsSecret(text.replace(pattern, ''))
}
