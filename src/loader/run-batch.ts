// Runs a batch of small copies, and records it.

import { randomUUID } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import type { StepOutcome } from '../core/report.ts'
import { sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import { refreshConcurrentlyStatement, refreshStatement } from '../kinds/materialized-view/materialized-view.ts'
import { insertRefreshes, type RefreshRecord } from '../ledger/refresh-log.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'
import { outcomeOfError, recordedStatus } from './failure.ts'
import { explainLoss } from './load.ts'
import type { RefreshUnit } from './plan-refresh.ts'
import { sourcesRead } from './read-sources.ts'
import { type CopyResult, resultOf } from './refresh-unit.ts'
import { type RefreshRun, serversOf } from './run-unit.ts'
import { batchMilliseconds, type SmallCopy } from './small-copies.ts'
import { type BatchLimits, type LoadedItem, loadInBatch } from './timed-batch.ts'

/**
 * Readers of copies that the batch has refreshed wait for its end, and may hold locks that the next copies need. So the batch gives
 * up long before the server looks for a deadlock.
 */
const limits: BatchLimits = { milliseconds: batchMilliseconds, lockTimeout: '10ms', statementTimeout: '250ms' }

/**
 * Refreshes the copies of a batch.
 * @param small the copies that fail are removed from it, so that they are refreshed on their own
 * @returns the outcomes of the refreshed copies, or of all if the run was interrupted
 */
export async function runBatch(
  run: RefreshRun,
  units: readonly RefreshUnit[],
  small: Map<Key, SmallCopy>,
): Promise<ReadonlyMap<RefreshUnit, StepOutcome>> {
  const batch = units.flatMap(({ id }) => small.get(id) ?? [])
  const isLimited = units.some((unit) => serversOf(run, unit).some(run.limits.isLimited))
  const refuse = () => {
    for (const { id } of units) small.delete(id)
    return new Map<RefreshUnit, StepOutcome>()
  }
  const { checkLease, signal } = run.options
  const started = performance.now()
  const refreshed: LoadedItem<SmallCopy>[] = []
  try {
    checkLease()
    await withSession(isLimited ? run.connect : run.pooled, 'load', signal, (session) =>
      refreshAndRecord(run, session, batch, refreshed),
    )
    if (refreshed.length === 0) return refuse()
    return new Map(refreshed.map(({ item: { unit }, milliseconds }) => [unit, { status: 'applied', milliseconds }]))
  } catch (error) {
    if (error instanceof CommitOutcomeUnknown) {
      const reached = refreshed.map(({ item }) => item)
      return failAll(run, reached, started, error)
    }
    // After an interruption none of them could start any more.
    if (signal.aborted) return failAll(run, batch, started, interruption(signal))
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    return refuse()
  }
}

function failAll(
  { failed, options }: RefreshRun,
  batch: readonly SmallCopy[],
  started: number,
  error: FdwsyncError,
): ReadonlyMap<RefreshUnit, StepOutcome> {
  const outcome = outcomeOfError(error, options.hidden)
  const status = recordedStatus(outcome.status)
  const end = { started, ended: performance.now(), rows: undefined, reason: outcome.reason }
  failed.push(...batch.map((item): RefreshRecord => ({ ...headOf(item), ...end, status })))
  return new Map(batch.map(({ unit }) => [unit, outcome]))
}

/**
 * Adds the refreshed copies to `refreshed` before COMMIT. If the server raises a warning, all are rolled back, and there are none.
 */
async function refreshAndRecord(
  run: RefreshRun,
  session: Session,
  batch: readonly SmallCopy[],
  refreshed: LoadedItem<SmallCopy>[],
): Promise<void> {
  const { sources, sourcesOf, begin } = run.context
  const [first] = batch
  // All of them read the same sources.
  const probes = first ? sourcesRead(sourcesOf, first.copy.id) : []
  await sources.connect(session, probes)
  try {
    const [{ pid, loaded }, started] = await sources.load(session, session.processId, probes, async () => {
      const started = performance.now()
      return [await loadInBatch(session, begin, batch, refreshOf, limits), started] as const
    })
    if (session.takeNotices().some(({ severity }) => severity === 'warning')) {
      await session.run(trusted('ROLLBACK'))
      return
    }
    run.options.checkLease()
    refreshed.push(...loaded)
    const results = loaded.map((each) => [each, resultOf(each.item, {}, each.before, each.after)] as const)
    const records = results.map(([each, result]) => recordOf(each, result, started))
    const record = run.isRecorded() ? sql`${insertRefreshes(run.manifest, undefined, records)}; ` : sql``
    await sources.commit(session, pid, sql`${record}COMMIT`).catch(explainLoss)
    for (const [{ item }, result] of results) run.results.set(item.copy.key, { ...result, answer: undefined })
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
}

/**
 * All copies may show the source as it was when the first one was read, so each counts as begun at that moment, and as ended after
 * its own duration.
 */
function recordOf(
  { item, milliseconds }: LoadedItem<SmallCopy>,
  result: Omit<CopyResult, 'answer'>,
  started: number,
): RefreshRecord {
  const { instead, ...counts } = result
  return { ...headOf(item), started, ended: started + milliseconds, ...counts, status: 'applied' }
}

function headOf({ copy, policy, choice }: SmallCopy) {
  const { strategy: how, reason: because } = choice
  return { id: randomUUID(), key: copy.key, asked: policy.strategy, how, because }
}

function refreshOf({ copy: { id }, choice }: SmallCopy) {
  const refresh = choice.strategy === 'concurrently' ? refreshConcurrentlyStatement : refreshStatement
  return { id, statements: [refresh(id).sql] }
}
