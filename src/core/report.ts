// How an apply or a refresh ended, step by step.

import type { Counts } from './counts.ts'
import type { Key } from './object.ts'
import type { StageName, Step, Undetermined, Warning } from './plan.ts'
import type { StrategyName } from './refresh-policy.ts'

/** What became of a step. */
export type StepOutcome =
  /** `unchanged`: why a refresh had nothing to do, if it was skipped because its source has not changed. */
  | { readonly status: 'applied'; readonly milliseconds: number; readonly unchanged?: string }
  /** `of`: the member that failed, for a step that replaces several objects. */
  | { readonly status: 'failed'; readonly reason: string; readonly hint?: string; readonly of?: Key }
  | { readonly status: 'skipped'; readonly reason: string }
  /** The connection was lost during COMMIT, so the outcome is unknown. */
  | { readonly status: 'in-doubt'; readonly reason: string }

export interface StepReport {
  readonly stage: StageName
  readonly key: Key
  readonly title: string
  readonly action: Step['action']
  readonly outcome: StepOutcome
}

/** What became of each step of an apply. */
export interface Report {
  readonly manifest: string
  /** As in the ledger's table `apply`; undefined if there was nothing to do. */
  readonly applyId: string | undefined
  readonly steps: readonly StepReport[]
  readonly planned: Counts
  /** Equal to what was planned if every step was applied. */
  readonly applied: Counts
  /** Warnings of the server, and others that the plan could not show. */
  readonly warnings: readonly Warning[]
  /** What the plan could not determine, so that the apply did nothing about it. */
  readonly undetermined: readonly Undetermined[]
}

/** A table or type of a source that a manifest imports or mirrors, and that could not be imported. */
export interface NotImported {
  readonly key: Key
  readonly title: string
  readonly reason: string
}

/** `planned`: in a preview, what would be done. */
export type RefreshOutcome = StepOutcome | { readonly status: 'planned' }

/** What became of each copy of a refresh. */
export interface RefreshReport {
  readonly manifest: string
  /** Whether this is a preview. */
  readonly isPreview: boolean
  readonly views: readonly {
    readonly key: Key
    readonly title: string
    /** The strategy by which it was refreshed; undefined if its refresh did not start. */
    readonly how: StrategyName | undefined
    /** Why that strategy was used. */
    readonly because?: string | undefined
    /** The strategy that was tried first, and turned out to be impossible. */
    readonly insteadOf?: StrategyName | undefined
    /** What would keep readers from waiting, if they had to. */
    readonly hint?: string | undefined
    /** The number of rows that it holds; undefined if unknown. */
    readonly rows?: string | undefined
    /** How many rows were written, by a strategy that writes only those that differ. */
    readonly written?: { readonly inserted: string; readonly updated: string; readonly deleted: string } | undefined
    /** The size of its data afterwards, or before in a preview; undefined if unknown. */
    readonly bytes?: number | undefined
    /** How long its last refresh by the same strategy took; undefined if there was none. */
    readonly lastMilliseconds?: number | undefined
    readonly outcome: RefreshOutcome
  }[]
  /** Warnings of the server. */
  readonly warnings: readonly Warning[]
  /** What the last apply could not import, so that it is not among the views. */
  readonly notImported: readonly NotImported[]
}

/** Whether no object was changed and no data loaded. The ledger may have been. */
export function isNothingDone({ applied }: Report): boolean {
  return changed(applied) === 0
}

/** Whether there was nothing else to do. */
export function isRecordedOnly({ planned }: Report): boolean {
  return changed(planned) === 0
}

function changed({ create, alter, replace, drop, load }: Counts): number {
  return create + alter + replace + drop + load
}
