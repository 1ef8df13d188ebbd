// Resolves `${env:NAME}` and `${file:path}` in the values of a manifest, and finds its secrets.

import { mapParts, partOf } from '../../core/data.ts'
import { FdwsyncError, type Problem } from '../../core/errors.ts'
import type { ResolvedReference } from '../../core/redaction.ts'
import { Secret } from '../../core/secret.ts'
import { containsSecret, isSecretMappingOption, isSecretOption } from '../../core/secret-options.ts'
import { atValue, type PathProblem } from '../checks/path-problem.ts'
import { missingVariable } from '../composition/variables.ts'
import type { Path, References } from '../manifest.ts'
import { type FoundReference, foundReferences, hiddenReferences } from './hidden-references.ts'
import { matcher } from './path-pattern.ts'

const isMappingOption = matcher(['servers.*.user_mappings.*.*'])
const isOption = matcher([
  'foreign_data_wrappers.*.options.*',
  'servers.*.options.*',
  'schemas.*.foreign_tables.*.options.*',
  'schemas.*.foreign_tables.*.columns.*.options.*',
  'schemas.*.imports.*.tables.*.options.*',
  'schemas.*.imports.*.tables.*.columns.*.options.*',
])
const pattern =
  /\$\$\{|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{file:([^}]+)\}|(\$\{var:[A-Za-z0-9_]+\})|\$\{[^}]*\}?/g
const onlyReferences = /^(?:\$\{env:[A-Za-z_][A-Za-z0-9_]*(?::-)?\}|\$\{file:[^}]+\})+$/

export interface Resolved {
  readonly data: unknown
  readonly secrets: readonly Secret[]
  /** The values of references that messages must not show, except those in secrets. */
  readonly references: readonly ResolvedReference[]
  readonly problems: readonly PathProblem[]
  /** References that cannot be resolved and are not needed. The values keep them. */
  readonly unresolved: readonly PathProblem[]
  /** The data with references in place of the values that are not secrets; undefined if there are none. */
  readonly withReferences: unknown
  /** The paths of secrets that the text itself contains. */
  readonly plaintextSecrets: readonly Path[]
}

/** Whether a text consists of references without defaults, so that it can be shown even as the value of a secret. */
export function isOnlyReferences(text: string): boolean {
  return onlyReferences.test(text)
}

/**
 * Resolves `${env:NAME}`, `${env:NAME:-default}` and `${file:path}`; `$${` is a literal `${`. This happens after parsing, so that a
 * value cannot inject YAML. Variables with a value have been resolved before.
 * @param referencesAt returns what resolves the references of the file that has the path; undefined leaves them unresolved
 * @param isNeeded whether it is a problem if a reference at the path cannot be resolved
 */
export function resolveReferences(
  data: unknown,
  referencesAt: ((path: Path) => References | undefined) | undefined,
  isNeeded: (path: Path) => boolean = () => true,
): Resolved {
  const secrets: Secret[] = []
  const found = new Map<string, FoundReference>()
  let length = 0
  const problems: PathProblem[] = []
  const unresolved: PathProblem[] = []
  const plaintextSecrets: Path[] = []
  const path: (string | number)[] = []
  let hasShown = false
  const resolvedData = resolve(data)
  return {
    data: resolvedData,
    secrets,
    references: hiddenReferences(data, [...found.values()]),
    problems,
    unresolved,
    plaintextSecrets,
    withReferences: hasShown ? withReferencesIn(data, resolvedData) : undefined,
  }

  /** Shares the parts that have neither references nor secrets with the data. */
  function resolve(value: unknown): unknown {
    if (typeof value === 'string') return resolveText(value)
    return mapParts(value, (part, step) => {
      path.push(step)
      const resolved = resolve(part)
      path.pop()
      return resolved
    })
  }

  function resolveText(text: string): string | Secret {
    const isSecret = isSecretAt(data, path, text)
    const note = (problem: Problem) => problems.push(atValue([...path], problem))
    if (!isSecret && !text.includes('${')) {
      const invalid = invalidCharacter(text)
      if (invalid) note(invalid)
      return text
    }
    const missing: Problem[] = []
    const references = referencesAt?.(path)
    const known = references && { ...references, missing }
    const values = new Map<string, string>()
    const complete = text.replace(pattern, (...groups) => {
      const [reference] = groups
      if (isUnknown(groups)) note(unknownReference(reference, isSecret))
      const value = known ? replacement(known, groups) : reference
      values.set(reference, value)
      length += value.length
      if (length > longest) throw new FdwsyncError(tooLong)
      return value
    })
    if (missing.length === 0 && isEmptied(text, complete) && isSecretAt(data, path, text))
      missing.push(emptySecret(text))
    for (const problem of missing) (isNeeded(path) ? problems : unresolved).push(atValue([...path], problem))
    const resolved = missing.length > 0 ? text : complete
    const invalid = invalidCharacter(resolved)
    if (invalid) note(invalid)
    if (!isSecret && !isSecretAt(data, path, resolved)) {
      if (missing.length === 0) {
        for (const part of foundReferences(text, values, isSql(path)))
          found.set(`${part.isInSql} ${part.reference}`, part)
      }
      hasShown ||= resolved !== text
      return resolved
    }
    if (isPlaintext(text)) plaintextSecrets.push([...path])
    const secret = new Secret(resolved)
    // An unresolved reference is not a secret, and messages name it.
    if (missing.length === 0) secrets.push(secret)
    return secret
  }
}

