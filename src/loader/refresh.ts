import { randomUUID } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type IdOf, type Key, keyOf } from '../core/object.ts'
import type { RefreshReport, StepOutcome } from '../core/report.ts'
import type { Secret } from '../core/secret.ts'
import { sql, trusted } from '../core/sql.ts'
import { interruptible } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import { readByPlainViews } from '../dependents/read-through-views.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { refreshStatement } from '../kinds/materialized-view/materialized-view.ts'
import { titleOf } from '../kinds/registry.ts'
import {
  lockRefreshes,
  type RefreshRecord,
  recordRefreshes,
  refreshRecording,
  tryInSavepoint,
} from '../ledger/refresh-log.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'
import { failureOutcome } from './failure.ts'
import { load } from './load.ts'
import { runGraph } from './scheduler.ts'
import { sourceWatchdog } from './source-watchdog.ts'

export type ViewId = IdOf<'materializedView'>

export interface RefreshOptions {
  /** The manifest's. */
  readonly searchPath: readonly string[]
  /** How many at once. */
  readonly jobs: number
  /** How long a source may take to answer before what needs it is given up. */
  readonly sourceTimeoutMilliseconds: number
  readonly secrets: readonly Secret[]
  emit(event: ApplyEvent): void
  /** Aborting cancels what runs. */
  readonly signal: AbortSignal
}

interface View {
  readonly id: ViewId
  readonly key: Key
  readonly title: string
  readonly exists: boolean
  /** Whether readers can go on reading while it is refreshed. */
  readonly concurrently: boolean
  readonly reads: readonly Key[]
}

/** Brings views up to date, each after those that it reads. One that fails stops only those that read it. */
export async function refreshViews(
  manifest: string,
  ids: readonly ViewId[],
  session: Session,
  connect: Connect,
  options: RefreshOptions,
): Promise<RefreshReport> {
  const [views, recording] = await interruptible(session, options.signal, async () => {
    return [await readViews(session, ids), await refreshRecording(session)] as const
  })
  if (!recording.records && recording.warning !== undefined)
    options.emit({ type: 'warning', reason: recording.warning })
  const failed: RefreshRecord[] = []
  const { sourceTimeoutMilliseconds: timeoutMilliseconds, signal } = options
  const sources = sourceWatchdog({ connect, timeoutMilliseconds, signal })
  const finished = ({ key, title }: View, outcome: StepOutcome) =>
    options.emit({ type: 'step-finished', stage: 'populate', key, title, outcome })
  options.emit({ type: 'stage-started', stage: 'populate', steps: views.length })
  const outcomes = await runGraph(views, {
    jobs: options.jobs,
    signal: options.signal,
    id: ({ key }) => key,
    after: ({ reads }) => reads,
    locks: ({ key }) => [key],
    skipped: finished,
    async run(view) {
      options.emit({ type: 'step-started', stage: 'populate', key: view.key, title: view.title })
      const outcome = await refreshOne(view)
      finished(view, outcome)
      return outcome
    },
  })
  if (recording.records) await recordFailures()
  return { manifest, views: outcomes.map(([view, outcome]) => reportOf(view, outcome)) }

  async function refreshOne(view: View): Promise<StepOutcome> {
    if (!view.exists) return { status: 'failed', reason: 'it does not exist', hint: 'Run fdwsync apply first.' }
    const started = performance.now()
    const how = view.concurrently ? ('concurrently' as const) : ('plain' as const)
    const one = { id: randomUUID(), key: view.key, how, started }
    try {
      const statements = [refreshStatement(view.id, view.concurrently)]
      const record = (lent: Session, inserted: string | undefined) => {
        // A concurrent refresh writes only what is another than before.
        const rows = view.concurrently ? undefined : inserted
        return noteOne(lent, { ...one, ended: performance.now(), rows, status: 'applied' })
      }
      const { searchPath } = options
      await withSession(connect, 'load', signal, (lent) =>
        load(lent, sources, { view: view.id, searchPath, statements, record }),
      )
      return { status: 'applied', milliseconds: performance.now() - started }
    } catch (error) {
      const isInDoubt = error instanceof CommitOutcomeUnknown
      const outcome = isInDoubt
        ? ({ status: 'in-doubt', reason: error.message } as const)
        : failureOutcome(error, options.secrets)
      const [status, ended] = [isInDoubt ? 'in doubt' : 'failed', performance.now()] as const
      failed.push({ ...one, ended, rows: undefined, status, reason: outcome.reason })
      return outcome
    }
  }

  async function noteOne(lent: Session, refreshed: RefreshRecord): Promise<void> {
    if (!recording.records) return
    const why = await tryInSavepoint(lent, async () => {
      await lockRefreshes(lent)
      await recordRefreshes(lent, manifest, undefined, [refreshed])
    })
    if (why !== undefined) options.emit({ type: 'warning', reason: `the ledger does not learn of a refresh: ${why}` })
  }

  /** What failed could not be noted in its own transaction. */
  async function recordFailures(): Promise<void> {
    if (failed.length === 0) return
    try {
      await session.run(sql`BEGIN; ${readingPath}; SET LOCAL lock_timeout = '5s'`)
      await lockRefreshes(session)
      await recordRefreshes(session, manifest, undefined, failed)
      await session.run(trusted('COMMIT'))
    } catch (error) {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
      if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
      options.emit({ type: 'warning', reason: `the ledger does not learn of what failed: ${error.message}` })
    }
  }
}

function reportOf({ key, title, exists, concurrently }: View, outcome: StepOutcome): RefreshReport['views'][number] {
  const tried = exists && outcome.status !== 'skipped'
  return { key, title, how: tried ? (concurrently ? 'concurrently' : 'plain') : undefined, outcome }
}

// What REFRESH CONCURRENTLY requires: data to compare with, and a unique index on plain columns of all rows.
const concurrentQuery = trusted(`
  SELECT c.oid FROM pg_catalog.pg_class c
   WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relispopulated
     AND EXISTS (SELECT FROM pg_catalog.pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL)`)

async function readViews(session: Session, ids: readonly ViewId[]): Promise<readonly View[]> {
  await session.run(trusted("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '5s'"))
  try {
    const { live } = await readCatalog(session, ids, '')
    const oids = Array.from(live.values(), ({ oid }) => oid)
    const throughViews = await readByPlainViews(session, [...live.values()])
    const concurrent = new Set((await session.query<{ oid: number }>(concurrentQuery, [oids])).map(({ oid }) => oid))
    const views = ids.map((id): View => {
      const key = keyOf(id)
      const object = live.get(key)
      const concurrently = object !== undefined && concurrent.has(object.oid)
      const reads = (object?.needs ?? []).flatMap((need) => [need, ...(throughViews.get(need) ?? [])])
      return { id, key, title: titleOf(id), exists: object !== undefined, concurrently, reads }
    })
    const ordered = topologicalOrder(
      views,
      ({ key }) => key,
      ({ reads }) => reads,
    )
    return ordered.map((view) => ({
      ...view,
      reads: view.reads.filter((key) => ordered.some((other) => other.key === key)),
    }))
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}
