// Loads a manifest: its files, their references and variables, and the lock beside it. The code that parses is loaded only when it
// is needed, since a manifest that is proven to be in place is not parsed. So is the code that plans, since most callers only
// parse.

import { dirname, isAbsolute, relative, resolve as resolvePath } from 'node:path'
import type { SavedManifest, SavedPlan, SavedText } from '../api/saved-plan/document.ts'
import { FdwsyncError, type Problem } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { Hidden } from '../core/redaction.ts'
import type { StatusReport } from '../core/status.ts'
import type { GivenVariables } from '../manifest/composition/variables.ts'
import {
  loadLock,
  lockExists,
  lockPathOf,
  parseLock,
  readLock,
  readManifestTexts,
  standardInput,
  unusedLocks,
} from '../manifest/load.ts'
import { hiddenIn, type ParsedManifest, type References } from '../manifest/manifest.ts'
import { readReferencedFile } from '../manifest/referenced-file.ts'
import type { ManifestTexts } from '../manifest/texts.ts'
import type { StatusListOptions } from './inspect.ts'
import type { IsNeeded } from './needed-references.ts'
import type { CommandOptions } from './options.ts'

export type { Manifest, ParsedManifest, Variable } from '../manifest/manifest.ts'
export type { GivenVariables }
export { lockPathOf }

/** The options of {@link loadManifest}. */
export interface LoadManifestOptions {
  /** What `${env:NAME}` resolves to: usually `process.env`. Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Values of the variables that the manifest declares (`vars`). */
  readonly variables?: GivenVariables | undefined
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowedFolders?: readonly string[] | undefined
  /** False leaves references as they are, for a check without secrets. Default: true */
  readonly resolve?: boolean | undefined
  /** Which references have to be resolved; others may stay as they are. Default: all */
  readonly isNeeded?: IsNeeded | undefined
  /** False ignores the lock beside the manifest. Default: true */
  readonly lock?: boolean
  /**
   * False leaves the SQL of the manifest unchecked, for commands that run none of it: the parser takes long to load. Default: true
   */
  readonly checkSql?: boolean
  /** What the path `-` reads. Default: an error */
  readonly readStandardInput?: () => Promise<Uint8Array>
  /** Called as soon as the text is parsed, before anything else about it can be wrong. */
  readonly onParsed?: (manifest: ParsedManifest) => void
  /** Called with each problem that should be fixed but does not prevent anything. */
  readonly onWarning?: (warning: Problem) => void
}

/**
 * Reads and checks a manifest, without a connection to any server.
 * @param paths files and folders, in the order in which they are put together
 * @throws FdwsyncError with all independent problems, each with its code and its place
 */
export async function loadManifest(
  paths: string | readonly string[],
  options: LoadManifestOptions = {},
): Promise<ParsedManifest> {
  const all = typeof paths === 'string' ? [paths] : paths
  const parsed = await parseAndCheck(await readTexts(all, options), options)
  return options.lock === false ? parsed : withLock(parsed, await lockBeside(all, options))
}

/** The values that messages about a manifest must not show. */
export function hiddenValues(manifest: ParsedManifest): readonly Hidden[] {
  return hiddenIn(manifest)
}

/** A manifest with the texts that it comes from, for a saved plan. */
export interface LoadedTexts {
  readonly parsed: ParsedManifest
  readonly manifest: SavedManifest
  readonly lock: SavedText | undefined
}

/** As {@link loadManifest}, with the texts of the manifest and of its lock. */
export async function loadManifestWithTexts(
  paths: readonly string[],
  options: LoadManifestOptions,
): Promise<LoadedTexts> {
  const texts = await readTexts(paths, options)
  const lockPath = lockPathOf(paths)
  const lock = lockPath === undefined ? undefined : await readLock(lockPath)
  const asText = (path: string, bytes: Uint8Array) => ({ path, text: Buffer.from(bytes).toString('utf8') })
  const saved = lock && lockPath !== undefined ? asText(lockPath, lock) : undefined
  const parsed = await withLock(await parseAndCheck(texts, options), await lockOf(saved))
  const files = texts.files.map(({ file, bytes }) => asText(file === standardInput ? '-' : file, bytes))
  return { parsed, manifest: { files, variables: texts.variables }, lock: saved }
}

/** The manifest that a plan was saved with. References are resolved now. */
export async function loadSavedManifest(
  { manifest, lock }: SavedPlan,
  options: LoadManifestOptions,
): Promise<ParsedManifest> {
  const [first, ...later] = manifest.files.map(({ path, text }) => ({
    file: path === '-' ? standardInput : path,
    bytes: Buffer.from(text),
    references: savedReferences(path, options),
  }))
  if (!first) throw new TypeError('a saved plan without a manifest was accepted')
  const parsed = await parseAndCheck({ files: [first, ...later], variables: manifest.variables }, options)
  return withLock(parsed, await lockOf(lock))
}

/** A manifest with its lock; or, if everything is still in place as it was last proven, an empty plan without parsing the manifest. */
export async function loadManifestOrPlan(
  paths: readonly string[],
  target: CommandOptions,
  options: LoadManifestOptions & { readonly mustParse?: boolean },
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: Plan }> {
  return loadManifestUnlessProven(paths, options, async (texts) => {
    const { planUnparsed } = await import('./plan-unparsed.ts')
    return planUnparsed(texts, target)
  })
}

