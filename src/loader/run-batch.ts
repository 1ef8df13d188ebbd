// Refreshes a batch of small copies, and records it.

import { randomUUID } from 'node:crypto'
import type { Key } from '../core/object.ts'
import type { StepOutcome } from '../core/report.ts'
import { refreshConcurrentlyStatement, refreshStatement } from '../kinds/materialized-view/materialized-view.ts'
import { insertRefreshes, type RefreshRecord, recordAtEnd } from '../ledger/refresh-log.ts'
import { type BegunRecord, failedRecord, outcomeOfError } from './failure.ts'
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

interface BatchedCopy extends SmallCopy {
  readonly record: BegunRecord
}

/**
 * Refreshes the copies of a batch.
 * @param small the copies of a batch that is rolled back are removed from it, so that they are refreshed on their own
 * @returns the outcomes of the refreshed copies, or of all if the run was interrupted
 */
export async function runBatch(
  run: RefreshRun,
  units: readonly RefreshUnit[],
  small: Map<Key, SmallCopy>,
): Promise<ReadonlyMap<RefreshUnit, StepOutcome>> {
  const { context, options } = run
  const isLimited = units.some((unit) => serversOf(run, unit).some(run.limits.isLimited))
  const started = performance.now()
  const items = units.flatMap(({ id }) => {
    const copy = small.get(id)
    return copy ? [{ ...copy, record: begun(copy, started) }] : []
  })
  const result = await loadInBatch({
    items,
    limits,
    connect: isLimited ? run.connect : run.pooled,
    signal: options.signal,
    sources: context.sources,
    checkLease: options.checkLease,
    async prepare(session) {
      const [first] = items
      // All of them read the same sources.
      const probes = first ? sourcesRead(context.sourcesOf, first.copy.id) : []
      await context.sources.connect(session, probes)
      return { begin: context.begin, probes }
    },
    loadingOf: refreshOf,
    record: (loaded) =>
      run.isRecorded() ? recordAtEnd(insertRefreshes(run.manifest, undefined, loaded.map(recordOf))) : undefined,
  })
  switch (result.status) {
    case 'loaded':
      if (result.unrecorded !== undefined) context.onUnrecorded(result.unrecorded)
      for (const loaded of result.loaded) run.results.set(loaded.item.copy.key, resultOfLoaded(loaded))
      return new Map(
        result.loaded.map(({ item: { unit }, milliseconds }) => [unit, { status: 'applied', milliseconds }]),
      )
    case 'rolled back':
      for (const { id } of units) small.delete(id)
      return new Map()
    case 'failed': {
      const outcome = outcomeOfError(result.error, options.hidden)
      run.failed.push(...result.items.map(({ record }) => failedRecord(record, outcome)))
      return new Map(result.items.map(({ unit }) => [unit, outcome]))
    }
  }
}

function resultOfLoaded({ item, before, after }: LoadedItem<BatchedCopy>): CopyResult {
  return { ...resultOf(item, {}, before, after), answer: undefined }
}

function recordOf(loaded: LoadedItem<BatchedCopy>): RefreshRecord {
  const { item, started, milliseconds } = loaded
  const { instead, ...counts } = resultOfLoaded(loaded)
  return { ...item.record, started, ended: started + milliseconds, ...counts, status: 'applied' }
}

function begun({ copy, policy, choice }: SmallCopy, started: number): BegunRecord {
  const { strategy: how, reason: because } = choice
  return { id: randomUUID(), key: copy.key, asked: policy.strategy, how, because, started }
}

function refreshOf({ copy: { id }, choice }: BatchedCopy) {
  const refresh = choice.strategy === 'concurrently' ? refreshConcurrentlyStatement : refreshStatement
  return { id, statements: [refresh(id).sql] }
}
