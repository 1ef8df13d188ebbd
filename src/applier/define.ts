import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { PlainStep, Step } from '../core/plan.ts'
import { sql, trusted } from '../core/sql.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import { turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/read.ts'
import { fingerprintOf, readOwnedAndDeclared } from '../introspector/target.ts'
import { commit } from './commit.ts'
import type { ApplyContext } from './context.ts'
import { endWithClient, interruptible, throwIfInterrupted } from './interrupt.ts'
import { openLedger } from './ledger-open.ts'
import { recordApply, recordClosures, recordSteps } from './ledger-write.ts'
import { withRetries } from './retry.ts'
import { defineScope, proveAndRecord } from './scope.ts'

const attempts = 12

/** The step that failed, so that the report can name it. */
export interface DefineFailure {
  readonly step: Step | undefined
  readonly error: unknown
}

/**
 * Makes all definitions in one transaction, with the ledger's rows, and proves them before COMMIT. Everything or nothing.
 * @returns undefined when it is committed, else what failed.
 */
export async function define(context: ApplyContext): Promise<DefineFailure | undefined> {
  const steps = context.inHand.plan.steps.flatMap((step) =>
    step.action !== 'replace' && step.stage === 'define' ? [step] : [],
  )
  let current: Step | undefined
  try {
    const session = await context.connect('define', secretsOf(steps))
    const policy = {
      attempts,
      pauseMilliseconds: 50,
      onRetry: (error: Error, attempt: number) =>
        context.options.emit({ type: 'retrying', stage: 'define', reason: error.message, attempt }),
    }
    const at = (step: Step | undefined) => {
      current = step
    }
    try {
      await interruptible(session, context.options.signal, () =>
        withRetries(policy, () =>
          defineOnce(context, session, steps, at).catch((error: unknown) => throwStaleOr(error, context, session)),
        ),
      )
    } finally {
      await session.close()
    }
    return undefined
  } catch (error) {
    return { step: current, error }
  }
}

function secretsOf(steps: readonly PlainStep[]) {
  return steps.flatMap(({ statements }) => statements.flatMap(({ secrets }) => secrets))
}

async function defineOnce(
  context: ApplyContext,
  session: Session,
  steps: readonly PlainStep[],
  at: (step: Step | undefined) => void,
): Promise<void> {
  const { inHand, options, applyId } = context
  const { plan } = inHand
  at(undefined)
  try {
    context.checkLease()
    throwIfInterrupted(options.signal)
    // The reading path first: nothing of the ledger is to be looked for under one that others may have a say in.
    const lockTimeout = trusted(String(options.lockTimeoutMilliseconds))
    await session.run(
      sql`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${lockTimeout}; ${endWithClient}; ${readingPath}`,
    )
    // Where there is none yet this may wait for another apply that makes it, so what is there is looked at afterwards.
    await openLedger(session)
    if (await isStale(context, session)) throw staleError()
    if (secretsOf(steps).length > 0) await hideSecrets(session, options.allow)
    await recordApply(session, context)
    await session.run(manifestPath(plan.searchPath))
    for (const step of steps) {
      at(step)
      for (const statement of step.statements) await session.execute(statement)
    }
    at(undefined)
    await recordDefinitions(context, session)
    context.checkLease()
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
  await commit(context, session, { applyId })
}

async function recordDefinitions({ inHand, applyId }: ApplyContext, session: Session): Promise<void> {
  await proveAndRecord(session, defineScope(inHand), inHand, applyId)
  await recordClosures(session, inHand.plan.manifest, inHand.proven)
  const steps = inHand.plan.steps.filter(({ stage }) => stage === 'define')
  await recordSteps(
    session,
    applyId,
    steps.map((step) => ({ step, status: 'applied' })),
  )
}

async function isStale({ inHand }: ApplyContext, session: Session): Promise<boolean> {
  const { plan, declared, digests } = inHand
  return fingerprintOf(await readOwnedAndDeclared(session, plan.manifest, declared, digests)) !== plan.fingerprint
}

/** A statement that fails because of what another session has committed since the check: then the plan is stale. */
async function throwStaleOr(error: unknown, context: ApplyContext, session: Session): Promise<never> {
  const isOther = !isDatabaseError(error) || isTransient(error) || context.options.signal.aborted
  if (isOther || session.isLost()) throw error
  await session.run(sql`BEGIN READ ONLY; ${readingPath}`)
  const stale = await isStale(context, session)
  await session.run(trusted('ROLLBACK'))
  throw stale ? staleError() : error
}

function staleError(): FdwsyncError {
  return new FdwsyncError(
    { message: 'the plan is stale: the database changed after it was made', hint: 'Nothing was changed. Plan again.' },
    exitCode.stale,
  )
}

async function hideSecrets(session: Session, allow: readonly string[]): Promise<void> {
  const left = await turnOffExposure(session)
  if (left.length === 0 || allow.includes('exposes-secret')) return
  const settings = left.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
  throw new FdwsyncError(
    {
      message: `this server records nested statements, so a password would end up in its records: ${settings}`,
      hint: 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
    },
    exitCode.refused,
  )
}
