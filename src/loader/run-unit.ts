// Refreshes one unit of a run, with its retries, its timeout and its record.

import { randomUUID } from 'node:crypto'
import { roughDuration } from '../core/duration.ts'
import type { ObjectNotice } from '../core/notice.ts'
import { idOf, type Key } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { StepOutcome } from '../core/report.ts'
import { withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import { titleOf } from '../kinds/registry.ts'
import { insertRefreshes, type OptionalEnd, type RefreshRecord, recordAtEnd } from '../ledger/refresh-log.ts'
import type { PlannedCopy } from './choose-strategies.ts'
import { type BegunRecord, failedRecord, isBusy, outcomeOfError } from './failure.ts'
import { takeWarnings } from './load.ts'
import { withLoadRetries } from './load-retries.ts'
import type { RefreshUnit } from './plan-refresh.ts'
import { sourcesRead } from './read-sources.ts'
import type { RefreshOptions } from './refresh-options.ts'
import { type CopyResult, refreshInTransaction, type UnitContext, type UnitResult } from './refresh-unit.ts'
import { tooManyAtOnce } from './scheduler.ts'
import type { ServerLimits } from './server-limits.ts'

export interface RefreshRun {
  readonly manifest: string
  readonly connect: Connect
  /** Shares sessions between loads. */
  readonly pooled: Connect
  readonly context: UnitContext
  readonly options: RefreshOptions
  /** Whether refreshes can be recorded in the ledger at the moment. */
  isRecorded(): boolean
  readonly limits: ServerLimits
  readonly results: Map<Key, CopyResult>
  /** The failed refreshes, which are recorded at the end. */
  readonly failed: RefreshRecord[]
  readonly notices: ObjectNotice[]
}

/** Refreshes a unit, and retries after errors that may pass. */
export async function refreshUnit(
  run: RefreshRun,
  unit: RefreshUnit,
  othersRun: () => boolean,
): Promise<StepOutcome | typeof tooManyAtOnce> {
  const { copies } = unit
  const refused = copies.find((each) => 'refusal' in each)
  if (refused && 'refusal' in refused) return { status: 'failed', ...refused.refusal, of: refused.target.key }
  const chosen = copies.filter((each) => 'choice' in each)
  const started = performance.now()
  const records = chosen.map(({ copy, policy, choice }) => {
    const { strategy: how, reason: because } = choice
    return { id: randomUUID(), key: copy.key, asked: policy.strategy, how, because, started }
  })
  const isLimited = serversOf(run, unit).some(run.limits.isLimited)
  try {
    const onRetry = (reason: string, attempt: number) =>
      run.context.onRetry(`${chosen.map(({ target }) => target.title).join(', ')}: ${reason}`, attempt)
    const result = await withLoadRetries({ signal: run.options.signal, onRetry }, () => {
      // A crash of the server has ended all sessions, that of the lease too.
      run.options.checkLease()
      // postgres_fdw keeps its connection to a source for as long as the session lives.
      return withSession(isLimited ? run.connect : run.pooled, 'load', run.options.signal, async (session) => {
        const atEnd = (each: UnitResult) => {
          run.options.checkLease()
          return recordOf(run, records, each)
        }
        const refresh = () => refreshInTransaction(run.context, session, chosen, atEnd)
        const result = await withinTimeout(session, timeoutOf(run, chosen), refresh)
        for (const { copy } of chosen) run.notices.push(...takeWarnings(session, copy))
        return result
      })
    })
    const milliseconds = performance.now() - started
    if (result.isSame) return { status: 'applied', milliseconds, unchanged: sameText(result.forMilliseconds) }
    for (const [key, each] of result.copies) run.results.set(key, each)
    return { status: 'applied', milliseconds }
  } catch (error) {
    if (isBusy(error) && othersRun()) return tooManyAtOnce
    const outcome = outcomeOfError(error, run.options.hidden)
    for (const record of records) {
      if (outcomeOfCopy(record.key, outcome).status !== 'skipped') run.failed.push(failedRecord(record, outcome))
    }
    return outcome
  }
}

/** The timeout of a unit: the shortest one of its copies. */
function timeoutOf({ options }: RefreshRun, chosen: readonly Extract<PlannedCopy, { policy: RefreshPolicy }>[]) {
  const declared = chosen.flatMap(({ policy }) => policy.timeoutMilliseconds ?? [])
  return options.timeoutMilliseconds ?? (declared.length > 0 ? Math.min(...declared) : undefined)
}

function withinTimeout<T>(session: Session, milliseconds: number | undefined, work: () => Promise<T>): Promise<T> {
  return milliseconds === undefined ? work() : withDeadline(session, milliseconds, 'it', work)
}

/** The sources that a unit reads. */
export function serversOf({ context }: RefreshRun, { copies }: RefreshUnit): readonly string[] {
  const sources = copies.flatMap(({ target }) => sourcesRead(context.sourcesOf, target.id))
  return sources.map(({ source }) => source)
}

/** The outcome of one copy of a unit. If one of them fails, none is refreshed. */
export function outcomeOfCopy(key: Key, outcome: StepOutcome): StepOutcome {
  if (outcome.status !== 'failed' || outcome.of === undefined) return outcome
  const { of, ...failure } = outcome
  return of === key ? failure : { status: 'skipped', reason: `${titleOfKey(of)}, which is refreshed with it, failed` }
}

function titleOfKey(key: Key): string {
  const id = idOf(key)
  return id ? titleOf(id) : 'a copy'
}

function recordOf(
  { manifest, isRecorded }: RefreshRun,
  records: readonly BegunRecord[],
  result: UnitResult,
): OptionalEnd | undefined {
  if (!isRecorded()) return undefined
  const ended = performance.now()
  const complete = records.map((record): RefreshRecord => {
    if (result.isSame)
      return { ...record, ended, rows: undefined, status: 'skipped', reason: sameText(result.forMilliseconds) }
    const found = result.copies.get(record.key)
    if (!found) throw new Error('each copy of a unit has a result')
    const { instead, ...counts } = found
    const used = instead && { how: instead.strategy, because: instead.reason }
    return { ...record, ...counts, ...used, ended, status: 'applied' }
  })
  return recordAtEnd(insertRefreshes(manifest, undefined, complete))
}

function sameText(milliseconds: number): string {
  return `same as ${roughDuration(milliseconds)} ago`
}
