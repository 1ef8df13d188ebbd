// `fdwsync pin`: writes the lock of a manifest, or compares it with the sources.

import { type Pinned, pin as pinManifest, pinnedText } from '../../api/pin.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import type { ConnectionSettings } from '../../db/settings.ts'
import { checkFragments } from '../../manifest/checks/sql-fragments.ts'
import { loadLock, lockPathOf } from '../../manifest/load.ts'
import { hiddenIn, type ParsedManifest } from '../../manifest/manifest.ts'
import { counted } from '../../render/text/layout.ts'
import { renderLockDiff } from '../../render/text/lock-diff.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsAllButObjects } from '../needed-references.ts'
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
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: 'a manifest from standard input has no lock', hint },
      exitCode.usage,
    )
  }
  const settings = targetSettings(flags)
  const parsed = await loadManifest(flags.file, { ...flags, isNeeded: needsAllButObjects })
  const pinNow = () => pinnedNow(parsed, settings, flags)
  return flags.check ? compareLock(path, await requireLock(path), await pinNow()) : writeLock(path, pinNow)
}

async function pinnedNow(parsed: ParsedManifest, settings: ConnectionSettings, flags: PinFlags): Promise<Pinned> {
  const connect = connectTo(settings, hiddenIn(parsed))
  const session = await connect('pin')
  try {
    const pinned = await pinManifest(session, parsed, { connect, timeoutMilliseconds: flags.sourceTimeout })
    printWarnings(pinned.warnings)
    return pinned
  } finally {
    await session.close()
  }
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
  const old = pinnedText(lock)
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
  const lock = await loadLock(path)
  if (!lock) {
    const hint = 'Run fdwsync pin to write it.'
    throw new FdwsyncError({ code: 'lock/unavailable', message: `the lock ${path} does not exist`, hint })
  }
  await checkFragments(lock)
  return lock
}
