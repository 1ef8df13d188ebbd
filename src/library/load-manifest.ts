// Loads a manifest for a program: its files, their references and variables, and the lock beside it. The parser is loaded late, since the
// command line does without it if a manifest is in place.

import { FdwsyncError } from '../core/errors.ts'
import { loadLock, lockPathOf, readManifestTexts } from '../manifest/load.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'

export interface LoadManifestOptions {
  /** What `${env:NAME}` resolves to: usually `process.env`. Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Values of the variables that the manifest declares (`vars`). */
  readonly variables?: Readonly<Record<string, string>>
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowedFolders?: readonly string[]
  /** False leaves references as they are, for a check without secrets. Default: true */
  readonly resolve?: boolean
}

/**
 * Reads and checks a manifest, without a connection to any server.
 * @param paths files and folders, in the order in which they are put together
 * @throws FdwsyncError with all independent problems, each with its code and its place
 */
export async function loadManifest(
  paths: string | readonly string[],
  { env = {}, variables = {}, allowedFolders = [], resolve = true }: LoadManifestOptions = {},
): Promise<ParsedManifest> {
  const all = typeof paths === 'string' ? [paths] : paths
  const readStandardInput = () =>
    Promise.reject(
      new FdwsyncError({ code: 'manifest/unreadable', message: 'the library does not read standard input' }),
    )
  const request = { paths: all, variables, env, unresolved: !resolve, allowedFolders, readStandardInput }
  const { parseManifestFiles } = await import('../manifest/parse.ts')
  const { checkFragments } = await import('../manifest/checks/sql-fragments.ts')
  const { checkRefreshGroups } = await import('../manifest/checks/refresh-groups.ts')
  const parsed = await parseManifestFiles(await readManifestTexts(request))
  await checkFragments(parsed)
  await checkRefreshGroups(parsed)
  const lockPath = lockPathOf(all)
  return withLock(parsed, lockPath === undefined ? undefined : await loadLock(lockPath))
}

/**
 * The manifest with its lock, if it has one.
 * @throws FdwsyncError if the lock does not match
 */
export async function withLock(parsed: ParsedManifest, lock: ParsedManifest | undefined): Promise<ParsedManifest> {
  if (!lock) return parsed
  const { checkFragments } = await import('../manifest/checks/sql-fragments.ts')
  const { lockedResolutions } = await import('../manifest/expansion/lock.ts')
  await checkFragments(lock)
  const locked = { ...parsed, lock }
  // Checks that the lock matches the manifest. Unresolved references would not match.
  if (!parsed.isUnresolved) lockedResolutions(locked)
  return locked
}
