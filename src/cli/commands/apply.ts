import { exitCodeOf, planAndApply, reasonsToRefuse } from '../../api/apply.ts'
import { exitCode } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { reportJson } from '../../render/json/plan.ts'
import { renderEvent } from '../../render/text/events.ts'
import { renderReportText } from '../../render/text/report.ts'
import { abortOnInterrupt, columnsOf, connectionOf, connectorFor, loadManifestOrPlan, styleOf } from '../environment.ts'
import { originOf } from '../origin.ts'
import { ask } from './ask.ts'
import { renderPlan } from './plan.ts'

export interface ApplyFlags {
  readonly file: string
  readonly database?: string
  readonly format: 'text' | 'json'
  readonly populate: boolean
  readonly offline?: boolean
  readonly autoApprove?: boolean
  readonly takeOver?: boolean
  readonly allow?: readonly string[]
  readonly lockTimeout: number
  readonly leaseTimeout: number
  readonly sourceTimeout: number
  readonly jobs: number
}

/** Plans, asks, and makes the database as declared. */
export async function apply(flags: ApplyFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const found = await loadManifestOrPlan(flags.file, settings)
  if ('inPlace' in found) return tellInPlace(found.inPlace, flags)
  const { parsed } = found
  const style = styleOf('stderr')
  const { report } = await planAndApply(
    {
      parsed,
      connect: connectorFor(settings, parsed.secrets),
      populate: flags.populate,
      offline: flags.offline ?? false,
      takeOver: flags.takeOver ?? false,
      unattended: flags.autoApprove ?? false,
      options: {
        lockTimeoutMilliseconds: flags.lockTimeout,
        leaseTimeoutMilliseconds: flags.leaseTimeout,
        sourceTimeoutMilliseconds: flags.sourceTimeout,
        jobs: flags.jobs,
        allow: flags.allow ?? [],
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

function tellInPlace(plan: Plan, { format }: ApplyFlags): number {
  const report = { manifest: plan.manifest, applyId: undefined, steps: [] }
  process.stdout.write(
    format === 'text' ? renderPlan(plan, 'text') : `${JSON.stringify(reportJson(report), undefined, 2)}\n`,
  )
  return exitCode.done
}

/** Shows the plan, and asks unless it was said not to. */
async function approve(plan: Plan, flags: ApplyFlags): Promise<boolean> {
  if (flags.format === 'text') process.stdout.write(renderPlan(plan, 'text'))
  if (plan.changes.length === 0 || flags.autoApprove) return true
  // Nobody is asked about what would be refused anyway.
  if (reasonsToRefuse(plan, flags.allow ?? []).length > 0) return true
  return ask('Apply this?', flags.file === '-')
}
