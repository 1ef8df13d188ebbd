import { applyDetails, history as historyOf } from '../../api/history.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { applyJson, historyJson } from '../../render/json/history.ts'
import { renderApplyText, renderHistoryText } from '../../render/text/history.ts'
import { columnsOf, connectionOf, connectorFor, loadManifest, styleOf } from '../environment.ts'

export interface HistoryFlags {
  readonly manifest?: string
  readonly file?: string
  readonly database?: string
  readonly limit: number
  readonly format: 'text' | 'json'
}

/** Tells who applied what, or all of one apply. */
export async function history(id: string | undefined, flags: HistoryFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const manifest = await manifestNameOf(id, flags)
  const options = { style: styleOf('stdout'), columns: columnsOf() }
  const session = await connectorFor(settings, [])('history')
  try {
    if (id === undefined) {
      const found = await historyOf(session, { manifest, limit: flags.limit })
      write(flags.format === 'json' ? json(historyJson(found)) : renderHistoryText(found, options))
    } else {
      const found = await applyDetails(session, id)
      write(flags.format === 'json' ? json(applyJson(found)) : renderApplyText(found, options))
    }
    return exitCode.done
  } finally {
    await session.close()
  }
}

async function manifestNameOf(id: string | undefined, { manifest, file }: HistoryFlags): Promise<string | undefined> {
  const given = [id, manifest, file].filter((each) => each !== undefined)
  if (given.length > 1)
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: 'an id, --manifest and --file exclude each other', hint: 'Pass one.' },
      exitCode.usage,
    )
  // Only its name is of interest, so nothing that it refers to has to be there.
  return file === undefined ? manifest : (await loadManifest(file, false)).manifest.name
}

function json(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function write(text: string): void {
  process.stdout.write(text)
}
