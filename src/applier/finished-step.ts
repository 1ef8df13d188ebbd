// A step together with its outcome, and how it is reported.

import type { Step } from '../core/plan.ts'
import type { StepOutcome, StepReport } from '../core/report.ts'

export type FinishedStep = readonly [Step, StepOutcome]

/** One report for each object that the step changes. */
export function reportsOf([step, outcome]: FinishedStep): readonly StepReport[] {
  const { stage, action } = step
  if (step.action !== 'replace') return [{ stage, action, key: step.key, title: step.title, outcome }]
  const failed = outcome.status === 'failed' ? step.members.find(({ key }) => key === outcome.of) : undefined
  return step.members.map(({ key, title }) => {
    const own: StepOutcome =
      failed === undefined || failed.key === key
        ? outcome
        : { status: 'skipped', reason: `it can only be replaced together with ${failed.title}` }
    return { stage, action, key, title, outcome: own }
  })
}
