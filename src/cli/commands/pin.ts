// `fdwsync pin`: writes the lock of a manifest, or compares it with the sources.

import { exitCode, FdwsyncError, usageError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { lockText, type Pinned, pin as pinManifest } from '../../library/author.ts'
import { loadLockFile, loadManifest, lockPathOf, type ParsedManifest } from '../../library/load-manifest.ts'
import { needsAllButObjects } from '../../library/needed-references.ts'
import { counted } from '../../render/text/layout.ts'
import { renderLockDiff } from '../../render/text/lock-diff.ts'
import { targetOf } from '../environment.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printResult } from '../output.ts'
import { printRendered, printWarnings, styleOf } from '../terminal.ts'
import { writeAtomically } from '../write-file.ts'

export interface PinFlags extends ManifestFlags {
  readonly database?: string
  readonly ledgerOwner?: string
  readonly sourceTimeout: number
  readonly check?: boolean
}

export async function pin(flags: PinFlags): Promise<number> {
  const path = lockPathOf(flags.file)
  if (path === undefined) {
    const hint = 'The lock is a file beside the manifest: name the manifest with -f FILE.'
    throw usageError('a manifest from standard input has no lock', hint)
  }
  const loading = loadingOptions(flags, { isNeeded: needsAllButObjects })
  const parsed = await loadManifest(flags.file, { ...loading, lock: false })
  const pinNow = () => pinnedNow(parsed, flags)
  return flags.check ? compareLock(path, await requireLock(path), await pinNow()) : writeLock(path, pinNow)
}

async function pinnedNow(parsed: ParsedManifest, flags: PinFlags): Promise<Pinned> {
  const pinned = await pinManifest(parsed, { ...targetOf(flags), sourceTimeoutMilliseconds: flags.sourceTimeout })
  printWarnings(pinned.warnings)
  return pinned
}

async function writeLock(path: string, pinNow: () => Promise<Pinned>): Promise<number> {
  const pinned = await pinNow().catch((error: unknown) => {
    // `exitCode.undetermined` is for comparisons only. Here an unreachable source is an ordinary failure.
    if (error instanceof FdwsyncError && error.exitCode === exitCode.undetermined)
      throw new FdwsyncError(error.problems)
    throw error
  })
  await writeAtomically(path, pinned.text, { what: 'the lock', code: 'lock/unavailable' })
  printResult(`Wrote ${oneLine(path)}: ${sizeOf(pinned)}\n`)
  return exitCode.done
}

function compareLock(path: string, lock: ParsedManifest, pinned: Pinned): number {
  const old = lockText(lock)
  if (old === pinned.text) {
    printResult(`${oneLine(path)} is up to date: ${sizeOf(pinned)}\n`)
    return exitCode.done
  }
  printRendered(renderLockDiff(path, old, pinned.text, styleOf('stdout')))
  printResult(`${oneLine(path)} is out of date. Run fdwsync pin to update it.\n`)
  return exitCode.changes
}

function sizeOf({ tables, indexes }: Pinned): string {
  return `${counted(tables, 'table')} and ${indexes} ${indexes === 1 ? 'index' : 'indexes'}`
}

async function requireLock(path: string): Promise<ParsedManifest> {
  const lock = await loadLockFile(path)
  if (!lock) {
    const hint = 'Run fdwsync pin to write it.'
    throw new FdwsyncError({ code: 'lock/unavailable', message: `the lock ${path} does not exist`, hint })
  }
  return lock
}
