// Loads a manifest and its lock for a command, and prints the warnings.

import { existsSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve as resolvePath } from 'node:path'
import type { SavedManifest, SavedPlan, SavedText } from '../api/saved-plan/document.ts'
import { formatProblem, type Problem } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { ConnectionSettings } from '../db/settings.ts'
import { withLock } from '../library/load-manifest.ts'
import { checkRefreshGroups } from '../manifest/checks/refresh-groups.ts'
import { checkFragments } from '../manifest/checks/sql-fragments.ts'
import type { GivenVariables } from '../manifest/composition/variables.ts'
import {
  loadLock,
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
import { mayPlanWithoutParsing, planWithoutParsing } from '../planner/fast-path.ts'
import { connectTo } from './environment.ts'
import type { IsNeeded } from './needed-references.ts'
import { printMessage } from './output.ts'
import { hideInErrors } from './report-error.ts'

/** The options of the command line that name a manifest. */
export interface ManifestFlags {
  /** Files and folders; `-` is standard input. */
  readonly file: readonly string[]
  /** Values of variables by name. */
  readonly var?: GivenVariables
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowFiles?: readonly string[]
}

export interface LoadOptions extends Omit<ManifestFlags, 'file'> {
  /** False: references to variables of the environment and to files are left as they are. */
  readonly resolve?: boolean
  /** Which references have to be resolved. Default: all. */
  readonly isNeeded?: IsNeeded
}

/** @param paths files and folders; `-` is standard input */
export async function loadManifest(paths: readonly string[], options: LoadOptions): Promise<ParsedManifest> {
  return parseAndCheck(await readTexts(paths, options), options.isNeeded)
}

/** As {@link loadManifest}, with the lock beside it if one exists. A manifest from standard input has no lock. */
export async function loadLockedManifest(paths: readonly string[], options: LoadOptions): Promise<ParsedManifest> {
  return withLock(await loadManifest(paths, options), await lockBeside(paths))
}

/** The texts of a manifest and of its lock, and what they mean together. */
export async function loadManifestWithTexts(paths: readonly string[], options: LoadOptions): Promise<LoadedTexts> {
  const texts = await readTexts(paths, options)
  const lockPath = lockPathOf(paths)
  const lock = lockPath === undefined ? undefined : await readLock(lockPath)
  const asText = (path: string, bytes: Uint8Array) => ({ path, text: Buffer.from(bytes).toString('utf8') })
  const saved = lock && lockPath !== undefined ? asText(lockPath, lock) : undefined
  const parsed = await withLock(await parseAndCheck(texts), await lockOf(saved))
  const files = texts.files.map(({ file, bytes }) => asText(file === standardInput ? '-' : file, bytes))
  return { parsed, manifest: { files, variables: texts.variables }, lock: saved }
}

export interface LoadedTexts {
  readonly parsed: ParsedManifest
  readonly manifest: SavedManifest
  readonly lock: SavedText | undefined
}

/** The manifest that a plan was saved with. References are resolved now. */
export async function loadSavedManifest(
  { manifest, lock }: SavedPlan,
  { allowFiles = [] }: LoadOptions,
): Promise<ParsedManifest> {
  const [first, ...later] = manifest.files.map(({ path, text }) => ({
    file: path === '-' ? standardInput : path,
    bytes: Buffer.from(text),
    references: savedReferences(path, allowFiles),
  }))
  if (!first) throw new TypeError('a saved plan without a manifest was accepted')
  const parsed = await parseAndCheck({ files: [first, ...later], variables: manifest.variables })
  return withLock(parsed, await lockOf(lock))
}

function lockOf(saved: SavedText | null | undefined): Promise<ParsedManifest> | undefined {
  return saved ? parseLock(saved.path, Buffer.from(saved.text)) : undefined
}

/** The file names the folder of the manifest, so that one elsewhere must be allowed. */
function savedReferences(path: string, allowFiles: readonly string[]): References {
  const folder = path === '-' ? '.' : dirname(path)
  const isElsewhere = relative('.', folder).startsWith('..') || isAbsolute(folder)
  const [first = '.', ...others] = isElsewhere ? allowFiles : [folder, ...allowFiles]
  return {
    env: (name) => (Object.hasOwn(process.env, name) ? process.env[name] : undefined),
    file: (named) => readReferencedFile(resolvePath(folder, named), [first, ...others]),
  }
}

/** A manifest with its lock; or, if everything is still in place as it was last proven, an empty plan without parsing the manifest. */
export async function loadManifestOrPlan(
  paths: readonly string[],
  settings: ConnectionSettings,
  options: LoadOptions & { readonly mustParse?: boolean },
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: Plan }> {
  const texts = await readTexts(paths, options)
  const isLocked = existsSync(lockPathOf(paths) ?? '')
  if (!options.mustParse && !isLocked && mayPlanWithoutParsing(texts)) {
    const inPlace = await planInPlace(texts, settings)
    if (inPlace) return { inPlace }
  }
  return { parsed: await withLock(await parseAndCheck(texts), await lockBeside(paths)) }
}

/** Undefined if nothing proves that everything is in place. Throws what is wrong with the manifest before anything else. */
async function planInPlace(texts: ManifestTexts, settings: ConnectionSettings): Promise<Plan | undefined> {
  try {
    const session = await connectTo(settings, [])('plan')
    try {
      return (await planWithoutParsing(session, texts))?.plan
    } finally {
      await session.close()
    }
  } catch (error) {
    await parseAndCheck(texts)
    throw error
  }
}

/** The manifest, with nothing to hide but its secrets if that is asked for. */
export function withValues(
  parsed: ParsedManifest,
  { showValues = false }: { readonly showValues?: boolean },
): ParsedManifest {
  if (!showValues) return parsed
  hideInErrors(parsed.secrets)
  return { ...parsed, references: [] }
}

function readTexts(
  paths: readonly string[],
  { var: variables = {}, allowFiles: allowedFolders = [], resolve = true }: LoadOptions,
): Promise<ManifestTexts> {
  return readManifestTexts({
    paths,
    variables,
    env: process.env,
    readStandardInput,
    unresolved: !resolve,
    allowedFolders,
  })
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function parseAndCheck(texts: ManifestTexts, isNeeded?: IsNeeded): Promise<ParsedManifest> {
  // Loaded late, since a manifest that is in place is not parsed.
  const { parseManifestFiles } = await import('../manifest/parse.ts')
  const parsed = await parseManifestFiles(texts, isNeeded)
  hideInErrors(hiddenIn(parsed))
  await checkFragments(parsed)
  await checkRefreshGroups(parsed)
  printWarnings(parsed.warnings)
  return parsed
}

async function lockBeside(paths: readonly string[]): Promise<ParsedManifest | undefined> {
  const path = lockPathOf(paths)
  printWarnings(unusedLocks(paths).map((unused) => unusedLock(unused, path)))
  return path === undefined ? undefined : loadLock(path)
}

function unusedLock(unused: string, path: string | undefined): Problem {
  return {
    code: 'lock/unused',
    message: `the lock ${unused} is not used: the lock of several files is ${path ?? 'beside the last one'}`,
    hint: 'Write that lock with fdwsync pin and the same files.',
  }
}

function printWarnings(warnings: readonly Problem[]): void {
  for (const warning of warnings) printMessage(`warning: ${formatProblem(warning)}\n`)
}
