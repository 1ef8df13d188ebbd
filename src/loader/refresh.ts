// Refreshes existing materialized views.

import { randomUUID } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { type ObjectNotice, warningsOfNotices } from '../core/notice.ts'
import type { Hidden } from '../core/redaction.ts'
import type { RefreshReport, StepOutcome } from '../core/report.ts'
import { sql, trusted } from '../core/sql.ts'
import { interruptible } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import { beginStatement } from '../db/transaction.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { refreshStatement } from '../kinds/materialized-view/materialized-view.ts'
import {
  lockRefreshes,
  type RefreshRecord,
  recordRefreshes,
  refreshRecording,
  tryInSavepoint,
} from '../ledger/refresh-log.ts'
import { isBusySource, outcomeOfError, recordedStatus } from './failure.ts'
import { load, takeWarnings } from './load.ts'
import { type RefreshedView, readRefreshedViews, type ViewId } from './refreshed-views.ts'
import { runGraph, tooManyAtOnce } from './scheduler.ts'
import { type SourceWatchdog, sourceWatchdog } from './source-watchdog.ts'

export interface RefreshOptions {
  /** The manifest's. */
  readonly searchPath: readonly string[]
  /** How many views are refreshed at once. */
  readonly jobs: number
  /** How long a source may take to answer before the views that need it fail. */
  readonly sourceTimeoutMilliseconds: number
  /** What no message may show. */
  readonly hidden: readonly Hidden[]
  emit(event: ApplyEvent): void
  /** Aborting it cancels what runs. */
  readonly signal: AbortSignal
}

/** Refreshes views, each after those that it reads. If one fails, only the views that read it are skipped. */
export async function refreshViews(
  manifest: string,
  ids: readonly ViewId[],
  session: Session,
  connect: Connect,
  options: RefreshOptions,
): Promise<Omit<RefreshReport, 'notImported'>> {
  const { emit, jobs, signal, sourceTimeoutMilliseconds: timeoutMilliseconds } = options
  const [views, recording] = await interruptible(session, signal, async () => {
    return [await readRefreshedViews(session, ids), await refreshRecording(session)] as const
  })
  if (!recording.records && recording.warning !== undefined) emit({ type: 'warning', reason: recording.warning })
  const sources = sourceWatchdog({ connect, timeoutMilliseconds, signal })
  const run: RefreshRun = {
    manifest,
    connect,
    sources,
    options,
    isRecorded: recording.records,
    failed: [],
    notices: [],
  }
  const onFinished = ({ key, title }: RefreshedView, outcome: StepOutcome) =>
    emit({ type: 'step-finished', stage: 'populate', key, title, outcome })
  emit({ type: 'stage-started', stage: 'populate', steps: views.length, objects: views.length })
  const outcomes = await runGraph(views, {
    jobs,
    signal,
    id: ({ key }) => key,
    after: ({ reads }) => reads,
    locks: ({ key }) => [key],
    skipped: onFinished,
    async run(view, othersRun) {
      emit({ type: 'step-started', stage: 'populate', key: view.key, title: view.title })
      const outcome = await refreshView(run, view, othersRun)
      if (outcome !== tooManyAtOnce) onFinished(view, outcome)
      return outcome
    },
  })
  if (run.isRecorded) await recordFailures(run, session)
  return {
    manifest,
    views: outcomes.map(([view, outcome]) => reportOf(view, outcome)),
    warnings: warningsOfNotices(run.notices),
  }
}

interface RefreshRun {
  readonly manifest: string
  readonly connect: Connect
  readonly sources: SourceWatchdog
  readonly options: RefreshOptions
  /** Whether this role may record refreshes in the ledger. */
  readonly isRecorded: boolean
  /** To be recorded at the end. */
  readonly failed: RefreshRecord[]
  readonly notices: ObjectNotice[]
}

async function refreshView(
  run: RefreshRun,
  view: RefreshedView,
  othersRun: () => boolean,
): Promise<StepOutcome | typeof tooManyAtOnce> {
  if (!view.exists) return { status: 'failed', reason: 'it does not exist', hint: 'Run fdwsync apply first.' }
  const { searchPath, signal, hidden } = run.options
  const started = performance.now()
  const base = { id: randomUUID(), key: view.key, how: howOf(view), started }
  const statements = [refreshStatement(view.id, view.concurrently)]
  const record = async (session: Session, inserted: string | undefined) => {
    // REFRESH CONCURRENTLY inserts only the rows that differ, so their number is not that of the view.
    const rows = view.concurrently ? undefined : inserted
    if (run.isRecorded)
      await recordSuccess(run, session, { ...base, ended: performance.now(), rows, status: 'applied' })
  }
  try {
    await withSession(run.connect, 'load', signal, async (session) => {
      await load(session, run.sources, { view: view.id, searchPath, statements, record })
      run.notices.push(...takeWarnings(session, view))
    })
    return { status: 'applied', milliseconds: performance.now() - started }
  } catch (error) {
    if (isBusySource(error) && othersRun()) return tooManyAtOnce
    const outcome = outcomeOfError(error, hidden)
    const status = recordedStatus(outcome.status)
    run.failed.push({ ...base, ended: performance.now(), rows: undefined, status, reason: outcome.reason })
    return outcome
  }
}

/** In the transaction of the refresh, which does not fail if it cannot be recorded. */
async function recordSuccess({ manifest, options }: RefreshRun, session: Session, record: RefreshRecord) {
  const reason = await tryInSavepoint(session, async () => {
    await lockRefreshes(session)
    await recordRefreshes(session, manifest, undefined, [record])
  })
  if (reason !== undefined) options.emit({ type: 'warning', reason: `a refresh could not be recorded: ${reason}` })
}

/** In a transaction of its own, because those of the refreshes were rolled back. */
async function recordFailures({ manifest, failed, options }: RefreshRun, session: Session): Promise<void> {
  if (failed.length === 0) return
  try {
    await session.run(sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: 5000 })}; ${readingPath}`)
    await lockRefreshes(session)
    await recordRefreshes(session, manifest, undefined, failed)
    await session.run(trusted('COMMIT'))
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    options.emit({ type: 'warning', reason: `failed refreshes could not be recorded: ${error.message}` })
  }
}

function reportOf(view: RefreshedView, outcome: StepOutcome): RefreshReport['views'][number] {
  const wasAttempted = view.exists && outcome.status !== 'skipped'
  return { key: view.key, title: view.title, how: wasAttempted ? howOf(view) : undefined, outcome }
}

function howOf({ concurrently }: RefreshedView): 'concurrently' | 'plain' {
  return concurrently ? 'concurrently' : 'plain'
}
