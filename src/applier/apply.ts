import { randomUUID } from 'node:crypto'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { idOf, type Key, type Relation } from '../core/object.ts'
import type { StageName, Step } from '../core/plan.ts'
import type { Report, StepOutcome } from '../core/report.ts'
import type { Secret } from '../core/secret.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { isLoad, pooledConnect, withSession } from '../db/session-pool.ts'
import { type RefreshRecord, recordRefreshes, tryInSavepoint } from '../ledger/refresh-log.ts'
import { lockLedger } from '../ledger/trust.ts'
import { recordSteps } from '../ledger/write.ts'
import { CommitOutcomeUnknown } from '../loader/commit-watchdog.ts'
import { failureOutcome } from '../loader/failure.ts'
import { load } from '../loader/load.ts'
import { runGraph } from '../loader/scheduler.ts'
import { type SourceWatchdog, sourceWatchdog } from '../loader/source-watchdog.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { build } from './build.ts'
import { type ApplyContext, type ApplyOptions, reportsOf } from './context.ts'
import { type DefineFailure, type Definitions, define } from './define.ts'
import { type FinishedStep, recordOutcome } from './record-outcome.ts'

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
  const started = performance.now()
  const defined = await runDefinitions(context, started)
  const failedLoads: RefreshRecord[] = []
  const later = await runLater(context, whyNotLater(defined), failedLoads)
  const ended = [...defined, ...later]
  await recordOutcome(context, ended, failedLoads, performance.now() - started)
  const steps = ended.flatMap(([step, outcome]) => reportsOf(step, outcome))
  return { manifest: inHand.plan.manifest, applyId: context.applyId, steps }
}

function checkLease(lease: Session): void {
  if (!lease.isLost()) return
  throw new FdwsyncError({
    code: 'lease/lost',
    message: 'the connection that holds the lease was lost, so another apply may be running',
    hint: 'Plan and apply again.',
  })
}

/** What must be committed first, if there is anything, and then all other definitions. */
async function runDefinitions(context: ApplyContext, started: number): Promise<readonly FinishedStep[]> {
  const { plan } = context.inHand
  const of = (wanted: StageName) => plan.steps.filter(({ stage }) => stage === wanted)
  if (of('prepare').length === 0)
    return (await runDefine(context, { stage: 'define', fingerprint: plan.fingerprint })).ended
  const prepared = await runDefine(context, { stage: 'prepare', fingerprint: plan.fingerprint })
  const skipped = (reason: string) => of('define').map((step): FinishedStep => [step, { status: 'skipped', reason }])
  if (prepared.fingerprint === undefined)
    return [...prepared.ended, ...skipped('what must be committed before was not applied')]
  try {
    const defined = await runDefine(context, { stage: 'define', fingerprint: prepared.fingerprint })
    return [...prepared.ended, ...defined.ended]
  } catch (error) {
    // Nothing of the definitions is done, but what was prepared is, and the ledger is to say so.
    const reason = error instanceof Error ? error.message : String(error)
    await recordOutcome(context, [...prepared.ended, ...skipped(reason)], [], performance.now() - started)
    throw error
  }
}

interface Defined {
  readonly ended: readonly FinishedStep[]
  /** Of what is there now; undefined if it failed. */
  readonly fingerprint: string | undefined
}

async function runDefine(context: ApplyContext, definitions: Definitions): Promise<Defined> {
  const { plan } = context.inHand
  const steps = plan.steps.filter(({ stage }) => stage === definitions.stage)
  if (plan.changes.length === 0) return { ended: [], fingerprint: definitions.fingerprint }
  context.options.emit({ type: 'stage-started', stage: definitions.stage, steps: steps.length })
  const started = performance.now()
  const result = await define(context, definitions)
  const failure = typeof result === 'string' ? undefined : result
  const milliseconds = performance.now() - started
  const ended = steps.map((step): FinishedStep => {
    return [step, failure ? failedOutcome(failure, step, context) : { status: 'applied', milliseconds }]
  })
  for (const [{ stage, key, title }, outcome] of ended)
    context.options.emit({ type: 'step-finished', stage, key, title, outcome })
  if (failure && !(failure.error instanceof CommitOutcomeUnknown) && (!failure.step || isDecision(failure.error)))
    // Without a step of its own to blame there is nothing for a report to say: nothing was done.
    throw failure.error
  return { ended, fingerprint: typeof result === 'string' ? result : undefined }
}

