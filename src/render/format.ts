// The contract of an output format. The formats themselves are listed in formats.ts.

import type { ChalkInstance } from 'chalk'
import type { Failure, Problem } from '../core/errors.ts'
import type { ApplyDetails, History, RefreshHistory } from '../core/history.ts'
import type { ManifestList } from '../core/manifest-summary.ts'
import type { Plan } from '../core/plan.ts'
import type { RefreshReport, Report } from '../core/report.ts'
import type { StatusReport } from '../core/status.ts'
import type { VerifyReport } from '../core/verification.ts'
import type { Variable } from '../manifest/manifest.ts'

/** The terminal that a text is rendered for. Documents do not depend on it. */
export interface RenderOptions {
  readonly style: ChalkInstance
  /** The width of the terminal; infinite for a file or a pipe, where no line is broken. */
  readonly columns: number
  /** Lists every object, however many are alike. */
  readonly verbose?: boolean
}

export interface PlanOptions extends RenderOptions {
  /** The command, if it plans something else than what a manifest declares. `destroy` certainly drops data. */
  readonly command?: 'destroy' | 'release'
}

/** What `validate` reports about a valid manifest. */
export interface Validation {
  readonly manifest: string
  readonly variables: readonly Variable[]
  readonly warnings: readonly Problem[]
}

/** A format for a plan, or for a check of a manifest. */
export interface PlanFormat {
  /** A document: a command prints exactly one, so `apply` and `destroy` print the report but not the plan. */
  readonly isDocument: boolean
  /** Whether its lines are commands to the CI runner, which must not be escaped again on the way out. */
  readonly commandsRunner?: true
  /** Renders the failure of a command as a document, in addition to the text on standard error. */
  failure?(failure: Failure): string
  validation?(validation: Validation): string
  /** @throws FdwsyncError if the format cannot express the plan */
  plan(plan: Plan, options: PlanOptions): string
}

/** A format for the result of every command. */
export interface Format extends PlanFormat {
  report(report: Report, options: RenderOptions): string
  refresh(report: RefreshReport, options: RenderOptions): string
  verify(report: VerifyReport, options: RenderOptions): string
  status(report: StatusReport, options: RenderOptions): string
  history(history: History, options: RenderOptions): string
  applyDetails(details: ApplyDetails, options: RenderOptions): string
  refreshHistory(history: RefreshHistory, options: RenderOptions): string
  manifests(list: ManifestList, options: RenderOptions): string
}