/** A small manifest can refer to a large file many times. */
const longest = 64 * 1024 * 1024
const tooLong: Problem = {
  code: 'manifest/invalid-value',
  message: 'the references resolve to more than 64 MB',
  hint: 'Refer to large files less often.',
}

/** The last keys of paths to SQL, and the keys above them. */
const sqlKeys = ['query', 'type', 'default', 'generated', 'where', 'expression', 'domain', 'for_values']
const mapsOfSql = ['columns', 'checks', 'composite', 'expressions']

function isSql(path: Path): boolean {
  const [above, last] = path.slice(-2).map(String)
  return !isOption(path) && (sqlKeys.includes(last ?? '') || mapsOfSql.includes(above ?? ''))
}

/** The text at a path of plain data, if there is one. */
export function textAt(data: unknown, path: Path): string | undefined {
  const found = path.reduce(partOf, data)
  return typeof found === 'string' ? found : undefined
}

/** The resolved data with references in place of the values that are not secrets. */
function withReferencesIn(data: unknown, resolved: unknown): unknown {
  if (data === resolved || resolved instanceof Secret) return resolved
  if (typeof data === 'string') return data
  return mapParts(data, (part, step) => withReferencesIn(part, partOf(resolved, step)))
}

/** Whether a value is a secret: in a user mapping by its name, in other options also by what it looks like. */
function isSecretAt(data: unknown, path: Path, value: string): boolean {
  const name = String(path.at(-1))
  if (isMappingOption(path)) return isSecretMappingOption(name)
  return isOption(path) && isSecretOption(name, value, secretOptionsAt(data, path))
}

/** `secret_options` of the object that an option belongs to. */
function secretOptionsAt(data: unknown, path: Path): readonly string[] {
  const depth = path[0] !== 'schemas' ? 2 : path[2] === 'imports' ? 6 : 4
  const object = path.slice(0, depth).reduce(partOf, data)
  const names = partOf(object, 'secret_options')
  return Array.isArray(names) ? names.map(String) : []
}

interface Resolving extends References {
  /** The problem with a reference that cannot be resolved. */
  readonly missing: Problem[]
}

/** The problem with text that only looks like a reference. It is reported even where references are left unresolved. */
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
function isPlaintext(text: string): boolean {
  const found = Array.from(text.matchAll(pattern), ([, variable, , fallback, file]) => ({
    isReference: variable !== undefined || file !== undefined,
    hasText: fallback !== undefined && fallback !== '',
  }))
  if (text === '') return false
  if (!found.some(({ isReference }) => isReference) || found.some(({ hasText }) => hasText)) return true
  return containsSecret(text.replace(pattern, ''))
}

function invalidCharacter(text: string): Problem | undefined {
  if (text.includes('\0')) return { code: 'manifest/invalid-value', message: 'text cannot contain a NUL character' }
  return /\p{Surrogate}/u.test(text)
    ? { code: 'manifest/invalid-value', message: 'text cannot contain half a surrogate pair' }
    : undefined
}
