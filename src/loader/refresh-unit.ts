// Refreshes the copies of one unit in one transaction, with few round trips, since a REFRESH of little data hardly takes longer
// than one.

import type { Key } from '../core/object.ts'
import type { RefreshPolicy, StrategyName } from '../core/refresh-policy.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { FoundState } from '../core/strategy-state.ts'
import type { Session } from '../db/session.ts'
import type { OptionalEnd } from '../ledger/refresh-log.ts'
import { type Beginning, beginRefresh, type Counted, countSince, type Measured, measure } from './begin-refresh.ts'
import { commitRecorded } from './commit-recorded.ts'
import { MemberFailure } from './failure.ts'
import { explainLoss } from './load.ts'
import type { LoadMonitor } from './load-monitor.ts'
import { readOpenSeconds } from './open-transactions.ts'
import { sourcesRead } from './read-sources.ts'
import { type AskedCopy, askIfSame } from './skip-if-same.ts'
import type { Choice } from './strategies/auto.ts'
import { strategyNamed } from './strategies/strategies.ts'
import type { Copy, CopyToRefresh, RefreshTransaction, StrategyOutcome } from './strategies/strategy.ts'

/** A copy and the strategy that was chosen for it. */
export interface ChosenCopy extends AskedCopy {
  readonly policy: RefreshPolicy
  readonly choice: Choice
}

/** What a refresh has done to a copy. */
export interface CopyResult {
  /** The number of rows in the copy; undefined if unknown. */
  readonly rows: string | undefined
  /** How many rows were written; undefined if unknown. */
  readonly inserted: string | undefined
  readonly updated: string | undefined
  readonly deleted: string | undefined
  readonly bytes: number
  /** A digest of what the `skip_if_same` of its policy returned. */
  readonly answer: string | undefined
  /** The strategy that was used in place of the chosen one. */
  readonly instead: StrategyOutcome['instead']
  /** What the next refresh has to know. */
  readonly state: FoundState | undefined
}

export interface UnitContext extends Omit<RefreshTransaction, 'session' | 'pid' | 'openSeconds'> {
  /** The beginning of each transaction. */
  readonly begin: Beginning
  readonly monitor: LoadMonitor
  /** A refresh does not fail because it could not be recorded. */
  onUnrecorded(reason: string): void
}

/** The result of the transaction. */
export type UnitResult =
  | { readonly isSame: true; readonly forMilliseconds: number }
  | { readonly isSame: false; readonly copies: ReadonlyMap<Key, CopyResult> }

/**
 * Refreshes the copies, unless their policies find that there is nothing to do, and commits.
 * @param record returns the record to send along with COMMIT
 */
export async function refreshInTransaction(
  context: UnitContext,
  session: Session,
  chosen: readonly ChosenCopy[],
  record: (result: UnitResult) => OptionalEnd | undefined,
): Promise<UnitResult> {
  const copies = chosen.map(({ copy }) => copy)
  for (const copy of copies) await connectToSources(context, session, copy)
  const byWatermark = chosen.filter(({ choice }) => choice.strategy === 'watermark')
  const openSeconds = await readOpenSeconds(context, session, byWatermark)
  const before = await beginRefresh(session, context.begin, copies)
  const unwatch = context.monitor.watch(before.pid, copies, lastMillisecondsOf(chosen))
  try {
    const transaction: RefreshTransaction = { ...context, session, pid: before.pid, openSeconds }
    const { byCopy, sameForMilliseconds } = await askIfSame(transaction, chosen)
    const result: UnitResult =
      sameForMilliseconds === undefined
        ? { isSame: false, copies: await refreshAll() }
        : { isSame: true, forMilliseconds: sameForMilliseconds }
    const commit = (statements: Sql) => context.sources.commit(session, before.pid, statements).catch(explainLoss)
    const unrecorded = await commitRecorded(session, commit, record(result))
    if (unrecorded !== undefined) context.onUnrecorded(unrecorded)
    return result

    async function refreshAll(): Promise<ReadonlyMap<Key, CopyResult>> {
      const done = new Map<Key, StrategyOutcome & { readonly after: Measured | undefined }>()
      for (const { strategy, run } of runsOf(chosen)) {
        const outcomes = await strategyNamed(strategy).run(transaction, run)
        // Swapped copies were measured before the swap, since readers are waiting by now.
        const isMeasured = run.every(({ key }) => outcomes.get(key)?.successor)
        const measured = isMeasured ? [] : await measure(session, run)
        for (const [at, { key }] of run.entries()) {
          const outcome = outcomes.get(key) ?? {}
          done.set(key, { ...outcome, after: outcome.successor ?? measured[at] })
        }
      }
      return new Map(
        chosen.map((each, at) => {
          const { key } = each.copy
          const { after, ...outcome } = done.get(key) ?? { after: undefined }
          return [key, { ...resultOf(each, outcome, before.counted[at], after), answer: byCopy.get(key) }] as const
        }),
      )
    }
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  } finally {
    unwatch()
  }
}

async function connectToSources(context: UnitContext, session: Session, { id, key }: Copy): Promise<void> {
  try {
    await context.sources.connect(session, sourcesRead(context.sourcesOf, id))
  } catch (error) {
    throw context.signal.aborted ? error : new MemberFailure(key, error)
  }
}

/**
 * How long the copies of a unit took the last time: each was recorded with the time of their common transaction. Undefined unless all are
 * known.
 */
export function lastMillisecondsOf(chosen: readonly ChosenCopy[]): number | undefined {
  const last = chosen.flatMap(({ copy, choice }) => copy.facts.lastMilliseconds[choice.strategy] ?? [])
  return last.length === chosen.length ? Math.max(...last) : undefined
}

interface StrategyRun {
  readonly strategy: StrategyName
  readonly run: readonly CopyToRefresh[]
}

/**
 * Strategies that let readers go on come first, and the swap of all swapped copies last. A copy that reads a swapped one is swapped
 * with it, unless it reads it through a view.
 */
function runsOf(chosen: readonly ChosenCopy[]): readonly StrategyRun[] {
  const order: readonly StrategyName[] = ['concurrently', 'watermark', 'compare', 'merge', 'plain', 'swap']
  return order.flatMap((strategy) => {
    const run = chosen.flatMap(({ copy, policy, choice }) =>
      choice.strategy === strategy ? [{ ...copy, policy }] : [],
    )
    return run.length === 0 ? [] : [{ strategy, run }]
  })
}

export function resultOf(
  { choice }: ChosenCopy,
  { written, isEmpty, instead, state }: StrategyOutcome,
  before: Counted | undefined,
  after: Measured | undefined,
): Omit<CopyResult, 'answer'> {
  const since = (count: 'inserted' | 'deleted') => countSince(count, before, after)
  const common = { bytes: Number(after?.bytes ?? 0), instead, state }
  if (written) {
    const [inserted, updated, deleted] = [written.inserted, written.updated, written.deleted].map(String)
    return { ...common, rows: isEmpty ? '0' : undefined, inserted, updated, deleted }
  }
  const inserted = since('inserted')
  // CONCURRENTLY inserts only the rows that differ, so their number is not that of the copy.
  return choice.strategy === 'concurrently'
    ? { ...common, rows: undefined, inserted, updated: undefined, deleted: since('deleted') }
    : { ...common, rows: inserted, inserted, updated: undefined, deleted: undefined }
}
