// Runs the definitions of one stage, `prepare` or `define`, in one transaction: all of them or none.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { ObjectNotice } from '../core/notice.ts'
import type { PlainStep, Step } from '../core/plan.ts'
import { join, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects, interruptible } from '../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import { throwIfInterrupted } from '../db/interruption.ts'
import { withRetries } from '../db/retry.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { type CatalogState, readCatalogState } from '../ledger/catalog-state.ts'
import { recordNotImported } from '../ledger/not-imported.ts'
import { openLedger } from '../ledger/open.ts'
import { renameCopies } from '../ledger/rename-copies.ts'
import { type FoundLedger, findLedger } from '../ledger/trust.ts'
import {
  recordApply,
  recordCanonicalForms,
  recordDependencyDigests,
  recordSources,
  recordSteps,
  rekeyObjects,
} from '../ledger/write.ts'
import { backendPid } from '../loader/commit-watchdog.ts'
import { fingerprintOf } from '../planner/fingerprint.ts'
import { readTarget, type TargetState } from '../planner/target.ts'
import { nothingFound } from './before-swap.ts'
import { commit } from './commit.ts'
import { type ApplyContext, applyRecordOf } from './context.ts'
import { expectedOfDefine, expectedOfPrepare, preparedKeys } from './expected-result.ts'
import { markCopies } from './mark-copies.ts'
import { proveDefinitions } from './prove-created.ts'
import { trustedEvaluation } from './require-trusted-evaluation.ts'
import { runSteps } from './run-steps.ts'
import { hideSecrets, secretsOf } from './step-secrets.ts'
import { isNotConverged } from './verify.ts'
import { verifyAndRecord } from './verify-and-record.ts'

const attempts = 12

export interface DefineFailure {
  /** The step that failed; undefined if the error is not about a step. */
  readonly step: Step | undefined
  readonly error: unknown
}

export interface Defined {
  /** The fingerprint of the committed state. */
  readonly fingerprint: string
  /** For a plan that creates everything: the state of the catalog that later plans compare with. */
  readonly state: CatalogState | undefined
}

export interface Definitions {
  readonly stage: 'prepare' | 'define'
  /** The state that the plan requires: the one that it was created from, or the one that `prepare` left. */
  readonly fingerprint: string
}

/**
 * Runs all steps of the stage, verifies the result, records it in the ledger and commits. An error that another session
 * caused is retried from the beginning.
 * @returns the committed state, or what failed
 */
export async function define(context: ApplyContext, definitions: Definitions): Promise<Defined | DefineFailure> {
  const { stage } = definitions
  const steps = context.inHand.plan.steps.flatMap((step) =>
    step.action !== 'replace' && step.stage === stage ? [step] : [],
  )
  let current: Step | undefined
  const onStep = (step: Step | undefined) => {
    current = step
  }
  const onRetry = (error: Error, attempt: number) =>
    context.options.emit({ type: 'retrying', stage, reason: error.message, attempt })
  try {
    // The only connection that carries secrets. No query from a manifest runs on it.
    const session = await context.connect(stage, secretsOf(steps))
    const attempt = () =>
      defineOnce(context, definitions, session, steps, onStep).catch((error: unknown) =>
        throwStaleOr(error, context, definitions, session),
      )
    try {
      return await interruptible(session, context.options.signal, () =>
        withRetries({ attempts, pauseMilliseconds: 50, onRetry }, attempt),
      )
    } finally {
      await session.close()
    }
  } catch (error) {
    return { step: current, error }
  }
}

