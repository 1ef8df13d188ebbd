// `fdwsync history`: lists past applies, or shows one in detail; or lists past refreshes.

import { exitCode, usageError } from '../../core/errors.ts'
import { applyDetails, history as historyOf, refreshHistory } from '../../library/inspect.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { needsName } from '../../library/needed-references.ts'
import type { Format } from '../../render/format.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { targetOf } from '../environment.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
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
  const manifest = await manifestNameOf(flags.refreshes ? undefined : name, flags)
  const format = await formats[flags.format]()
  printRendered(await renderedHistory(format, { name, manifest, flags }))
  return exitCode.done
}

interface Asked {
  readonly name: string | undefined
  readonly manifest: string | undefined
  readonly flags: HistoryFlags
}

async function renderedHistory(format: Format, { name, manifest, flags }: Asked): Promise<string> {
  const { limit } = flags
  const options = renderOptions(flags)
  const target = targetOf(flags)
  if (flags.refreshes)
    return format.refreshHistory(await refreshHistory({ ...target, pattern: name, manifest, limit }), options)
  if (name !== undefined) return format.applyDetails(await applyDetails(name, target), options)
  return format.history(
    await historyOf({ ...target, manifest, mustExist: flags.manifest !== undefined, limit }),
    options,
  )
}

async function manifestNameOf(id: string | undefined, flags: HistoryFlags): Promise<string | undefined> {
  const { manifest, file } = flags
  const given = [id, manifest, file].filter((each) => each !== undefined)
  if (given.length > 1) throw usageError('an id, --manifest and --file exclude each other', 'Use only one of them.')
  return file === undefined
    ? manifest
    : (await loadManifest(file, { ...loadingOptions(flags, { isNeeded: needsName }), lock: false })).manifest.name
}
