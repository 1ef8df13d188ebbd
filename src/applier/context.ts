import type { ApplyEvent } from '../core/event.ts'
import type { Origin } from '../core/history.ts'
import type { Step } from '../core/plan.ts'
import type { StepOutcome, StepReport } from '../core/report.ts'
import type { Secret } from '../core/secret.ts'
import type { Connect } from '../db/connect.ts'
import type { ApplyRecord } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

export interface ApplyOptions {
  readonly lockTimeoutMilliseconds: number
  readonly leaseTimeoutMilliseconds: number
  /** How long a source may take to answer before what needs it is given up. */
  readonly sourceTimeoutMilliseconds: number
  /** How many builds and loads at once. */
  readonly jobs: number
  /** Hazards that are accepted. */
  readonly allow: readonly string[]
  /** Where the apply comes from, for the ledger. */
  readonly origin?: Origin
  emit(event: ApplyEvent): void
  /** Aborting cancels what runs; what is committed stays. */
  readonly signal: AbortSignal
}

/** What the parts of one apply share. */
export interface ApplyContext {
  readonly inHand: PlanInHand
  readonly applyId: string
  readonly options: ApplyOptions
  readonly connect: Connect
  readonly secrets: readonly Secret[]
  /** Throws if the lease is no longer held: somebody else may be applying by now. */
  checkLease(): void
}

/** An apply as the ledger records it. */
export function recordOf({ applyId, inHand, options }: ApplyContext): ApplyRecord {
  return { id: applyId, plan: inHand.plan, manifestDigest: inHand.manifestDigest, origin: options.origin }
}

function reportOf(step: Step, outcome: StepOutcome): StepReport {
  return { stage: step.stage, key: step.key, title: step.title, action: step.action, outcome }
}

/** Of each object that a step is about. */
export function reportsOf(step: Step, outcome: StepOutcome): readonly StepReport[] {
  if (step.action !== 'replace') return [reportOf(step, outcome)]
  const guilty = outcome.status === 'failed' ? step.members.find(({ key }) => key === outcome.of) : undefined
  return step.members.map(({ key, title }) => {
    const isSpared = guilty !== undefined && guilty.key !== key
    const own: StepOutcome = isSpared
      ? { status: 'skipped', reason: `it is replaced together with ${guilty.title}` }
      : outcome
    return { stage: step.stage, key, title, action: step.action, outcome: own }
  })
}
