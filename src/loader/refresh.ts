// Refreshes existing copies: in order, several at once, each by its strategy.

import { randomUUID } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { type ObjectNotice, warningsOfNotices } from '../core/notice.ts'
import { idOf, type Key, relationKey } from '../core/object.ts'
import type { Hidden } from '../core/redaction.ts'
import type { RefreshPolicy, RefreshStrategy } from '../core/refresh-policy.ts'
import type { RefreshReport, StepOutcome } from '../core/report.ts'
import { trusted } from '../core/sql.ts'
import { interruptible, withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { isLoad, pooledConnect, withSession } from '../db/session-pool.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { titleOf } from '../kinds/registry.ts'
import {
  type OptionalEnd,
  openRefreshLog,
  type RefreshRecord,
  type RefreshRecording,
  recordAtEnd,
  recordRefreshes,
  refreshRecording,
} from '../ledger/refresh-log.ts'
import type { CopyId } from './copies.ts'
import { isBusySource, outcomeOfError, recordedStatus } from './failure.ts'
import { takeWarnings } from './load.ts'
import { withLoadRetries } from './load-retries.ts'
import { type PlannedCopy, planRefresh, type RefreshUnit } from './plan-refresh.ts'
import { readTargetsToPlan } from './preview.ts'
import { type CopyResult, refreshBeginning, refreshInTransaction, type UnitContext } from './refresh-unit.ts'
import { runGraph, tooManyAtOnce } from './scheduler.ts'
import { type MaxConnections, type ServerLimits, serverLimits } from './server-limits.ts'
import { readSources, sourceWatchdog } from './source-watchdog.ts'

export interface RefreshOptions {
  /** The manifest's. */
  readonly searchPath: readonly string[]
  /** The manifest's: roles whose code may run when views over a swapped copy are recreated. */
  readonly trustedRoles: readonly string[]
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** The strategy of this run, in place of those of the policies. */
  readonly strategy?: RefreshStrategy | undefined
  /** How many units are refreshed at once. */
  readonly jobs: number
  /** How many connections the run may have to each source at once. */
  readonly maxConnections: MaxConnections
  /** After that a single refresh is cancelled, in place of what the policies declare. */
  readonly timeoutMilliseconds?: number | undefined
  /** How long a source may take to answer before the copies that need it fail. */
  readonly sourceTimeoutMilliseconds: number
  /** How long to wait for an apply of the manifest. */
  readonly leaseTimeoutMilliseconds: number
  /** What no message may show. */
  readonly hidden: readonly Hidden[]
  emit(event: ApplyEvent): void
  /** Aborting it cancels what runs. */
  readonly signal: AbortSignal
}

interface RefreshRun {
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
  /** To be recorded at the end. */
  readonly failed: RefreshRecord[]
  readonly notices: ObjectNotice[]
}

/** Refreshes copies, each after those that it reads. If one fails, only the copies that read it are skipped. */
export async function refreshCopies(
  manifest: string,
  ids: readonly CopyId[],
  session: Session,
  connect: Connect,
  options: RefreshOptions,
): Promise<Omit<RefreshReport, 'notImported'>> {
  const { emit, jobs, signal, policies, strategy, sourceTimeoutMilliseconds: timeoutMilliseconds } = options
  const found = await interruptible(session, signal, () => refreshRecording(session))
  const { targets, sourcesOf, begin } = await interruptible(session, signal, () =>
    readAll(session, ids, { recording: found, searchPath: options.searchPath }),
  )
  const recording = found.records ? await interruptible(session, signal, () => openRefreshLog(session)) : found
  if (!recording.records && recording.warning !== undefined) emit({ type: 'warning', reason: recording.warning })
  const limits = serverLimits(options.maxConnections)
  const units = planRefresh({ targets, policies, strategy })
  const context: UnitContext = {
    sources: sourceWatchdog({ connect, timeoutMilliseconds, signal, limits }),
    sourcesOf,
    begin,
    searchPath: options.searchPath,
    trust: { trustedRoles: options.trustedRoles, allowsUntrusted: false },
    signal,
    onRetry: (reason, attempt) => emit({ type: 'retrying', stage: 'populate', reason, attempt }),
    onUnrecorded: (reason) => emit({ type: 'warning', reason: `a refresh could not be recorded: ${reason}` }),
  }
  const isRecorded = () => recording.records && !session.isLost()
  const pool = pooledConnect(connect, isLoad)
  const run: RefreshRun = {
    manifest,
    connect,
    pooled: pool.connect,
    context,
    options,
    isRecorded,
    limits,
    results: new Map(),
    failed: [],
    notices: [],
  }
  emit({ type: 'stage-started', stage: 'populate', steps: targets.length, objects: targets.length })
  const outcomes = await runUnits(run, units, jobs).finally(pool.close)
  if (recording.records) await recordFailures(run, session)
  const ended = outcomes.flatMap(([{ copies }, outcome]) => copies.map((each) => reportOf(run, each, outcome)))
  const byKey = new Map(ended.map((view) => [view.key, view]))
  return {
    manifest,
    views: targets.flatMap(({ key }) => byKey.get(key) ?? []),
    warnings: warningsOfNotices(run.notices),
  }
}

async function readAll(
  session: Session,
  ids: readonly CopyId[],
  { recording, searchPath }: { readonly recording: RefreshRecording; readonly searchPath: readonly string[] },
) {
  const targets = await readTargetsToPlan(session, ids, recording)
  return inReadOnlyTransaction(session, async () => {
    const sourcesOf = await readSources(session, ids)
    return { targets, sourcesOf, begin: await refreshBeginning(session, searchPath) }
  })
}

function runUnits(run: RefreshRun, units: readonly RefreshUnit[], jobs: number) {
  const { emit, signal } = run.options
  const onFinished = ({ copies }: RefreshUnit, outcome: StepOutcome) => {
    for (const { target } of copies) {
      const { key, title } = target
      emit({ type: 'step-finished', stage: 'populate', key, title, outcome: outcomeOfCopy(key, outcome) })
    }
  }
  return runGraph(units, {
    jobs,
    signal,
    id: ({ id }) => id,
    after: ({ after }) => after,
    locks: () => [],
    servers: (unit) => serversOf(run, unit),
    limits: run.limits,
    skipped: onFinished,
    async run(unit, othersRun) {
      for (const { target } of unit.copies)
        emit({ type: 'step-started', stage: 'populate', key: target.key, title: target.title })
      const outcome = await refreshUnit(run, unit, othersRun)
      if (outcome !== tooManyAtOnce) onFinished(unit, outcome)
      return outcome
    },
  })
}

async function refreshUnit(
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
    await withLoadRetries({ signal: run.options.signal, onRetry }, () =>
      // postgres_fdw keeps its connection to a source for as long as the session lives.
      withSession(isLimited ? run.connect : run.pooled, 'load', run.options.signal, async (session) => {
        const refresh = () =>
          refreshInTransaction(run.context, session, chosen, (each) => successOf(run, records, each))
        const results = await withinTimeout(session, timeoutOf(run, chosen), refresh)
        for (const [key, result] of results) run.results.set(key, result)
        for (const { copy } of chosen) run.notices.push(...takeWarnings(session, copy))
      }),
    )
    return { status: 'applied', milliseconds: performance.now() - started }
  } catch (error) {
    if (isBusySource(error) && othersRun()) return tooManyAtOnce
    const outcome = outcomeOfError(error, run.options.hidden)
    const status = recordedStatus(outcome.status)
    const ended = performance.now()
    for (const record of records) {
      if (outcomeOfCopy(record.key, outcome).status !== 'skipped')
        run.failed.push({ ...record, ended, rows: undefined, status, reason: outcome.reason })
    }
    return outcome
  }
}

