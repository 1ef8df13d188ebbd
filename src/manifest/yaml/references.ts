import type { Problem } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { isSecretOption } from '../../core/secret-options.ts'
import type { PathProblem } from '../checks/schema-problems.ts'
import type { Path, References } from '../manifest.ts'
import { matcher } from './path-pattern.ts'

const isMappingOption = matcher(['servers.*.user_mappings.*.*'])
const pattern = /\$\$\{|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{file:([^}]+)\}|\$\{[^}]*\}?/g
const onlyReferences = /^(?:\$\{env:[A-Za-z_][A-Za-z0-9_]*(?::-)?\}|\$\{file:[^}]+\})+$/

export interface Resolved {
  readonly data: unknown
  readonly secrets: readonly Secret[]
  readonly problems: readonly PathProblem[]
  /** Secrets that stand in the manifest itself. */
  readonly plaintextSecrets: readonly Path[]
}

/** Whether a text is nothing but references without a default, so that it may be shown even where a secret stands. */
export function isOnlyReferences(text: string): boolean {
  return onlyReferences.test(text)
}

/**
 * Puts in what `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` stand for; `$${` is a literal `${`. It is done
 * to values that are parsed already, so that no value can become YAML. Without references they are left as they are.
 */
export function resolveReferences(data: unknown, references: References | undefined): Resolved {
  const secrets: Secret[] = []
  const problems: PathProblem[] = []
  const plaintextSecrets: Path[] = []
  return { data: resolve(data, []), secrets, problems, plaintextSecrets }

  function resolve(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return resolveText(value, path)
    if (Array.isArray(value)) return value.map((item, at) => resolve(item, [...path, at]))
    if (value === null || typeof value !== 'object') return value
    const map: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) map[key] = resolve(item, [...path, key])
    return map
  }

  function resolveText(text: string, path: Path): string | Secret {
    const isSecret = isMappingOption(path) && isSecretOption(String(path.at(-1)))
    const note = (problem: Problem) => problems.push({ path, atKey: false, problem })
    const resolved = references
      ? text.replace(pattern, (...groups) => replacement(references, groups, isSecret, note))
      : text
    const unfit = invalidCharacter(resolved)
    if (unfit) note(unfit)
    if (!isSecret) return resolved
    if (isPlaintext(text)) plaintextSecrets.push(path)
    const secret = new Secret(resolved)
    secrets.push(secret)
    return secret
  }
}

function replacement(
  known: References,
  groups: readonly unknown[],
  isSecret: boolean,
  note: (problem: Problem) => void,
): string {
  const [reference, variable, hasDefault, fallback, file] = groups.map((group) =>
    typeof group === 'string' ? group : undefined,
  )
  if (reference === '$${') return '${'
  if (variable !== undefined) {
    const value = known.env(variable)
    if (value !== undefined && !(hasDefault && value === '')) return value
    if (hasDefault) return fallback ?? ''
    note({
      code: 'manifest/unresolved-reference',
      message: `\${env:${variable}}: there is no such variable`,
      hint: `Set ${variable}, or give a default: \${env:${variable}:-…}.`,
    })
    return ''
  }
  if (file !== undefined) {
    const content = known.file(file)
    if (content !== undefined) return content
    note({
      code: 'manifest/unresolved-reference',
      message: `\${file:${file}}: the file can not be read`,
      hint: 'It must exist and be UTF-8. The path is relative to the manifest.',
    })
    return ''
  }
  note({
    // A password may hold `${` by chance.
    code: 'manifest/unresolved-reference',
    message: isSecret ? 'unknown reference in a secret' : `unknown reference ${reference}`,
    hint: 'There are ${env:NAME}, ${env:NAME:-default} and ${file:path}; a literal ${ is written $${.',
  })
  return ''
}

/** A secret without any reference, or one whose default is a secret itself. */
function isPlaintext(text: string): boolean {
  const found = Array.from(text.matchAll(pattern), ([, variable, , fallback, file]) => ({
    isReference: variable !== undefined || file !== undefined,
    hasText: fallback !== undefined && fallback !== '',
  }))
  return text !== '' && (!found.some(({ isReference }) => isReference) || found.some(({ hasText }) => hasText))
}

function invalidCharacter(text: string): Problem | undefined {
  if (text.includes('\0'))
    return { code: 'manifest/invalid-value', message: 'PostgreSQL has no text with the character NUL' }
  return /\p{Surrogate}/u.test(text)
    ? { code: 'manifest/invalid-value', message: 'this is no text: it holds half a character' }
    : undefined
}
