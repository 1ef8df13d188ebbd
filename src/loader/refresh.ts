// Refreshes existing copies: in order, several at once, each by its strategy.

import { FdwsyncError } from '../core/errors.ts'
import { warningsOfNotices } from '../core/notice.ts'
import { type CopyId, relationKey } from '../core/object.ts'
import type { RefreshReport, StepOutcome } from '../core/report.ts'
import { trusted } from '../core/sql.ts'
import { interruptible } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { isLoad, pooledConnect, startingWith } from '../db/session-pool.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { clearOutdated } from '../ledger/outdated-views.ts'
import { openRefreshLog, recordRefreshes } from '../ledger/refresh-log.ts'
import { refreshBeginning } from './begin-refresh.ts'
import type { PlannedCopy } from './choose-strategies.ts'
import { loadMonitor } from './load-monitor.ts'
import { planRefresh, type RefreshUnit } from './plan-refresh.ts'
import { readTargetsToPlan } from './preview.ts'
import type { RefreshOptions } from './refresh-options.ts'
import type { CopyResult, UnitContext } from './refresh-unit.ts'
import { runBatch } from './run-batch.ts'
import { outcomeOfCopy, type RefreshRun, refreshUnit, serversOf } from './run-unit.ts'
import { runGraph } from './scheduler.ts'
import { serverLimits } from './server-limits.ts'
import { chooseBatch, lockOfSmall, smallCopies } from './small-copies.ts'
import { sourceWatchdog } from './source-watchdog.ts'

export interface RefreshSessions {
  /** The session of the lease, with an open transaction in which failures are recorded at the end. */
  readonly lease: Session
  /** Reads what is to be refreshed, and then runs the first load, since its caches are warm. */
  readonly session: Session
  readonly connect: Connect
}

/** Refreshes copies, each after those that it reads. If one fails, only the copies that read it are skipped. */
export async function refreshCopies(
  manifest: string,
  ids: readonly CopyId[],
  { lease, session, connect }: RefreshSessions,
  options: RefreshOptions,
): Promise<Omit<RefreshReport, 'notImported'>> {
  const { emit, jobs, signal, policies, strategy } = options
  const facts = await interruptible(session, signal, () => readAll({ lease, session }, ids, options))
  const { targets, recording } = facts
  if (!recording.records && recording.warning !== undefined) emit({ type: 'warning', reason: recording.warning })
  const limits = serverLimits(options.maxConnections)
  const monitor = loadMonitor(connect, emit)
  const pool = pooledConnect(startingWith(session, 'load', connect), isLoad)
  const run: RefreshRun = {
    manifest,
    connect,
    pooled: pool.connect,
    context: contextOf(facts, { connect, monitor, limits }, options),
    options,
    isRecorded: () => recording.records && !lease.isLost(),
    limits,
    results: new Map(),
    failed: [],
    notices: [],
  }
  emit({ type: 'stage-started', stage: 'populate', steps: targets.length, objects: targets.length })
  const outcomes = await runUnits(run, planRefresh({ targets, policies, strategy }), jobs).finally(async () => {
    await Promise.all([pool.close(), monitor.close()])
  })
  if (recording.records) await closeLog(run, lease)
  const ended = outcomes.flatMap(([{ copies }, outcome]) => copies.map((each) => reportOf(run, each, outcome)))
  const byKey = new Map(ended.map((view) => [view.key, view]))
  return {
    manifest,
    isPreview: false,
    views: targets.flatMap(({ key }) => byKey.get(key) ?? []),
    warnings: warningsOfNotices(run.notices),
  }
}

function contextOf(
  { sourcesOf, begin }: Awaited<ReturnType<typeof readAll>>,
  { connect, monitor, limits }: Pick<RefreshRun, 'connect' | 'limits'> & Pick<UnitContext, 'monitor'>,
  { emit, signal, searchPath, trustedRoles, sourceTimeoutMilliseconds: timeoutMilliseconds }: RefreshOptions,
): UnitContext {
  return {
    monitor,
    sources: sourceWatchdog({ connect, timeoutMilliseconds, signal, limits }),
    sourcesOf,
    begin,
    searchPath,
    trust: { trustedRoles, allowsUntrusted: false },
    signal,
    onRetry: (reason, attempt) => emit({ type: 'retrying', stage: 'populate', reason, attempt }),
    onUnrecorded: (reason) => emit({ type: 'warning', reason: `a refresh could not be recorded: ${reason}` }),
  }
}