async function defineOnce(
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
  steps: readonly PlainStep[],
  onStep: (step: Step | undefined) => void,
): Promise<Defined> {
  onStep(undefined)
  let done: Defined & { readonly notices: readonly ObjectNotice[] }
  try {
    done = await runInTransaction(context, definitions, session, steps, onStep)
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
  // If `prepare` ran, the ledger has the row of the apply already. Then a step of `define` proves its COMMIT.
  const [first] = preparedKeys(context.inHand.plan).size > 0 ? steps : []
  await commit(context, session, await backendPid(session), {
    applyId: context.applyId,
    ...(first ? { step: first.id } : {}),
  })
  const { notices, ...defined } = done
  context.notices.push(...notices)
  return defined
}

async function runInTransaction(
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
  steps: readonly PlainStep[],
  onStep: (step: Step | undefined) => void,
): Promise<Defined & { readonly notices: readonly ObjectNotice[] }> {
  const { inHand, options } = context
  const { plan } = inHand
  context.checkLease()
  throwIfInterrupted(options.signal)
  // Set `readingPath` before anything else: other roles may own schemas of the default search_path, and the ledger must not
  // be looked up there.
  const { lockTimeoutMilliseconds } = options
  await session.run(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds })}; ${abortWhenClientDisconnects}; ${readingPath}`,
  )
  // This may wait for another apply that creates the ledger. So read the current state only afterwards.
  const ledger = await openLedger(session)
  const before = await readCurrentState(context, session, ledger)
  if (fingerprintOf(before) !== definitions.fingerprint) throw staleError(context, definitions)
  await hideSecrets(session, steps, options.allow)
  await recordApply(session, applyRecordOf(context))
  if (definitions.stage === 'define') {
    await rekeyObjects(session, plan.manifest, inHand.rekeyed)
    await renameCopies(session, plan.manifest, inHand.rekeyed)
  }
  const checkOf = await trustedEvaluation(session, inHand, options.allow)
  const notices = await runSteps(session, steps, { searchPath: plan.searchPath, checkOf, onStep })
  onStep(undefined)
  await recordDefinitions(context, definitions, session, steps)
  const fingerprint =
    definitions.stage === 'prepare'
      ? await fingerprintAfterPrepare(context, definitions, session, ledger, before)
      : definitions.fingerprint
  const state = definitions.stage === 'define' ? await proveDefinitions(session, inHand) : undefined
  context.checkLease()
  return { fingerprint, state, notices }
}

/**
 * @throws FdwsyncError if another session has committed a change meanwhile, which must not count as done by `prepare`
 */
async function fingerprintAfterPrepare(
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
  ledger: FoundLedger,
  before: TargetState,
): Promise<string> {
  const after = await readCurrentState(context, session, ledger)
  const prepared = preparedKeys(context.inHand.plan)
  if (fingerprintOf(before, prepared) !== fingerprintOf(after, prepared)) throw staleError(context, definitions)
  return fingerprintOf(after)
}

async function recordDefinitions(
  { inHand, applyId }: ApplyContext,
  { stage }: Definitions,
  session: Session,
  steps: readonly PlainStep[],
): Promise<void> {
  const expected = stage === 'prepare' ? expectedOfPrepare(inHand) : expectedOfDefine(inHand)
  await verifyAndRecord(session, expected, inHand, applyId, nothingFound)
  if (stage === 'define') {
    await recordDependencyDigests(session, inHand.plan.manifest, inHand.provenDigests)
    await recordCanonicalForms(session, inHand.plan.manifest, inHand.canonicalForms, inHand.plan.searchPath)
    const marks = await markCopies(session, inHand)
    if (marks.length > 0) await session.run(join(marks, ';\n'))
    if (inHand.notImported) await recordNotImported(session, inHand.plan.manifest, inHand.notImported)
    // A changed object is recorded by the step that changes it.
    const changed = new Set(inHand.plan.changes.map(({ change }) => change.key))
    const unchanged = new Map([...inHand.sourceRecords].filter(([key]) => !changed.has(key)))
    await recordSources(session, inHand.plan.manifest, unchanged)
  }
  await recordSteps(
    session,
    applyId,
    steps.map((step) => ({ step, status: 'applied' })),
  )
}

async function readCurrentState({ inHand }: ApplyContext, session: Session, ledger: FoundLedger): Promise<TargetState> {
  const { plan, declared, salt, part } = inHand
  const { manifest, searchPath } = plan
  const target = await readTarget(session, ledger, { manifest, declared, salt, part })
  const state = part && (await readCatalogState(session, { manifest, searchPath, names: part.names })).digest
  return { ...target, state }
}

/**
 * If another session has committed something since the check, and so a statement fails or the result differs, reports that the plan
 * is stale.
 */
async function throwStaleOr(
  error: unknown,
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
): Promise<never> {
  const mayBeStale = isDatabaseError(error) ? !isTransient(error) : isNotConverged(error)
  if (!mayBeStale || context.options.signal.aborted || session.isLost()) throw error
  await session.run(sql`${beginStatement(session.serverVersion, { readOnly: true })}; ${readingPath}`)
  const current = await readCurrentState(context, session, await findLedger(session))
  const isStale = fingerprintOf(current) !== definitions.fingerprint
  await session.run(trusted('ROLLBACK'))
  throw isStale ? staleError(context, definitions) : error
}

function staleError({ inHand }: ApplyContext, { stage }: Definitions): FdwsyncError {
  const committed = inHand.plan.steps.filter((step) => step.stage === 'prepare' && stage === 'define')
  const what =
    committed.length === 0
      ? 'Nothing was changed.'
      : `Only ${committed.map(({ title }) => title).join(', ')} was changed.`
  return new FdwsyncError(
    {
      code: 'plan/stale',
      message: 'the plan is stale: the database has changed since the plan was created',
      hint: `${what} Plan again.`,
    },
    exitCode.stale,
  )
}
