// Runs the stages of definitions: `prepare`, if the plan has such steps, and `define`.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { StageName, Step } from '../core/plan.ts'
import type { StepOutcome } from '../core/report.ts'
import { CommitOutcomeUnknown } from '../loader/commit-watchdog.ts'
import { outcomeOfError } from '../loader/failure.ts'
import { countObjects } from './applied-changes.ts'
import type { ApplyContext } from './context.ts'
import { type Defined, type DefineFailure, type Definitions, define } from './define.ts'
import type { FinishedStep } from './finished-step.ts'
import { recordOutcome } from './record-outcome.ts'

export interface FinishedDefinitions {
  readonly finished: readonly FinishedStep[]
  /** See {@link Defined}. */
  readonly state: Defined['state']
}

/** @throws FdwsyncError if nothing was changed and no step is responsible */
export async function runDefinitions(context: ApplyContext, started: number): Promise<FinishedDefinitions> {
  const { plan } = context.inHand
  const ofStage = (wanted: StageName) => plan.steps.filter(({ stage }) => stage === wanted)
  if (ofStage('prepare').length === 0) {
    const defined = await runStage(context, { stage: 'define', fingerprint: plan.fingerprint })
    return { finished: defined.finished, state: defined.defined?.state }
  }
  const prepared = await runStage(context, { stage: 'prepare', fingerprint: plan.fingerprint })
  const skipDefine = (reason: string) =>
    ofStage('define').map((step): FinishedStep => [step, { status: 'skipped', reason }])
  if (!prepared.defined) {
    const skipped = skipDefine('a step that must be committed before it was not applied')
    return { finished: [...prepared.finished, ...skipped], state: undefined }
  }
  try {
    const defined = await runStage(context, { stage: 'define', fingerprint: prepared.defined.fingerprint })
    return { finished: [...prepared.finished, ...defined.finished], state: defined.defined?.state }
  } catch (error) {
    // Nothing of `define` was applied, but `prepare` is committed, and the ledger must show that.
    const reason = error instanceof Error ? error.message : String(error)
    await recordOutcome(context, [...prepared.finished, ...skipDefine(reason)], [], performance.now() - started)
    throw error
  }
}

interface FinishedStage {
  readonly finished: readonly FinishedStep[]
  /** Undefined if the stage failed. */
  readonly defined: Defined | undefined
}

async function runStage(context: ApplyContext, definitions: Definitions): Promise<FinishedStage> {
  const { plan } = context.inHand
  const { emit } = context.options
  if (plan.changes.length === 0)
    return { finished: [], defined: { fingerprint: definitions.fingerprint, state: undefined } }
  const steps = plan.steps.filter(({ stage }) => stage === definitions.stage)
  emit({ type: 'stage-started', stage: definitions.stage, steps: steps.length, objects: countObjects(plan, steps) })
  const started = performance.now()
  const result = await define(context, definitions)
  const milliseconds = performance.now() - started
  const failure = 'error' in result ? result : undefined
  const finished = steps.map((step): FinishedStep => {
    return [step, failure ? outcomeOfFailure(failure, step, context) : { status: 'applied', milliseconds }]
  })
  for (const [{ stage, key, title }, outcome] of finished) emit({ type: 'step-finished', stage, key, title, outcome })
  if (failure && !(failure.error instanceof CommitOutcomeUnknown) && (!failure.step || isDecision(failure.error)))
    // No step is responsible, and nothing was changed: this is an error, not a report.
    throw failure.error
  return { finished, defined: 'error' in result ? undefined : result }
}

/** Whether the apply was refused or the plan is stale, as opposed to a failure. */
function isDecision(error: unknown): boolean {
  return error instanceof FdwsyncError && error.exitCode !== exitCode.failed
}

function outcomeOfFailure(failure: DefineFailure, step: Step, { hidden }: ApplyContext): StepOutcome {
  // If the outcome of COMMIT is unknown, so is that of every step.
  if (failure.step?.id === step.id || failure.error instanceof CommitOutcomeUnknown)
    return outcomeOfError(failure.error, hidden)
  return { status: 'skipped', reason: 'rolled back: all definitions are one transaction' }
}
