import { refresh as refreshManifest } from '../../api/refresh.ts'
import { exitCode } from '../../core/errors.ts'
import { refreshJson } from '../../render/json/plan.ts'
import { renderEvent } from '../../render/text/events.ts'
import { renderRefreshText } from '../../render/text/report.ts'
import { abortOnInterrupt, columnsOf, connectionOf, connectorFor, loadManifest, styleOf } from '../environment.ts'

export interface RefreshFlags {
  readonly file: string
  readonly database?: string
  readonly format: 'text' | 'json'
  readonly jobs: number
  readonly sourceTimeout: number
}

/** Brings the materialized views up to date. */
export async function refresh(names: readonly string[], flags: RefreshFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const parsed = await loadManifest(flags.file)
  const style = styleOf('stderr')
  const report = await refreshManifest(parsed, names, connectorFor(settings, parsed.secrets), {
    jobs: flags.jobs,
    sourceTimeoutMilliseconds: flags.sourceTimeout,
    secrets: parsed.secrets,
    signal: abortOnInterrupt(),
    emit(event) {
      // The table at the end tells how each went.
      const line = event.type === 'step-finished' ? undefined : renderEvent(event, { style })
      if (line !== undefined) process.stderr.write(`${line}\n`)
    },
  })
  process.stdout.write(
    flags.format === 'json'
      ? `${JSON.stringify(refreshJson(report), undefined, 2)}\n`
      : renderRefreshText(report, { style: styleOf('stdout'), columns: columnsOf() }),
  )
  return report.views.every(({ outcome }) => outcome.status === 'applied') ? exitCode.done : exitCode.dataNotLoaded
}
