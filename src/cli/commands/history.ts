// `fdwsync history`: lists past applies, or shows one in detail; or lists past refreshes.

import { applyDetails, history as historyOf, refreshHistory } from '../../api/history.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { Session } from '../../db/session.ts'
import type { Format } from '../../render/format.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsName } from '../needed-references.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface HistoryFlags extends TextFlags, Partial<ManifestFlags> {
  readonly manifest?: string
  readonly database?: string
  readonly ledgerOwner?: string
  readonly limit: number
  readonly refreshes?: boolean
  readonly format: FormatName
}

/** @param name the id of an apply, or with `--refreshes` a pattern of names of copies */
export async function history(name: string | undefined, flags: HistoryFlags): Promise<number> {
  const settings = targetSettings(flags)
  const manifest = await manifestNameOf(flags.refreshes ? undefined : name, flags)
  const format = await formats[flags.format]()
  const session = await connectTo(settings, [])('history')
  try {
    printRendered(await renderedHistory(session, format, { name, manifest, flags }))
    return exitCode.done
  } finally {
    await session.close()
  }
}

interface Asked {
  readonly name: string | undefined
  readonly manifest: string | undefined
  readonly flags: HistoryFlags
}

async function renderedHistory(session: Session, format: Format, { name, manifest, flags }: Asked): Promise<string> {
  const { limit } = flags
  const options = renderOptions(flags)
  if (flags.refreshes)
    return format.refreshHistory(await refreshHistory(session, { pattern: name, manifest, limit }), options)
  if (name !== undefined) return format.applyDetails(await applyDetails(session, name), options)
  return format.history(await historyOf(session, { manifest, mustExist: flags.manifest !== undefined, limit }), options)
}

async function manifestNameOf(id: string | undefined, flags: HistoryFlags): Promise<string | undefined> {
  const { manifest, file } = flags
  const given = [id, manifest, file].filter((each) => each !== undefined)
  if (given.length > 1) {
    const hint = 'Use only one of them.'
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: 'an id, --manifest and --file exclude each other', hint },
      exitCode.usage,
    )
  }
  return file === undefined ? manifest : (await loadManifest(file, { ...flags, isNeeded: needsName })).manifest.name
}
