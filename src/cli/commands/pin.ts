import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pin as pinManifest, pinnedText } from '../../api/pin.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { checkFragments } from '../../manifest/checks/sql-fragments.ts'
import { loadLock, lockPathOf } from '../../manifest/load.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import { counted, oneLine } from '../../render/text/layout.ts'
import { renderLockDiff } from '../../render/text/lock-diff.ts'
import { connectionOf, connectorFor, loadManifest, styleOf } from '../environment.ts'

export interface PinFlags {
  readonly file: string
  readonly database?: string
  readonly sourceTimeout: number
  readonly check?: boolean
}

/** Writes the lock of a manifest, or tells whether it is what the sources have. */
export async function pin(flags: PinFlags): Promise<number> {
  if (flags.file === '-') {
    const hint = 'A lock stands beside its manifest: name the file with -f FILE.'
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: 'a manifest from standard input has no lock', hint },
      exitCode.usage,
    )
  }
  const settings = connectionOf(flags.database)
  const parsed = await loadManifest(flags.file)
  const path = lockPathOf(flags.file)
  const before = flags.check ? await requireLock(path) : undefined
  const connect = connectorFor(settings, parsed.secrets)
  const session = await connect('pin')
  try {
    const pinned = await pinManifest(session, parsed, { connect, timeoutMilliseconds: flags.sourceTimeout })
    for (const warning of pinned.warnings) process.stderr.write(`warning: ${oneLine(warning)}\n`)
    const what = `${counted(pinned.tables, 'table')} and ${pinned.indexes} ${pinned.indexes === 1 ? 'index' : 'indexes'}`
    if (!before) {
      await writeAtomically(path, pinned.text)
      process.stdout.write(`${path} is written: ${what}\n`)
      return exitCode.done
    }
    const old = pinnedText(before)
    if (old === pinned.text) {
      process.stdout.write(`${path} is what the sources have: ${what}\n`)
      return exitCode.done
    }
    process.stdout.write(renderLockDiff(path, old, pinned.text, styleOf('stdout')))
    process.stdout.write(`${path} is not what the sources have. Run fdwsync pin to take it over.\n`)
    return exitCode.changes
  } catch (error) {
    // Where nothing is compared it has simply failed.
    if (!flags.check && error instanceof FdwsyncError && error.exitCode === exitCode.undetermined) {
      throw new FdwsyncError(error.problems)
    }
    throw error
  } finally {
    await session.close()
  }
}

async function requireLock(path: string): Promise<ParsedManifest> {
  const lock = await loadLock(path)
  if (!lock)
    throw new FdwsyncError({
      code: 'lock/unavailable',
      message: `there is no lock ${path}`,
      hint: 'Run fdwsync pin without --check.',
    })
  await checkFragments(lock)
  return lock
}

/** Whoever reads the lock meanwhile sees the old one or the new one, whole. */
async function writeAtomically(path: string, text: string): Promise<void> {
  // A link stays one.
  const target = await realpath(path).catch(() => path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new FdwsyncError({ code: 'lock/unavailable', message: `the lock ${path} can not be written: ${code}` })
  }
}
