// Records in the ledger how an apply ended.

import { FdwsyncError } from '../core/errors.ts'
import type { ApplyOutcome } from '../core/history.ts'
import { trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { type RefreshRecord, recordRefreshes } from '../ledger/refresh-log.ts'
import { ledgerVersion } from '../ledger/schema.ts'
import { findLedger, lockLedger } from '../ledger/trust.ts'
import { recordSteps, type StepEnd, writeApply } from '../ledger/write.ts'
import { recordedStatus } from '../loader/failure.ts'
import { type ApplyContext, applyRecordOf } from './context.ts'
import type { FinishedStep } from './finished-step.ts'

/**
 * Records the outcome in a transaction of its own. If that fails, the apply does not fail: what it committed stays committed, and
 * the ledger still shows it as "in progress".
 */
export async function recordOutcome(
  context: ApplyContext,
  steps: readonly FinishedStep[],
  failedLoads: readonly RefreshRecord[],
  milliseconds: number,
): Promise<void> {
  // If there were only definitions, their transaction has recorded the outcome.
  if (steps.every(([{ stage }, { status }]) => stage === 'define' && status === 'applied')) return
  try {
    const session = await context.connect('ledger')
    try {
      await writeOutcome(context, session, steps, failedLoads, milliseconds)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    context.options.emit({
      type: 'warning',
      reason: `the outcome of this apply could not be recorded: ${error.message}`,
    })
  }
}

async function writeOutcome(
  context: ApplyContext,
  session: Session,
  steps: readonly FinishedStep[],
  failedLoads: readonly RefreshRecord[],
  milliseconds: number,
): Promise<void> {
  const { applyId, inHand } = context
  await begin(session, { lockTimeoutMilliseconds: 5000 })
  const found = await findLedger(session)
  // Do not create or migrate a ledger only to record a failure.
  if (found.state !== 'ready' || found.version < ledgerVersion) return
  await lockLedger(session, 'ROW EXCLUSIVE')
  await recordSteps(session, applyId, steps.map(stepEndOf))
  await recordRefreshes(session, inHand.plan.manifest, applyId, failedLoads)
  await writeApply(session, applyRecordOf(context), { outcome: outcomeOf(steps), hasEnded: true, milliseconds })
  await session.run(trusted('COMMIT'))
}

function stepEndOf([step, outcome]: FinishedStep): StepEnd {
  return {
    step,
    status: recordedStatus(outcome.status),
    ...(outcome.status === 'applied' ? {} : { reason: outcome.reason }),
  }
}

function outcomeOf(steps: readonly FinishedStep[]): ApplyOutcome {
  const all = steps.map(([, { status }]) => status)
  if (all.includes('in-doubt')) return 'in doubt'
  if (all.every((status) => status === 'applied')) return 'applied'
  return all.includes('applied') ? 'applied in part' : 'failed'
}
