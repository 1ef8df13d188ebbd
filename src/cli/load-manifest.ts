// Loads a manifest and its lock for a command, and prints the warnings.

import { existsSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve as resolvePath } from 'node:path'
import type { SavedPlan, SavedText } from '../api/saved-plan/document.ts'
import { formatProblem } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { ConnectionSettings } from '../db/settings.ts'
import { checkFragments } from '../manifest/checks/sql-fragments.ts'
import { lockedResolutions } from '../manifest/expansion/lock.ts'
import { loadLock, lockPathOf, type ManifestText, parseLock, readLock, readManifestText } from '../manifest/load.ts'
import { hiddenIn, type ParsedManifest, type References } from '../manifest/manifest.ts'
import { parseManifest } from '../manifest/parse.ts'
import { readReferencedFile } from '../manifest/referenced-file.ts'
import { planWithoutParsing } from '../planner/fast-path.ts'
import { connectTo } from './environment.ts'
import type { IsNeeded } from './needed-references.ts'
import { printMessage } from './output.ts'
import { hideInErrors } from './report-error.ts'

export interface LoadOptions {
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowFiles?: readonly string[]
  /** False: references to variables and files are left as they are. */
  readonly resolve?: boolean
  /** Which references have to be resolved. Default: all. */
  readonly isNeeded?: IsNeeded
}

/** `-`: standard input. */
export async function loadManifest(file: string, options: LoadOptions): Promise<ParsedManifest> {
  return parseAndCheck(await readText(file, options), options.isNeeded)
}

/** As {@link loadManifest}, with the lock beside the file if one exists. A manifest from standard input has no lock. */
export async function loadLockedManifest(file: string, options: LoadOptions): Promise<ParsedManifest> {
  return attachLock(await loadManifest(file, options), await lockBeside(file))
}

/** The texts of a manifest and of its lock, and what they mean together. */
export async function loadManifestWithTexts(file: string, options: LoadOptions): Promise<LoadedTexts> {
  const text = await readText(file, options)
  const lockPath = lockPathOf(file)
  const lock = file === '-' ? undefined : await readLock(lockPath)
  const parsed = await attachLock(await parseAndCheck(text), lock && (await parseLock(lockPath, lock)))
  const asText = (path: string, bytes: Uint8Array) => ({ path, text: Buffer.from(bytes).toString('utf8') })
  return { parsed, manifest: asText(file, text.bytes), lock: lock && asText(lockPath, lock) }
}

export interface LoadedTexts {
  readonly parsed: ParsedManifest
  readonly manifest: SavedText
  readonly lock: SavedText | undefined
}

/** The manifest that a plan was saved with. References are resolved now. */
export async function loadSavedManifest(
  { manifest, lock }: SavedPlan,
  { allowFiles = [] }: LoadOptions,
): Promise<ParsedManifest> {
  const references = savedReferences(manifest.path, allowFiles)
  const file = manifest.path === '-' ? 'standard input' : manifest.path
  const parsed = await parseAndCheck({ file, bytes: Buffer.from(manifest.text), references })
  return attachLock(parsed, lock ? await parseLock(lock.path, Buffer.from(lock.text)) : undefined)
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

/** From this size on, parsing a manifest takes longer than asking the server whether anything changed since the last apply. */
const fastPathBytes = 1 << 20

/** A manifest with its lock; or, if a large manifest is still in place as it was last proven, an empty plan without parsing it. */
export async function loadManifestOrPlan(
  file: string,
  settings: ConnectionSettings,
  options: LoadOptions & { readonly mustParse?: boolean },
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: Plan }> {
  const text = await readText(file, options)
  const isLocked = file !== '-' && existsSync(lockPathOf(file))
  if (options.mustParse || isLocked || text.bytes.byteLength < fastPathBytes) {
    return { parsed: await attachLock(await parseAndCheck(text), await lockBeside(file)) }
  }
  const session = await connectTo(settings, [])('plan')
  try {
    const known = await planWithoutParsing(session, text)
    if (known) return { inPlace: known.plan }
  } finally {
    await session.close()
  }
  return { parsed: await parseAndCheck(text) }
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

function readText(file: string, { allowFiles = [], resolve = true }: LoadOptions): Promise<ManifestText> {
  const allowedFolders = allowFiles
  return readManifestText({ path: file, env: process.env, readStandardInput, unresolved: !resolve, allowedFolders })
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function parseAndCheck({ file, bytes, references }: ManifestText, isNeeded?: IsNeeded): Promise<ParsedManifest> {
  const parsed = await parseManifest(file, bytes, references, isNeeded)
  hideInErrors(hiddenIn(parsed))
  await checkFragments(parsed)
  for (const warning of parsed.warnings) printMessage(`warning: ${formatProblem(warning)}\n`)
  return parsed
}

function lockBeside(file: string): Promise<ParsedManifest | undefined> {
  return file === '-' ? Promise.resolve(undefined) : loadLock(lockPathOf(file))
}

async function attachLock(parsed: ParsedManifest, lock: ParsedManifest | undefined): Promise<ParsedManifest> {
  if (!lock) return parsed
  await checkFragments(lock)
  const locked = { ...parsed, lock }
  // Checks that the lock matches the manifest. Unresolved references would not match.
  if (!parsed.isUnresolved) lockedResolutions(locked)
  return locked
}
