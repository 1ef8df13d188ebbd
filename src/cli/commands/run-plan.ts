// What apply and destroy share: show the plan, ask for confirmation, run it with progress, and print the report.

import { type Applied, type Approve, exitCodeOf, reasonsToRefuse } from '../../api/apply.ts'
import type { ApplyOptions } from '../../applier/context.ts'
import { exitCode } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import type { Format } from '../../render/format.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { abortOnInterrupt } from '../environment.ts'
import { type EventsFlag, eventWriter, printReport } from '../events.ts'
import { originOf } from '../origin.ts'
import { printResult } from '../output.ts'
import { progressOf } from '../progress.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'
import { confirm } from './confirm.ts'

export interface RunFlags extends TextFlags, EventsFlag {
  readonly showValues?: boolean
  readonly format: FormatName
  readonly autoApprove?: boolean
  readonly lockTimeout: number
  readonly leaseTimeout: number
}

export interface Run extends Pick<ApplyOptions, 'allow' | 'jobs' | 'maxConnections' | 'sourceTimeoutMilliseconds'> {
  readonly flags: RunFlags
  readonly destroys: boolean
  /** Standard input contains the manifest, so it cannot answer the question. */
  readonly readsStandardInput: boolean
  start(options: ApplyOptions, approve: Approve): Promise<Applied>
}

export async function runPlan(run: Run): Promise<number> {
  const { flags, allow, jobs, maxConnections, sourceTimeoutMilliseconds } = run
  const [progress, write] = [progressOf(flags), eventWriter(flags)]
  const options: ApplyOptions = {
    allow,
    jobs,
    maxConnections,
    sourceTimeoutMilliseconds,
    lockTimeoutMilliseconds: flags.lockTimeout,
    leaseTimeoutMilliseconds: flags.leaseTimeout,
    origin: originOf(process.env),
    signal: abortOnInterrupt(),
    emit(event) {
      write(event)
      progress.print(event)
    },
  }
  const format = await formats[flags.format]()
  let name = ''
  const starting = run.start(options, (plan, withReferences) => {
    const shown = flags.showValues ? plan : withReferences
    name = shown.manifest
    return approve(plan, shown, run)
  })
  const { report } = await starting.finally(progress.end)
  if (!report) return reportDeclined(format)
  // The plan has already printed that there is nothing to do.
  if (report.applyId === undefined && !format.isDocument) return exitCodeOf(report)
  printReport(format.report({ ...report, manifest: name }, renderOptions(flags)), flags)
  return exitCodeOf(report)
}

/** The text has been printed with the question. */
function reportDeclined({ failure }: Format): number {
  const problem = { code: 'usage/declined', message: 'the plan was not confirmed; nothing was changed' } as const
  if (failure) printResult(failure({ exitCode: exitCode.refused, problems: [problem] }))
  return exitCode.refused
}

async function approve(plan: Plan, shown: Plan, { flags, allow, destroys, readsStandardInput }: Run): Promise<boolean> {
  const format = await formats[flags.format]()
  if (!format.isDocument) printRendered(format.plan(shown, { ...renderOptions(flags), destroys }))
  if (plan.changes.length === 0 || flags.autoApprove) return true
  // A plan that will be refused needs no confirmation.
  if (reasonsToRefuse(plan, allow).length > 0) return true
  return confirm(destroys ? 'Drop all of this?' : 'Apply these changes?', readsStandardInput)
}