/** Refused or stale, rather than failed. */
function isDecision(error: unknown): boolean {
  return error instanceof FdwsyncError && error.exitCode !== exitCode.failed
}

function failedOutcome({ step: guilty, error }: DefineFailure, step: Step, context: ApplyContext): StepOutcome {
  if (error instanceof CommitOutcomeUnknown) return { status: 'in-doubt', reason: error.message }
  if (guilty?.id === step.id) return failureOutcome(error, context.secrets)
  return { status: 'skipped', reason: 'rolled back with the others: definitions are one transaction' }
}

/** Why nothing can be loaded after such definitions. */
function whyNotLater(defined: readonly FinishedStep[]): string | undefined {
  if (defined.some(([, outcome]) => outcome.status === 'in-doubt'))
    return 'it is not known whether the definitions were applied'
  return defined.some(([, outcome]) => outcome.status !== 'applied') ? 'the definitions were not applied' : undefined
}

async function runLater(
  context: ApplyContext,
  whyNot: string | undefined,
  failedLoads: RefreshRecord[],
): Promise<readonly FinishedStep[]> {
  const { options, inHand, connect, secrets } = context
  const steps = inHand.plan.steps.filter(({ stage }) => stage !== 'prepare' && stage !== 'define')
  if (whyNot !== undefined) return steps.map((step) => [step, { status: 'skipped', reason: whyNot }])
  if (steps.length === 0) return []
  options.emit({ type: 'stage-started', stage: 'populate', steps: steps.length })
  const { sourceTimeoutMilliseconds: timeoutMilliseconds, signal } = options
  const sources = sourceWatchdog({ connect, timeoutMilliseconds, signal })
  const finished = ({ stage, key, title }: Step, outcome: StepOutcome) =>
    options.emit({ type: 'step-finished', stage, key, title, outcome })
  const loads = pooledConnect(connect, isLoad)
  return runGraph(steps, {
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
  }).finally(() => loads.close())

  async function attempt(step: Step): Promise<StepOutcome> {
    const started = performance.now()
    const loadId = randomUUID()
    try {
      context.checkLease()
      await withSession(loads.connect, 'load', options.signal, (session) =>
        runStep(context, session, sources, step, loadId),
      )
      return { status: 'applied', milliseconds: performance.now() - started }
    } catch (error) {
      const isInDoubt = error instanceof CommitOutcomeUnknown
      const outcome = isInDoubt
        ? ({ status: 'in-doubt', reason: error.message } as const)
        : failureOutcome(error, secrets)
      if (step.action === 'populate') {
        const [status, ended] = [isInDoubt ? 'in doubt' : 'failed', performance.now()] as const
        const { reason } = outcome
        failedLoads.push({ id: loadId, key: step.key, how: 'plain', started, ended, rows: undefined, status, reason })
      }
      return outcome
    }
  }
}

async function runStep(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: Step,
  loadId: string,
): Promise<void> {
  if (step.action === 'replace' || step.stage === 'build') return build(context, session, sources, step)
  const { searchPath, manifest } = context.inHand.plan
  const { key, statements } = step
  const started = performance.now()
  await load(session, sources, {
    view: relationOf(key),
    searchPath,
    statements,
    async record(session, rows) {
      const load = {
        id: loadId,
        key,
        how: 'plain',
        started,
        ended: performance.now(),
        rows,
        status: 'applied',
      } as const
      // That it is loaded is noted at the end as well.
      await tryInSavepoint(session, async () => {
        await lockLedger(session, 'ROW EXCLUSIVE', ['step', 'refresh'])
        await recordSteps(session, context.applyId, [{ step, status: 'applied' }])
        await recordRefreshes(session, manifest, context.applyId, [load])
      })
    },
  })
}

function relationOf(key: Key): Relation {
  const id = idOf(key)
  if (id && 'schema' in id) return id
  throw new Error('a step that loads something which is no relation')
}
