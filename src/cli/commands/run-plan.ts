// What apply, destroy and release share: show the plan, ask for confirmation, run it with progress, and print the report.

import { exitCode, type Problem } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import type { RunningOptions } from '../../library/options.ts'
import { type Applied, exitCodeOf } from '../../library/outcome.ts'
import type { Run } from '../../library/run.ts'
import type { Format, PlanOptions } from '../../render/format.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { abortOnInterrupt, type TargetFlags, targetOf } from '../environment.ts'
import { type EventsFlag, printReport } from '../events.ts'
import { followRun } from '../follow-run.ts'
import { originOf } from '../origin.ts'
import { printResult } from '../output.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'
import { confirm } from './confirm.ts'

export interface RunFlags extends TextFlags, EventsFlag, TargetFlags {
  readonly showValues?: boolean
  readonly format: FormatName
  readonly autoApprove?: boolean
  readonly lockTimeout: number
  readonly leaseTimeout: number
}

export interface PlanRun {
  readonly flags: RunFlags
  readonly command?: PlanOptions['command']
  /** Standard input contains the manifest or the plan, so it cannot answer the question. */
  readonly readsStandardInput: boolean
  start(options: RunningOptions): Run<Applied>
}

export async function runPlan(plan: PlanRun): Promise<number> {
  const { flags } = plan
  const format = await formats[flags.format]()
  let name = ''
  const { report } = await followRun(flags, 'loading', () =>
    plan.start({
      ...targetOf(flags),
      lockTimeoutMilliseconds: flags.lockTimeout,
      leaseTimeoutMilliseconds: flags.leaseTimeout,
      origin: originOf(process.env),
      signal: abortOnInterrupt(),
      showValues: flags.showValues,
      unattended: flags.autoApprove ?? false,
      approve(shown, refused) {
        name = shown.manifest
        return approve(shown, refused, plan)
      },
    }),
  )
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

const questions = {
  apply: 'Apply these changes?',
  destroy: 'Drop all of this?',
  release: 'Release these objects?',
}

async function approve(
  shown: Plan,
  refused: readonly Problem[],
  { flags, command, readsStandardInput }: PlanRun,
): Promise<boolean> {
  const format = await formats[flags.format]()
  if (!format.isDocument) printRendered(format.plan(shown, { ...renderOptions(flags), ...(command && { command }) }))
  if (shown.changes.length === 0 || flags.autoApprove) return true
  // A plan that will be refused needs no confirmation.
  if (refused.length > 0) return true
  return confirm(questions[command ?? 'apply'], readsStandardInput)
}
