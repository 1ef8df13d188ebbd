// Applies a manifest: plan, approval, lease, apply, and the exit code of the result.

import { applyPlan } from '../applier/apply.ts'
import type { ApplyOptions } from '../applier/context.ts'
import { recordNoChanges } from '../applier/record-no-changes.ts'
import { noCounts } from '../core/counts.ts'
import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { type Hazard, mustBeAllowed, type Plan } from '../core/plan.ts'
import { allowedHazards } from '../core/policy.ts'
import { isNothingDone, type Report } from '../core/report.ts'
import { cutOnAbort, interruptible } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { throwIfInterrupted } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { isReusable, pooledConnect } from '../db/session-pool.ts'
import { requireWritable } from '../db/writable.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { withLease } from '../ledger/lease.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import type { PlanOptions } from '../planner/context.ts'
import { createPlan } from '../planner/create-plan.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { isProvable } from '../planner/proof/proof.ts'
import { showReferences } from '../planner/show-references.ts'

/**
 * Decides whether to apply the plan. If the answer is false, nothing is changed.
 * @param shown the plan with references in the place of the values that they resolve to
 */
export type Approve = (plan: Plan, shown: Plan) => Promise<boolean>

export interface ApplyRequest {
  readonly parsed: ParsedManifest
  /** Whether a stale plan is planned again and applied, a few times: for applies without a prompt. */
  readonly unattended?: boolean
  readonly connect: Connect
  readonly populate: boolean
  /** Skips contacting sources, and uses the last imported definitions. */
  readonly offline?: boolean
  /** Whether to try first whether the sources of what is new or changed can be read, and to apply nothing if one cannot. */
  readonly trySources?: boolean
  readonly takeOver?: boolean
  /** Patterns of the objects to apply, with what they need. Default: all. */
  readonly only?: readonly string[]
  /** Which objects to release, instead of what the manifest declares: see {@link PlanOptions}. */
  readonly releasing?: PlanOptions['releasing']
  /** The only plan that may be applied. */
  readonly expected?: ExpectedPlan
  readonly options: ApplyOptions
}

export interface ExpectedPlan {
  /** The suffix of its temporary names. */
  readonly suffix: string
  /** @throws FdwsyncError if planning again has given another plan */
  requireSame(inHand: PlanInHand): void
}

/**
 * Plans, asks for approval, and applies. The lease is taken after approval, so that an open prompt does not block other applies;
 * the transaction checks that the plan is not stale. An unattended apply takes the lease first.
 * @returns the plan and the report, without a report if the plan was not approved
 * @throws FdwsyncError if nothing was done
 */
export async function planAndApply(request: ApplyRequest, approve: Approve): Promise<Applied> {
  const sessions = pooledConnect(request.connect, isReusable)
  try {
    return await applyOn({ ...request, connect: sessions.connect }, approve)
  } finally {
    await sessions.close()
  }
}

async function applyOn(request: ApplyRequest, approve: Approve): Promise<Applied> {
  if (!request.unattended) {
    await requireWritableTarget(request.connect)
    return applyOnce(request, approve)
  }
  return holdingLease(request, async (lease) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await applyOnce(request, approve, lease)
      } catch (error) {
        if (attempt === planAttempts || !isStale(error)) throw error
        const reason = 'the database changed after the plan was created'
        request.options.emit({ type: 'retrying', stage: 'define', reason, attempt: attempt + 1 })
      }
    }
  })
}

/** Otherwise the lease would find that out, after the plan was approved. */
async function requireWritableTarget(connect: Connect): Promise<void> {
  const session = await connect('plan')
  try {
    await requireWritable(session)
  } finally {
    await session.close()
  }
}

const planAttempts = 5

/** The result of {@link planAndApply}. */
export interface Applied {
  readonly plan: Plan
  readonly report: Report | undefined
}

function isStale(error: unknown): boolean {
  return error instanceof FdwsyncError && error.exitCode === exitCode.stale
}

async function applyOnce(request: ApplyRequest, approve: Approve, held?: Session): Promise<Applied> {
  const { parsed, connect } = request
  const inHand = await planOnce(request)
  const { plan, ownershipUnknown } = inHand
  const options = { ...request.options, allow: allowedBy(request, plan.database.user) }
  if (ownershipUnknown) {
    const message = `ownership is unknown: ${ownershipUnknown.message}`
    throw new FdwsyncError({ ...ownershipUnknown, message }, exitCode.refused)
  }
  request.expected?.requireSame(inHand)
  if (!(await approve(plan, showReferences(inHand)))) return { plan, report: undefined }
  refuse(plan, options.allow)
  if (plan.changes.length === 0) {
    await recordNoChanges(connect, inHand)
    return { plan, report: nothingDone(plan) }
  }
  const apply = async (lease: Session) => {
    const { report, isComplete, isProven } = await applyPlan(inHand, connect, lease, hiddenIn(parsed), options)
    if (isComplete && !isProven) await proveApplied(request)
    return report
  }
  return { plan, report: await (held ? apply(held) : holdingLease(request, apply)) }
}

