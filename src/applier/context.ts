import type { DeclaredObject, WantedObject } from '../core/change.ts'
import { FdwsyncError, type Problem } from '../core/errors.ts'
import type { Origin } from '../core/history.ts'
import type { Key } from '../core/object.ts'
import type { ApplyEvent, Plan, Step, StepOutcome, StepReport } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import { redact } from '../core/secret.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import type { Closures } from '../introspector/closure.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { ManifestProof } from '../introspector/manifest-proof.ts'
import type { Sourced } from '../introspector/sourced.ts'

/** A plan and what it was made from, which applying it needs. */
export interface PlanInHand {
  readonly plan: Plan
  readonly declared: readonly DeclaredObject[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly digests: RunDigests
  /** What the sources have said of what is imported or mirrored. */
  readonly sourced: ReadonlyMap<Key, Sourced>
  /** Keys of the ledger's entries, today's and those that they get, since what they stand for is renamed. */
  readonly rekeyed: ReadonlyMap<Key, Key>
  /** Of what the plan has tried out and found to be as declared. */
  readonly proven: Closures
  /** Of a plan with nothing to do, what proves later that it still has nothing to do. */
  readonly proof: ManifestProof | undefined
  /** The SHA-256 of the manifest's text; undefined where that could help to guess a secret. */
  readonly manifestDigest: string | undefined
  /** Why it is not known who owns what: then nothing can be applied. */
  readonly ownershipUnknown: Problem | undefined
}

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

/** Opens another connection to the target. Only the one for definitions carries secrets. */
export type Connect = (purpose: string, secrets?: readonly Secret[]) => Promise<Session>

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

/** Something that went wrong with one of several that are made together. */
export class PartFailure extends Error {
  readonly key: Key

  constructor(key: Key, cause: unknown) {
    super('', { cause })
    this.key = key
  }
}

/** A failure as an outcome. What the server said, without secrets. */
export function failureOf(error: unknown, secrets: readonly Secret[]): StepOutcome & { status: 'failed' } {
  if (error instanceof PartFailure) return { ...failureOf(error.cause, secrets), of: error.key }
  if (isDatabaseError(error)) {
    // Of several lines: a list of what is in the way, for instance.
    const detail = error.detail?.trim().replaceAll('\n', '; ')
    const reason = `${error.isOfSource ? 'the source says: ' : ''}${error.message}${detail ? ` (${detail})` : ''}`
    return {
      status: 'failed',
      reason: redact(reason, secrets),
      ...(error.hint ? { hint: redact(error.hint, secrets) } : {}),
    }
  }
  if (error instanceof FdwsyncError) {
    const hint = error.problems.flatMap((problem) => problem.hint ?? []).join(' ')
    return { status: 'failed', reason: redact(error.message, secrets), ...(hint ? { hint } : {}) }
  }
  // Anything else is a bug and must be seen as one.
  throw error
}
