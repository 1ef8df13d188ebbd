// `fdwsync history`: lists past applies, or shows one in detail.

import { applyDetails, history as historyOf } from '../../api/history.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
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
  readonly format: FormatName
}

export async function history(id: string | undefined, flags: HistoryFlags): Promise<number> {
  const settings = targetSettings(flags)
  const manifest = await manifestNameOf(id, flags)
  const format = await formats[flags.format]()
  const session = await connectTo(settings, [])('history')
  try {
    const text =
      id === undefined
        ? format.history(
            await historyOf(session, { manifest, mustExist: flags.manifest !== undefined, limit: flags.limit }),
            renderOptions(flags),
          )
        : format.applyDetails(await applyDetails(session, id), renderOptions(flags))
    printRendered(text)
    return exitCode.done
  } finally {
    await session.close()
  }
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
