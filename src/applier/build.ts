// Runs one step of the stage `build`, in a transaction of its own: a replacement, or an index of an existing view.

import { currentIdOf } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Step, Warning } from '../core/plan.ts'
import { type Statement, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects } from '../db/cancellation.ts'
import { withRetries } from '../db/retry.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'
import { inDatabase } from '../introspector/read-elsewhere.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { openLedger } from '../ledger/open.ts'
import { type RefreshRecord, recordRefreshes } from '../ledger/refresh-log.ts'
import { recordSteps, rekeyObjects } from '../ledger/write.ts'
import { backendPid } from '../loader/commit-watchdog.ts'
import { runStatements } from '../loader/run-statements.ts'
import type { SourceWatchdog } from '../loader/source-watchdog.ts'
import { swapTimeoutMilliseconds } from '../loader/swap/lock-order.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { findBeforeSwap, nothingFound } from './before-swap.ts'
import { commit } from './commit.ts'
import type { ApplyContext } from './context.ts'
import { expectedOfStep } from './expected-result.ts'
import { plannedReplacement, replaceMembers } from './replace-members.ts'
import { hideSecrets } from './step-secrets.ts'
import { verifyAndRecord } from './verify-and-record.ts'

/** Runs the step, verifies and records its result, and commits. The step's row in the ledger proves the COMMIT. */
export async function build(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: Step,
): Promise<void> {
  const { options, applyId } = context
  const onRetry = (error: Error, attempt: number) =>
    options.emit({ type: 'retrying', stage: 'build', reason: error.message, attempt })
  // A replacement retries its swap within the transaction, so that its data need not be loaded again.
  const attempts = step.action === 'replace' ? 1 : 12
  await withRetries({ attempts, pauseMilliseconds: 50, onRetry }, async () => {
    let done: Transaction
    try {
      done = await runInTransaction(context, session, sources, step)
    } catch (error) {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
      throw error
    }
    await commit(context, session, done.pid, { applyId, step: step.id })
    context.warnings.push(...done.warnings)
  })
}

interface Transaction {
  /** The backend that runs it. */
  readonly pid: number
  readonly warnings: readonly Warning[]
}

async function runInTransaction(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: Step,
): Promise<Transaction> {
  const { options, inHand, applyId } = context
  const { manifest, searchPath } = inHand.plan
  context.checkLease()
  const lockTimeout = step.action === 'replace' ? options.lockTimeoutMilliseconds : swapTimeoutMilliseconds
  await session.run(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: lockTimeout })}; ${abortWhenClientDisconnects}; ${manifestPath(searchPath)}`,
  )
  await hideSecrets(session, [step], options.allow)
  const pid = await backendPid(session)
  // The record is committed or rolled back with the transaction, so it proves the COMMIT.
  const record = async (loads: readonly RefreshRecord[]) => {
    await session.run(readingPath)
    await openLedger(session)
    await recordSteps(session, applyId, [{ step, status: 'applied' }])
    await recordRefreshes(session, manifest, applyId, loads)
  }
  const expected = expectedOfStep(step, inHand)
  const warnings: Warning[] = []
  let found = nothingFound
  if (step.action === 'replace') {
    const unplanned = await replaceMembers(context, session, sources, step, async (loads) => {
      await record(loads)
      found = await findBeforeSwap(session, expected, step, inHand)
    })
    warnings.push(...unplanned)
  } else {
    if (step.database !== undefined) await runElsewhere(session, step.database, step.statements)
    else await runStatements(session, step.statements, searchPath)
    await record([])
  }
  // The session is under `readingPath`. From a swap until COMMIT, readers wait for each round trip.
  await rekeyObjects(session, manifest, namesSwapped(step, inHand))
  await verifyAndRecord(session, expected, inHand, applyId, found)
  context.checkLease()
  return { pid, warnings }
}

/** The other database commits before the ledger does. If recording fails, the next plan finds what was done, and records it. */
function runElsewhere(session: Session, database: string, statements: readonly Statement[]): Promise<void> {
  return inDatabase(session, database, async (there) => {
    for (const each of statements) await there.execute(each)
  })
}

/** The new keys of ledger entries, for old objects that the swap has kept, and for copies that now have another kind. */
function namesSwapped(step: Step, inHand: PlanInHand): ReadonlyMap<Key, Key> {
  const members = step.action === 'replace' ? step.members : []
  return new Map(
    members.flatMap(({ key }) => {
      const { from, keptAs } = plannedReplacement(inHand, key).change
      const before = keyOf(currentIdOf(from))
      if (keptAs) return [[before, keyOf(keptAs)] as const]
      return before === key ? [] : [[before, key] as const]
    }),
  )
}