/** The report of a plan without changes. */
export function nothingDone({ manifest, undetermined }: Plan): Report {
  return { manifest, applyId: undefined, steps: [], planned: noCounts, applied: noCounts, warnings: [], undetermined }
}

/** Plans once more, and records a proof if nothing is left to do. Otherwise the next plan shows what is left. */
async function proveApplied(request: ApplyRequest): Promise<void> {
  if (!isProvable(request.parsed)) return
  try {
    await recordNoChanges(request.connect, await planOnce(request, { ignoresProof: true }))
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
  }
}

function holdingLease<T>({ parsed, connect, options }: ApplyRequest, work: (lease: Session) => Promise<T>): Promise<T> {
  return withLease(connect, parsed.manifest.name, 'apply', options, work)
}

/** What the command line and the policy of the manifest allow together. */
function allowedBy({ parsed, unattended = false, options }: ApplyRequest, role: string): readonly string[] {
  return allowedHazards(parsed.manifest.policy, { allow: options.allow, unattended, role })
}

async function planOnce(request: ApplyRequest, more: Pick<PlanOptions, 'ignoresProof'> = {}): Promise<PlanInHand> {
  const { connect, options } = request
  const session = await connect('plan')
  try {
    const allow = allowedBy(request, session.user)
    const inHand = await interruptible(session, options.signal, () =>
      planOn(session, { ...request, options: { ...options, allow } }, more),
    )
    // In a plan, a source whose query was interrupted looks like one that does not answer.
    throwIfInterrupted(options.signal)
    return inHand
  } finally {
    await session.close()
  }
}

function planOn(
  session: Session,
  {
    parsed,
    connect,
    populate,
    offline,
    trySources = false,
    takeOver = false,
    only,
    releasing,
    expected,
    options,
  }: ApplyRequest,
  more: Pick<PlanOptions, 'ignoresProof'>,
): Promise<PlanInHand> {
  const mayExpose = options.allow.includes('exposes-secret')
  const mayEvaluate = mayEvaluateFor(options, expected)
  const sources = {
    connect: cutOnAbort(connect, options.signal),
    timeoutMilliseconds: options.sourceTimeoutMilliseconds,
    mayExpose,
    mayEvaluate,
  } as const
  return createPlan(session, parsed, {
    populate,
    takeOver,
    sources: offline ? undefined : sources,
    trySources,
    prove: true,
    mayEvaluate,
    ...(expected ? { suffix: expected.suffix } : {}),
    ...(releasing ? { releasing } : {}),
    only,
    ...more,
  })
}

/** `plan` evaluates nothing, so an expected plan lacks what it had to leave undetermined. That must stay undetermined here. */
function mayEvaluateFor({ allow }: ApplyOptions, expected: ExpectedPlan | undefined): MayEvaluate {
  if (expected) return 'nothing'
  return allow.includes('untrusted-code') ? 'everything' : 'trusted-code'
}

/** Refuses a plan with anything that is not allowed, before anything is done. */
function refuse(plan: Plan, allow: readonly string[]): void {
  const problems = reasonsToRefuse(plan, allow)
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.refused)
}

function adviceOn(name: Hazard['name']): string {
  if (name !== 'untrusted-code') return `To accept this: --allow ${name}`
  return `To allow it, name it with its schema, add its owner to trusted_roles, or use --allow ${name}.`
}

/** Why a plan cannot be applied: its refusals, the hazards that are not allowed, and sources that cannot be read. */
export function reasonsToRefuse(plan: Plan, allow: readonly string[]): readonly Problem[] {
  const refusals = plan.refusals.map(
    ({ code, title, reason, hint }): Problem => ({
      code,
      message: `${title}: ${reason}`,
      hint,
    }),
  )
  const hazards = plan.changes.flatMap(({ title, hazards }) =>
    hazards
      .filter((hazard) => mustBeAllowed(hazard) && (hazard.policy === 'never' || !allow.includes(hazard.name)))
      .map(
        ({ name, detail, policy }): Problem => ({
          code: 'plan/hazard',
          message: `${title}: ${detail}`,
          hint: policy === 'never' ? `The policy of the manifest never allows ${name}.` : adviceOn(name),
        }),
      ),
  )
  const faults = plan.warnings.flatMap(({ code, message, hint, refusesApply }): readonly Problem[] =>
    refusesApply ? [{ code, message, hint: `${hint ? `${hint} ` : ''}To apply it anyway: --no-check-source` }] : [],
  )
  return [...refusals, ...hazards, ...faults]
}

/** The exit code that the command has for the report of an apply. */
export function exitCodeOf(report: Report): number {
  const failed = report.steps.filter(({ outcome }) => outcome.status !== 'applied')
  if (failed.length === 0) return report.undetermined.length > 0 ? exitCode.undetermined : exitCode.done
  if (isNothingDone(report) && failed.every(({ outcome }) => outcome.status !== 'in-doubt')) return exitCode.failed
  const isLoad = ({ stage, action }: Report['steps'][number]) => stage === 'populate' || action === 'replace'
  return failed.every((step) => isLoad(step) || step.outcome.status === 'skipped') && failed.some(isLoad)
    ? exitCode.dataNotLoaded
    : exitCode.failed
}
