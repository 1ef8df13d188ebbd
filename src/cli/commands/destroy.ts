import { exitCodeOf, reasonsToRefuse } from '../../api/apply.ts'
import { destroy as destroyManifest } from '../../api/destroy.ts'
import { exitCode } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { reportJson } from '../../render/json/plan.ts'
import { renderEvent } from '../../render/text/events.ts'
import { renderPlanText } from '../../render/text/plan.ts'
import { renderReportText } from '../../render/text/report.ts'
import { abortOnInterrupt, columnsOf, connectionOf, connectorFor, loadManifest, styleOf } from '../environment.ts'
import { originOf } from '../origin.ts'
import { ask } from './ask.ts'

export interface DestroyFlags {
  readonly file: string
  readonly manifest?: string
  readonly database?: string
  readonly format: 'text' | 'json'
  readonly autoApprove?: boolean
  readonly lockTimeout: number
  readonly leaseTimeout: number
}

const allow = ['drops-data']

/** Drops what a manifest owns. */
export async function destroy(flags: DestroyFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const manifest = flags.manifest ?? (await loadManifest(flags.file, false)).manifest.name
  const style = styleOf('stderr')
  const { report } = await destroyManifest(
    {
      manifest,
      connect: connectorFor(settings, []),
      unattended: flags.autoApprove ?? false,
      options: {
        lockTimeoutMilliseconds: flags.lockTimeout,
        leaseTimeoutMilliseconds: flags.leaseTimeout,
        // Nothing is loaded.
        sourceTimeoutMilliseconds: 0,
        jobs: 1,
        allow,
        origin: originOf(process.env),
        signal: abortOnInterrupt(),
        emit(event) {
          const line = renderEvent(event, { style })
          if (line !== undefined) process.stderr.write(`${line}\n`)
        },
      },
    },
    (plan) => approve(plan, flags),
  )
  if (!report) return exitCode.refused
  // The plan has said it already.
  if (report.applyId === undefined && flags.format === 'text') return exitCode.done
  process.stdout.write(
    flags.format === 'json'
      ? `${JSON.stringify(reportJson(report), undefined, 2)}\n`
      : renderReportText(report, { style: styleOf('stdout'), columns: columnsOf() }),
  )
  return exitCodeOf(report)
}

async function approve(plan: Plan, flags: DestroyFlags): Promise<boolean> {
  const text = { style: styleOf('stdout'), columns: columnsOf(), destroys: true }
  if (flags.format === 'text') process.stdout.write(renderPlanText(plan, text))
  if (plan.changes.length === 0 || flags.autoApprove) return true
  // Nobody is asked about what would be refused anyway.
  if (reasonsToRefuse(plan, allow).length > 0) return true
  const isTaken = flags.manifest === undefined && flags.file === '-'
  return ask('Destroy all this?', isTaken)
}
