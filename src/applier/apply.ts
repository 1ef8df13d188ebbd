import { randomUUID } from 'node:crypto'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Report, Step, StepOutcome, StepReport } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Session } from '../db/session.ts'
import { build } from './build.ts'
import { CommitInDoubt } from './commit.ts'
import type { PlanInHand } from './context.ts'
import { type ApplyContext, type ApplyOptions, type Connect, failureOf, reportOf, reportsOf } from './context.ts'
import { type DefineFailure, define } from './define.ts'
import { load } from './load.ts'
import { runGraph } from './run-graph.ts'
import { sessionPool } from './session-pool.ts'
import { type CheckSources, type Relation, sourceChecks } from './sources.ts'

/**
 * Makes the database as a plan says. Definitions are one transaction; what reads data comes after it.
 * The caller holds the manifest's lease, on a session of its own, for as long as this runs.
 * @throws FdwsyncError if nothing was done: the plan is stale (exit 3) or something is not allowed (exit 4).
 */
export async function applyPlan(
  inHand: PlanInHand,
  connect: Connect,
  lease: Session,
  secrets: readonly Secret[],
  options: ApplyOptions,
): Promise<Report> {
  const context: ApplyContext = {
    inHand,
    applyId: randomUUID(),
    options,
    connect,
    secrets,
    checkLease: () => checkLease(lease),
  }
  const defined = await runDefine(context)
  const later = await runLater(context, whyNotLater(defined))
  return { manifest: inHand.plan.manifest, applyId: context.applyId, steps: [...defined, ...later] }
}

function checkLease(lease: Session): void {
  if (!lease.isLost()) return
  throw new FdwsyncError({
    message: 'the connection that holds the lease was lost, so another apply may be running',
    hint: 'Plan and apply again.',
  })
}

async function runDefine(context: ApplyContext): Promise<readonly StepReport[]> {
  const { plan } = context.inHand
  const steps = plan.steps.filter(({ stage }) => stage === 'define')
  if (plan.changes.length === 0) return []
  context.options.emit({ type: 'stage-started', stage: 'define', steps: steps.length })
  const started = performance.now()
  const failure = await define(context)
  const milliseconds = performance.now() - started
  const report = steps.map((step) =>
    reportOf(step, failure ? failedOutcome(failure, step, context) : { status: 'applied', milliseconds }),
  )
  for (const { stage, key, title, outcome } of report)
    context.options.emit({ type: 'step-finished', stage, key, title, outcome })
  if (failure && !(failure.error instanceof CommitInDoubt) && (!failure.step || isDecision(failure.error)))
    // Without a step of its own to blame there is nothing for a report to say: nothing was done.
    throw failure.error
  return report
}

/** Refused or stale, rather than failed. */
function isDecision(error: unknown): boolean {
  return error instanceof FdwsyncError && error.exitCode !== exitCode.failed
}

function failedOutcome({ step: guilty, error }: DefineFailure, step: Step, context: ApplyContext): StepOutcome {
  if (error instanceof CommitInDoubt) return { status: 'in-doubt', reason: error.message }
  if (guilty?.id === step.id) return failureOf(error, context.secrets)
  return { status: 'skipped', reason: 'rolled back with the others: definitions are one transaction' }
}

/** Why nothing can be loaded after such definitions. */
function whyNotLater(defined: readonly StepReport[]): string | undefined {
  if (defined.some(({ outcome }) => outcome.status === 'in-doubt'))
    return 'it is not known whether the definitions were applied'
  return defined.some(({ outcome }) => outcome.status !== 'applied') ? 'the definitions were not applied' : undefined
}

async function runLater(context: ApplyContext, whyNot: string | undefined): Promise<readonly StepReport[]> {
  const { options, inHand, connect, secrets } = context
  const steps = inHand.plan.steps.filter(({ stage }) => stage !== 'define')
  if (whyNot !== undefined) return steps.flatMap((step) => reportsOf(step, { status: 'skipped', reason: whyNot }))
  if (steps.length === 0) return []
  options.emit({ type: 'stage-started', stage: 'populate', steps: steps.length })
  const pool = sessionPool(connect, options.signal)
  const check = sourceChecks(connect, options.sourceTimeoutMilliseconds, options.signal)
  const finished = ({ stage, key, title }: Step, outcome: StepOutcome) =>
    options.emit({ type: 'step-finished', stage, key, title, outcome })
  try {
    const outcomes = await runGraph(steps, {
      jobs: options.jobs,
      signal: options.signal,
      id: ({ id }) => id,
      after: ({ after }) => after,
      locks: ({ locks }) => locks,
      skipped: finished,
      async run(step) {
        options.emit({ type: 'step-started', stage: step.stage, key: step.key, title: step.title })
        const outcome = await attempt(step)
        finished(step, outcome)
        return outcome
      },
    })
    return outcomes.flatMap(([step, outcome]) => reportsOf(step, outcome))
  } finally {
    await pool.close()
  }

  async function attempt(step: Step): Promise<StepOutcome> {
    const started = performance.now()
    try {
      context.checkLease()
      await pool.use((session) => runStep(context, session, check, step))
      return { status: 'applied', milliseconds: performance.now() - started }
    } catch (error) {
      return error instanceof CommitInDoubt ? { status: 'in-doubt', reason: error.message } : failureOf(error, secrets)
    }
  }
}

async function runStep(context: ApplyContext, session: Session, check: CheckSources, step: Step): Promise<void> {
  if (step.action === 'replace' || step.stage === 'build') return build(context, session, check, step)
  const { searchPath } = context.inHand.plan
  await load(session, check, { view: relationOf(step.key), searchPath, statements: step.statements })
}

function relationOf(key: Key): Relation {
  const id = idOf(key)
  if (id && 'schema' in id) return id
  throw new Error('a step that loads something which is no relation')
}