/** Of copies that are refreshed together, the shortest one counts. */
function timeoutOf({ options }: RefreshRun, chosen: readonly Extract<PlannedCopy, { policy: RefreshPolicy }>[]) {
  const declared = chosen.flatMap(({ policy }) => policy.timeoutMilliseconds ?? [])
  return options.timeoutMilliseconds ?? (declared.length > 0 ? Math.min(...declared) : undefined)
}

function withinTimeout<T>(session: Session, milliseconds: number | undefined, work: () => Promise<T>): Promise<T> {
  return milliseconds === undefined ? work() : withDeadline(session, milliseconds, 'it', work)
}

function serversOf({ context }: RefreshRun, { copies }: RefreshUnit): readonly string[] {
  const sources = copies.flatMap(
    ({ target }) => context.sourcesOf.get(relationKey(target.id.schema, target.id.name)) ?? [],
  )
  return sources.map(({ source }) => source)
}

/** The outcome of one copy of a unit. If one of them fails, none is refreshed. */
function outcomeOfCopy(key: Key, outcome: StepOutcome): StepOutcome {
  if (outcome.status !== 'failed' || outcome.of === undefined) return outcome
  const { of, ...failure } = outcome
  return of === key ? failure : { status: 'skipped', reason: `${titleOfKey(of)}, which is refreshed with it, failed` }
}

function titleOfKey(key: Key): string {
  const id = idOf(key)
  return id ? titleOf(id) : 'a copy'
}

function successOf(
  { manifest, isRecorded }: RefreshRun,
  records: readonly Omit<RefreshRecord, 'ended' | 'rows' | 'status'>[],
  results: ReadonlyMap<Key, CopyResult>,
): OptionalEnd | undefined {
  if (!isRecorded()) return undefined
  const ended = performance.now()
  const complete = records.map((record) => {
    const { rows, ...result } = results.get(record.key) ?? { rows: undefined }
    return { ...record, ...result, ended, rows, status: 'applied' as const }
  })
  return recordAtEnd(manifest, complete)
}

/** In a transaction of its own, because those of the refreshes were rolled back. */
async function recordFailures({ manifest, failed, options }: RefreshRun, log: Session): Promise<void> {
  if (log.isLost()) return
  try {
    await recordRefreshes(log, manifest, undefined, failed)
    await log.run(trusted('COMMIT'))
  } catch (error) {
    if (!log.isLost()) await log.run(trusted('ROLLBACK'))
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    options.emit({ type: 'warning', reason: `failed refreshes could not be recorded: ${error.message}` })
  }
}

function reportOf(
  { results }: RefreshRun,
  planned: PlannedCopy,
  unitOutcome: StepOutcome,
): RefreshReport['views'][number] {
  const { key, title } = planned.target
  const outcome = outcomeOfCopy(key, unitOutcome)
  const choice = 'choice' in planned && outcome.status !== 'skipped' ? planned.choice : undefined
  return {
    key,
    title,
    how: choice?.strategy,
    because: choice?.reason,
    rows: results.get(key)?.rows,
    bytes: results.get(key)?.bytes,
    lastMilliseconds: choice && planned.target.copy?.facts.lastMilliseconds[choice.strategy],
    outcome,
  }
}
