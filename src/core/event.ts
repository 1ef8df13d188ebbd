// What happens while a plan is applied or copies are refreshed, reported as it happens.

import type { Key } from './object.ts'
import type { StageName, Step } from './plan.ts'
import type { StepOutcome } from './report.ts'

/** What happens during an apply, a refresh or a removal. */
export type ApplyEvent =
  /** `holder`: what runs, and by whom. */
  | { readonly type: 'waiting-for-lease'; readonly holder: string }
  /** `objects`: how many the steps change or load. */
  | { readonly type: 'stage-started'; readonly stage: StageName; readonly steps: number; readonly objects: number }
  | {
      readonly type: 'step-started'
      readonly stage: StageName
      readonly key: Key
      readonly title: string
      /** `populate`: its data is loaded or refreshed. */
      readonly action: Step['action']
    }
  | {
      readonly type: 'step-finished'
      readonly stage: StageName
      readonly key: Key
      readonly title: string
      readonly outcome: StepOutcome
    }
  /** The progress of a long load, every few seconds. */
  | {
      readonly type: 'progress'
      readonly stage: StageName
      readonly key: Key
      readonly title: string
      readonly milliseconds: number
      /** How long it took last time. */
      readonly lastMilliseconds?: number
      /** The index that is being built, and how many rows are done. */
      readonly index?: string
      readonly rows?: number
      /** The sessions whose locks it waits for. */
      readonly waitsFor?: string
    }
  | { readonly type: 'retrying'; readonly stage: StageName; readonly reason: string; readonly attempt: number }
  /** Does not prevent anything, but whoever runs the command should know it. */
  | { readonly type: 'warning'; readonly reason: string }

/** A statement that has ended, for a log. */
export interface StatementLog {
  readonly type: 'statement'
  /** What the session is for. */
  readonly purpose: string
  /** One statement, or several that were sent at once. Values of parameters are not part of it. */
  readonly sql: string
  readonly milliseconds: number
  /** How many it returned or wrote; undefined if it does neither. */
  readonly rows?: number
  /** Why it failed. */
  readonly error?: string
}
