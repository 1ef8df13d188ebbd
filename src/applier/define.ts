import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { PlainStep, Step } from '../core/plan.ts'
import { sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects, interruptible, throwIfInterrupted } from '../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import { withRetries } from '../db/retry.ts'
import { turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { openLedger } from '../ledger/open.ts'
import { recordApply, recordDependencyDigests, recordSources, recordSteps, rekeyObjects } from '../ledger/write.ts'
import { fingerprintOf, readOwnedAndDeclared, type TargetReading } from '../planner/state.ts'
import { commit } from './commit.ts'
import { type ApplyContext, recordOf } from './context.ts'
import { expectedOfDefine, expectedOfPrepare, preparedKeys, verifyAndRecord } from './expected-result.ts'

const attempts = 12

/** The step that failed, so that the report can name it. */
export interface DefineFailure {
  readonly step: Step | undefined
  readonly error: unknown
}

/** One of the two stages that are one transaction each. */
export interface Definitions {
  readonly stage: 'prepare' | 'define'
  /** What there must be for the plan to hold: what it was made from, or what `prepare` has left. */
  readonly fingerprint: string
}

/**
 * Makes all definitions of a stage in one transaction, with the ledger's rows, and proves them before COMMIT. Everything
 * or nothing.
 * @returns the fingerprint of what is there when it is committed, else what failed.
 */
export async function define(context: ApplyContext, definitions: Definitions): Promise<string | DefineFailure> {
  const { stage } = definitions
  const steps = context.inHand.plan.steps.flatMap((step) =>
    step.action !== 'replace' && step.stage === stage ? [step] : [],
  )
  let current: Step | undefined
  try {
    const session = await context.connect(stage, secretsOf(steps))
    const policy = {
      attempts,
      pauseMilliseconds: 50,
      onRetry: (error: Error, attempt: number) =>
        context.options.emit({ type: 'retrying', stage, reason: error.message, attempt }),
    }
    const at = (step: Step | undefined) => {
      current = step
    }
    try {
      return await interruptible(session, context.options.signal, () =>
        withRetries(policy, () =>
          defineOnce(context, definitions, session, steps, at).catch((error: unknown) =>
            throwStaleOr(error, context, definitions, session),
          ),
        ),
      )
    } finally {
      await session.close()
    }
  } catch (error) {
    return { step: current, error }
  }
}

function secretsOf(steps: readonly PlainStep[]) {
  return steps.flatMap(({ statements }) => statements.flatMap(({ secrets }) => secrets))
}

async function defineOnce(
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
  steps: readonly PlainStep[],
  at: (step: Step | undefined) => void,
): Promise<string> {
  const { inHand, options, applyId } = context
  const { plan } = inHand
  let { fingerprint } = definitions
  at(undefined)
  try {
    context.checkLease()
    throwIfInterrupted(options.signal)
    // The reading path first: nothing of the ledger is to be looked for under one that others may have a say in.
    const lockTimeout = trusted(String(options.lockTimeoutMilliseconds))
    await session.run(
      sql`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${lockTimeout}; ${abortWhenClientDisconnects}; ${readingPath}`,
    )
    // Where there is none yet this may wait for another apply that makes it, so what is there is looked at afterwards.
    await openLedger(session)
    const before = await readNow(context, session)
    if (fingerprintOf(before) !== fingerprint) throw staleError(context, definitions)
    if (secretsOf(steps).length > 0) await hideSecrets(session, options.allow)
    await recordApply(session, recordOf(context))
    if (definitions.stage === 'define') await rekeyObjects(session, plan.manifest, inHand.rekeyed)
    await session.run(manifestPath(plan.searchPath))
    for (const step of steps) {
      at(step)
      for (const statement of step.statements) await session.execute(statement)
    }
    at(undefined)
    await recordDefinitions(context, definitions, session, steps)
    if (definitions.stage === 'prepare') {
      const after = await readNow(context, session)
      const prepared = preparedKeys(plan)
      // What others have committed meanwhile is not to pass for what was done here.
      if (fingerprintOf(before, prepared) !== fingerprintOf(after, prepared)) throw staleError(context, definitions)
      fingerprint = fingerprintOf(after)
    }
    context.checkLease()
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
  // After `prepare` the apply itself is in the ledger already.
  const [first] = preparedKeys(plan).size > 0 ? steps : []
  await commit(context, session, { applyId, ...(first ? { step: first.id } : {}) })
  return fingerprint
}

async function recordDefinitions(
  { inHand, applyId }: ApplyContext,
  { stage }: Definitions,
  session: Session,
  steps: readonly PlainStep[],
): Promise<void> {
  await verifyAndRecord(
    session,
    stage === 'prepare' ? expectedOfPrepare(inHand) : expectedOfDefine(inHand),
    inHand,
    applyId,
  )
  if (stage === 'define') {
    await recordDependencyDigests(session, inHand.plan.manifest, inHand.proven)
    // What changes is recorded by the step that changes it.
    const changed = new Set(inHand.plan.changes.map(({ change }) => change.key))
    const unchanged = new Map([...inHand.sourced].filter(([key]) => !changed.has(key)))
    await recordSources(session, inHand.plan.manifest, unchanged)
  }
  await recordSteps(
    session,
    applyId,
    steps.map((step) => ({ step, status: 'applied' })),
  )
}

function readNow({ inHand }: ApplyContext, session: Session): Promise<TargetReading> {
  const { plan, declared, digests } = inHand
  return readOwnedAndDeclared(session, plan.manifest, declared, digests)
}

/** A statement that fails because of what another session has committed since the check: then the plan is stale. */
async function throwStaleOr(
  error: unknown,
  context: ApplyContext,
  definitions: Definitions,
  session: Session,
): Promise<never> {
  const isOther = !isDatabaseError(error) || isTransient(error) || context.options.signal.aborted
  if (isOther || session.isLost()) throw error
  await session.run(sql`BEGIN READ ONLY; ${readingPath}`)
  const stale = fingerprintOf(await readNow(context, session)) !== definitions.fingerprint
  await session.run(trusted('ROLLBACK'))
  throw stale ? staleError(context, definitions) : error
}

function staleError({ inHand }: ApplyContext, { stage }: Definitions): FdwsyncError {
  const done = inHand.plan.steps.filter((step) => step.stage === 'prepare' && stage === 'define')
  const what =
    done.length === 0 ? 'Nothing was changed.' : `Only ${done.map(({ title }) => title).join(', ')} was changed.`
  return new FdwsyncError(
    {
      code: 'plan/stale',
      message: 'the plan is stale: the database changed after it was made',
      hint: `${what} Plan again.`,
    },
    exitCode.stale,
  )
}

async function hideSecrets(session: Session, allow: readonly string[]): Promise<void> {
  const left = await turnOffExposure(session)
  if (left.length === 0 || allow.includes('exposes-secret')) return
  const settings = left.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
  throw new FdwsyncError(
    {
      code: 'secret/exposed',
      message: `this server records nested statements, so a password would end up in its records: ${settings}`,
      hint: 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
    },
    exitCode.refused,
  )
}
