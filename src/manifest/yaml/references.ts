// Resolves `${env:NAME}` and `${file:path}` in the values of a manifest, and finds its secrets.

import { mapParts, partOf } from '../../core/data.ts'
import type { Problem } from '../../core/errors.ts'
import type { ResolvedReference } from '../../core/redaction.ts'
import { Secret } from '../../core/secret.ts'
import { isSecretMappingOption, isSecretOption } from '../../core/secret-options.ts'
import { atValue, type PathProblem } from '../checks/path-problem.ts'
import type { Path, References } from '../manifest.ts'
import { type FoundReference, foundReferences, hiddenReferences } from './hidden-references.ts'
import { matcher } from './path-pattern.ts'
import { isPlaintext, replaceReferences } from './replace-references.ts'

const isMappingOption = matcher(['servers.*.user_mappings.*.*'])
const isOption = matcher([
  'foreign_data_wrappers.*.options.*',
  'servers.*.options.*',
  'schemas.*.foreign_tables.*.options.*',
  'schemas.*.foreign_tables.*.columns.*.options.*',
  'schemas.*.imports.*.tables.*.options.*',
  'schemas.*.imports.*.tables.*.columns.*.options.*',
])

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
  const run: Run = {
    data,
    referencesAt,
    isNeeded,
    path: [],
    secrets: [],
    found: new Map(),
    problems: [],
    unresolved: [],
    plaintextSecrets: [],
    length: 0,
    hasShown: false,
  }
  const resolved = resolve(run, data)
  const { secrets, found, problems, unresolved, plaintextSecrets, hasShown } = run
  return {
    data: resolved,
    secrets,
    references: hiddenReferences(data, [...found.values()]),
    problems,
    unresolved,
    plaintextSecrets,
    withReferences: hasShown ? withReferencesIn(data, resolved) : undefined,
  }
}

/** The state of one walk through the values, and what it has found so far. */
interface Run {
  readonly data: unknown
  readonly referencesAt: ((path: Path) => References | undefined) | undefined
  readonly isNeeded: (path: Path) => boolean
  /** The path of the value that is being resolved. */
  readonly path: (string | number)[]
  readonly secrets: Secret[]
  readonly found: Map<string, FoundReference>
  readonly problems: PathProblem[]
  readonly unresolved: PathProblem[]
  readonly plaintextSecrets: Path[]
  /** How many characters the references have resolved to. */
  length: number
  /** Whether a reference outside of secrets was resolved. */
  hasShown: boolean
}

/** Shares the parts that have neither references nor secrets with the data. */
function resolve(run: Run, value: unknown): unknown {
  if (typeof value === 'string') return resolveText(run, value)
  return mapParts(value, (part, step) => {
    run.path.push(step)
    const resolved = resolve(run, part)
    run.path.pop()
    return resolved
  })
}

function resolveText(run: Run, text: string): string | Secret {
  const { data, path, isNeeded, problems, unresolved } = run
  const isSecret = isSecretAt(data, path, text)
  if (!isSecret && !text.includes('${')) {
    noteInvalidCharacter(run, text)
    return text
  }
  const replaced = replaceReferences(text, run.referencesAt?.(path), { isSecret, longest: longest - run.length })
  run.length += replaced.length
  for (const problem of replaced.unknown) problems.push(atValue([...path], problem))
  for (const problem of replaced.missing) (isNeeded(path) ? problems : unresolved).push(atValue([...path], problem))
  const isResolved = replaced.missing.length === 0
  const resolved = isResolved ? replaced.text : text
  noteInvalidCharacter(run, resolved)
  if (isSecret || isSecretAt(data, path, resolved)) return secretOf(run, text, resolved, isResolved)
  if (isResolved)
    for (const part of foundReferences(text, replaced.values, isSql(path)))
      run.found.set(`${part.isInSql} ${part.reference}`, part)
  run.hasShown ||= resolved !== text
  return resolved
}

function secretOf(
  { secrets, plaintextSecrets, path }: Run,
  text: string,
  resolved: string,
  isResolved: boolean,
): Secret {
  if (isPlaintext(text)) plaintextSecrets.push([...path])
  const secret = new Secret(resolved)
  // An unresolved reference is not a secret, and messages name it.
  if (isResolved) secrets.push(secret)
  return secret
}

function noteInvalidCharacter({ problems, path }: Run, text: string): void {
  const problem = invalidCharacter(text)
  if (problem) problems.push(atValue([...path], problem))
}

/** A small manifest can refer to a large file many times. */
const longest = 64 * 1024 * 1024

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

function invalidCharacter(text: string): Problem | undefined {
  if (text.includes('\0')) return { code: 'manifest/invalid-value', message: 'text cannot contain a NUL character' }
  return /\p{Surrogate}/u.test(text)
    ? { code: 'manifest/invalid-value', message: 'text cannot contain half a surrogate pair' }
    : undefined
}
