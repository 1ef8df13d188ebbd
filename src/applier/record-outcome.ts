import { FdwsyncError } from '../core/errors.ts'
import type { ApplyOutcome } from '../core/history.ts'
import type { Step } from '../core/plan.ts'
import type { StepOutcome } from '../core/report.ts'
import { trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { type RefreshRecord, recordRefreshes } from '../ledger/refresh-log.ts'
import { ledgerVersion } from '../ledger/schema.ts'
import { findLedger, lockLedger } from '../ledger/trust.ts'
import { recordSteps, type StepEnd, writeApply } from '../ledger/write.ts'
import { type ApplyContext, recordOf } from './context.ts'

export type FinishedStep = readonly [Step, StepOutcome]

/**
 * Notes in the ledger how an apply ended, in a transaction of its own. Where that can't be it stays "in progress" there,
 * which is no reason to fail: what was done is done.
 */
export async function recordOutcome(
  context: ApplyContext,
  steps: readonly FinishedStep[],
  failedLoads: readonly RefreshRecord[],
  milliseconds: number,
): Promise<void> {
  // Then its definitions were all there was to do, and their transaction has noted it.
  if (steps.every(([{ stage }, { status }]) => stage === 'define' && status === 'applied')) return
  try {
    const session = await context.connect('ledger')
    try {
      await writeEnd(context, session, steps, failedLoads, milliseconds)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    context.options.emit({
      type: 'warning',
      reason: `the ledger does not learn how this apply ended: ${error.message}`,
    })
  }
}

async function writeEnd(
  context: ApplyContext,
  session: Session,
  steps: readonly FinishedStep[],
  failedLoads: readonly RefreshRecord[],
  milliseconds: number,
): Promise<void> {
  const { applyId, inHand } = context
  await session.run(trusted("BEGIN; SET LOCAL lock_timeout = '5s'"))
  const found = await findLedger(session)
  // A ledger is not made for the sake of something that failed.
  if (found.state !== 'ready' || found.version < ledgerVersion) return
  await lockLedger(session, 'ROW EXCLUSIVE')
  await recordSteps(session, applyId, steps.map(endOf))
  await recordRefreshes(session, inHand.plan.manifest, applyId, failedLoads)
  await writeApply(session, recordOf(context), { outcome: outcomeOf(steps), hasEnded: true, milliseconds })
  await session.run(trusted('COMMIT'))
}

function endOf([step, outcome]: FinishedStep): StepEnd {
  const status = outcome.status === 'in-doubt' ? 'in doubt' : outcome.status
  return { step, status, ...(outcome.status === 'applied' ? {} : { reason: outcome.reason }) }
}

function outcomeOf(steps: readonly FinishedStep[]): ApplyOutcome {
  const all = steps.map(([, { status }]) => status)
  if (all.includes('in-doubt')) return 'in doubt'
  if (all.every((status) => status === 'applied')) return 'applied'
  return all.includes('applied') ? 'applied in part' : 'failed'
}
