// Loads a manifest and its lock for a command, and prints the warnings.

import { existsSync } from 'node:fs'
import { formatProblem } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { ConnectionSettings } from '../db/settings.ts'
import { checkFragments } from '../manifest/checks/sql-fragments.ts'
import { lockedResolutions } from '../manifest/expansion/lock.ts'
import { loadLock, lockPathOf, type ManifestText, readManifestText } from '../manifest/load.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { parseManifest } from '../manifest/parse.ts'
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
  return attachLock(file, await loadManifest(file, options))
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
    return { parsed: await attachLock(file, await parseAndCheck(text)) }
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

async function attachLock(file: string, parsed: ParsedManifest): Promise<ParsedManifest> {
  const lock = file === '-' ? undefined : await loadLock(lockPathOf(file))
  if (!lock) return parsed
  await checkFragments(lock)
  const locked = { ...parsed, lock }
  // Checks that the lock matches the manifest. Unresolved references would not match.
  if (!parsed.isUnresolved) lockedResolutions(locked)
  return locked
}