/**
 * A manifest with its lock; or, if everything is still in place as it was last proven, its status without parsing the manifest.
 * @param target the database, and what to list
 */
export async function loadManifestOrStatus(
  paths: readonly string[],
  target: Omit<StatusListOptions, 'manifest'>,
  options: LoadManifestOptions,
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: StatusReport }> {
  const mustParse = target.checkSource === true || target.verify === true
  return loadManifestUnlessProven(paths, { ...options, mustParse }, async (texts) => {
    const { statusUnparsed } = await import('./inspect.ts')
    return statusUnparsed(texts, target)
  })
}

/** @param findInPlace returns undefined if nothing proves that everything is in place */
async function loadManifestUnlessProven<InPlace>(
  paths: readonly string[],
  options: LoadManifestOptions & { readonly mustParse?: boolean },
  findInPlace: (texts: ManifestTexts) => Promise<InPlace | undefined>,
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: InPlace }> {
  const texts = await readTexts(paths, options)
  const isLocked = lockExists(lockPathOf(paths) ?? '')
  if (!options.mustParse && !isLocked) {
    const inPlace = await parsingFirstIfItFails(texts, options, findInPlace)
    if (inPlace) return { inPlace }
  }
  return { parsed: await withLock(await parseAndCheck(texts, options), await lockBeside(paths, options)) }
}

/**
 * The lock beside a manifest, checked on its own; undefined if there is none.
 * @param path see {@link lockPathOf}
 */
export async function loadLockFile(path: string): Promise<ParsedManifest | undefined> {
  const lock = await loadLock(path)
  if (lock) await (await import('../manifest/checks/sql-fragments.ts')).checkFragments(lock)
  return lock
}

function lockOf(saved: SavedText | null | undefined): Promise<ParsedManifest> | undefined {
  return saved ? parseLock(saved.path, Buffer.from(saved.text)) : undefined
}

/** The path of the manifest comes from the saved file, so a folder elsewhere has to be allowed explicitly. */
function savedReferences(path: string, { env = {}, allowedFolders = [] }: LoadManifestOptions): References {
  const folder = path === '-' ? '.' : dirname(path)
  const isElsewhere = relative('.', folder).startsWith('..') || isAbsolute(folder)
  const [first = '.', ...others] = isElsewhere ? allowedFolders : [folder, ...allowedFolders]
  return {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (named) => readReferencedFile(resolvePath(folder, named), [first, ...others]),
  }
}

/** If `work` fails, parses the manifest first, so that its problems are reported before any other error. */
async function parsingFirstIfItFails<Result>(
  texts: ManifestTexts,
  options: LoadManifestOptions,
  work: (texts: ManifestTexts) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(texts)
  } catch (error) {
    await parseAndCheck(texts, options)
    throw error
  }
}

function readTexts(
  paths: readonly string[],
  { env = {}, variables = {}, allowedFolders = [], resolve = true, readStandardInput = noInput }: LoadManifestOptions,
): Promise<ManifestTexts> {
  return readManifestTexts({ paths, variables, env, readStandardInput, unresolved: !resolve, allowedFolders })
}

function noInput(): Promise<never> {
  const message = 'standard input is not read here'
  return Promise.reject(new FdwsyncError({ code: 'manifest/unreadable', message }))
}

async function parseAndCheck(
  texts: ManifestTexts,
  { isNeeded, checkSql = true, onParsed, onWarning }: LoadManifestOptions,
): Promise<ParsedManifest> {
  const { parseManifestFiles } = await import('../manifest/parse.ts')
  const { checkRefreshGroups } = await import('../manifest/checks/refresh-groups.ts')
  const parsed = await parseManifestFiles(texts, isNeeded)
  onParsed?.(parsed)
  if (checkSql) await checkSqlOf(parsed)
  await checkRefreshGroups(parsed)
  if (onWarning) parsed.warnings.forEach(onWarning)
  return parsed
}

async function checkSqlOf(parsed: ParsedManifest): Promise<void> {
  const { checkFragments } = await import('../manifest/checks/sql-fragments.ts')
  const { checkColumnsOfQueries } = await import('../manifest/checks/columns-of-queries.ts')
  await checkFragments(parsed)
  await checkColumnsOfQueries(parsed)
}

async function lockBeside(
  paths: readonly string[],
  { onWarning }: LoadManifestOptions,
): Promise<ParsedManifest | undefined> {
  const path = lockPathOf(paths)
  if (onWarning) for (const unused of unusedLocks(paths)) onWarning(unusedLock(unused, path))
  return path === undefined ? undefined : loadLock(path)
}

function unusedLock(unused: string, path: string | undefined): Problem {
  return {
    code: 'lock/unused',
    message: `the lock ${unused} is not used: the lock of several files is ${path ?? 'beside the last one'}`,
    hint: 'Write that lock with fdwsync pin and the same files.',
  }
}

/** @throws FdwsyncError if the lock does not match the manifest */
async function withLock(parsed: ParsedManifest, lock: ParsedManifest | undefined): Promise<ParsedManifest> {
  if (!lock) return parsed
  const { checkFragments } = await import('../manifest/checks/sql-fragments.ts')
  const { lockedResolutions } = await import('../manifest/expansion/match-lock.ts')
  await checkFragments(lock)
  const locked = { ...parsed, lock }
  // Checks that the lock matches the manifest. Unresolved references would not match.
  if (!parsed.isUnresolved) lockedResolutions(locked)
  return locked
}