async function readAll(
  { lease, session }: Omit<RefreshSessions, 'connect'>,
  ids: readonly CopyId[],
  { recording, searchPath }: Pick<RefreshOptions, 'recording' | 'searchPath'>,
) {
  const targets = await readTargetsToPlan(session, ids, recording)
  return inReadOnlyTransaction(session, async () => {
    const opened = recording.records ? await openRefreshLog(lease, session) : recording
    const sourcesOf = new Map(targets.map(({ id, sources }) => [relationKey(id.schema, id.name), sources]))
    return { targets, sourcesOf, recording: opened, begin: await refreshBeginning(session, searchPath) }
  })
}

function runUnits(run: RefreshRun, units: readonly RefreshUnit[], jobs: number) {
  const { emit, signal, timeoutMilliseconds } = run.options
  const small = smallCopies(units, timeoutMilliseconds)
  const lock = lockOfSmall(small)
  return runGraph(units, {
    jobs,
    signal,
    id: ({ id }) => id,
    after: ({ after }) => after,
    locks: ({ id }) => (small.has(id) ? lock : []),
    servers: (unit) => serversOf(run, unit),
    limits: run.limits,
    started({ copies }) {
      for (const { target } of copies) {
        const { key, title } = target
        emit({ type: 'step-started', stage: 'populate', key, title, action: 'populate' })
      }
    },
    finished({ copies }, outcome) {
      for (const { target } of copies) {
        const { key, title } = target
        emit({ type: 'step-finished', stage: 'populate', key, title, outcome: outcomeOfCopy(key, outcome) })
      }
    },
    batches: {
      choose: (first, candidates) => chooseBatch(first, candidates, small),
      run: (batch) => runBatch(run, batch, small),
    },
    run: (unit, othersRun) => refreshUnit(run, unit, othersRun),
  })
}

/** Records failures in the transaction of the lease, because those of the refreshes were rolled back. */
async function closeLog({ manifest, failed, results, options }: RefreshRun, lease: Session): Promise<void> {
  if (lease.isLost()) return
  try {
    await recordRefreshes(lease, manifest, undefined, failed)
    // A refresh that reads only changed rows does not bring outdated data up to date.
    const loaded = [...results].filter(([, { state }]) => state === undefined || state.compared === 'all')
    await clearOutdated(
      lease,
      manifest,
      loaded.map(([key]) => key),
    )
    await lease.run(trusted('COMMIT'))
  } catch (error) {
    if (!lease.isLost()) await lease.run(trusted('ROLLBACK'))
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    options.emit({ type: 'warning', reason: `not all refreshes could be recorded: ${error.message}` })
  }
}

function reportOf(
  { results }: RefreshRun,
  planned: PlannedCopy,
  unitOutcome: StepOutcome,
): RefreshReport['views'][number] {
  const { key, title } = planned.target
  const outcome = outcomeOfCopy(key, unitOutcome)
  const wasRun = outcome.status !== 'skipped' && !('unchanged' in outcome)
  const choice = 'choice' in planned && wasRun ? planned.choice : undefined
  const result = results.get(key)
  const { strategy, reason } = result?.instead ?? choice ?? {}
  const insteadOf = choice && strategy !== choice.strategy ? choice.strategy : undefined
  return {
    key,
    title,
    how: strategy,
    because: reason,
    insteadOf,
    hint: choice?.hint,
    rows: result?.rows,
    written: writtenBy(result),
    bytes: result?.bytes,
    lastMilliseconds: strategy && planned.target.copy?.facts.lastMilliseconds[strategy],
    outcome,
  }
}

function writtenBy(result: CopyResult | undefined): RefreshReport['views'][number]['written'] {
  const { inserted, updated, deleted } = result ?? {}
  return inserted === undefined || updated === undefined || deleted === undefined
    ? undefined
    : { inserted, updated, deleted }
}
