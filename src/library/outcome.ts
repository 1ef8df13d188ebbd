// What became of an apply.

import { exitCodeOf as exitCodeOfReport, nothingDone as nothingDoneBy } from '../api/apply.ts'
import type { Plan } from '../core/plan.ts'
import type { Report } from '../core/report.ts'

export type { Applied } from '../api/apply.ts'

/** The exit code that the command has for the report of an apply. */
export function exitCodeOf(report: Report): number {
  return exitCodeOfReport(report)
}

/** The report of a plan without changes. */
export function nothingDone(plan: Plan): Report {
  return nothingDoneBy(plan)
}
