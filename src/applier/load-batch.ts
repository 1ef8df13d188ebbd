// Loads several new copies in one transaction, since everything around a load of little data takes longer than the load. How much
// data there is is still unknown: a batch that takes long is rolled back, and its copies are loaded one by one.

import { randomUUID } from 'node:crypto'
import { uniqueBy } from '../core/data.ts'
import { FdwsyncError } from '../core/errors.ts'
import type { PlainStep, Step } from '../core/plan.ts'
import type { StepOutcome } from '../core/report.ts'
import { sql, trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import { insertRefreshes, type RefreshRecord, recordAtEnd } from '../ledger/refresh-log.ts'
import { insertSteps } from '../ledger/write.ts'
import { countSince } from '../loader/begin-refresh.ts'
import { commitRecorded } from '../loader/commit-recorded.ts'
import { CommitOutcomeUnknown } from '../loader/commit-watchdog.ts'
import { outcomeOfError, recordedStatus } from '../loader/failure.ts'
import { explainLoss } from '../loader/load.ts'
import { type BatchLimits, type LoadedItem, loadInBatch } from '../loader/timed-batch.ts'
import { type DataRun, relationOf } from './data-run.ts'

/** No session reads copies that have never been loaded, so a batch can take longer than one of a refresh. */
const limits: BatchLimits = { milliseconds: 100, lockTimeout: '10ms', statementTimeout: '1s' }

/** At most this many copies have to be loaded once more if a batch is rolled back. */
const mostCopies = 25

/** The loads that can be part of a batch. */
export function loadsToShare(steps: readonly Step[]): Set<Step> {
  // In other stages, something else could wait for the lock of a copy, which its batch holds.
  if (steps.some(({ stage }) => stage !== 'populate')) return new Set()
  return new Set(steps.filter((step) => isPlain(step) && step.statements.every(({ secrets }) => secrets.length === 0)))
}

function isPlain(step: Step): step is PlainStep {
  return step.action !== 'replace'
}

/** @param serversOf the servers that a step reads from. All loads of a batch read from the same ones */
export function chooseLoads(
  first: Step,
  candidates: Iterable<Step>,
  shared: ReadonlySet<Step>,
  serversOf: (step: Step) => readonly string[],
): readonly Step[] {
  if (!shared.has(first)) return []
  const servers = String(serversOf(first))
  const chosen: Step[] = []
  for (const candidate of candidates) {
    if (chosen.length + 1 === mostCopies) break
    if (shared.has(candidate) && String(serversOf(candidate)) === servers) chosen.push(candidate)
  }
  return chosen
}

/**
 * @param shared loads that fail are removed from it, so that each is repeated on its own, which shows which of them fails
 * @returns the outcomes of the completed loads, or of all if the run was interrupted
 */
export async function loadBatch(
  run: DataRun,
  connect: Connect,
  steps: readonly Step[],
  shared: Set<Step>,
): Promise<ReadonlyMap<Step, StepOutcome>> {
  const batch = steps.filter(isPlain)
  const { options } = run.context
  const started = performance.now()
  const records: LoadRecord[] = []
  try {
    run.context.checkLease()
    await withSession(connect, 'load', options.signal, (session) => loadAndRecord(run, session, batch, records))
    if (records.length > 0)
      return new Map(
        records.map(({ step, started, ended }) => [step, { status: 'applied', milliseconds: ended - started }]),
      )
  } catch (error) {
    if (error instanceof CommitOutcomeUnknown) return failAll(run, records, error)
    // After an interruption none of them could start any more.
    if (options.signal.aborted) {
      const ended = performance.now()
      const interrupted = batch.map((step) => loadRecord(step, { started, ended, rows: undefined }))
      return failAll(run, interrupted, interruption(options.signal))
    }
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
  }
  for (const step of batch) shared.delete(step)
  return new Map()
}

function failAll(
  { context, failedLoads }: DataRun,
  records: readonly LoadRecord[],
  error: CommitOutcomeUnknown | FdwsyncError,
): ReadonlyMap<Step, StepOutcome> {
  const outcome = outcomeOfError(error, context.hidden)
  const status = recordedStatus(outcome.status)
  failedLoads.push(
    ...records.map(({ step: _, ...record }): RefreshRecord => ({ ...record, status, reason: outcome.reason })),
  )
  return new Map(records.map(({ step }) => [step, outcome]))
}

interface LoadRecord extends RefreshRecord {
  readonly step: PlainStep
}

/** Adds the completed loads to `records` before COMMIT. If the server raises a warning, all are rolled back, and there are none. */
async function loadAndRecord(
  run: DataRun,
  session: Session,
  batch: readonly PlainStep[],
  records: LoadRecord[],
): Promise<void> {
  const { sources, context } = run
  const probes = []
  for (const { key } of batch) probes.push(...(await run.sourcesOf(session, relationOf(key))))
  const all = uniqueBy(probes, ({ source }) => source)
  const begin = await run.begin(session)
  try {
    const [{ pid, loaded }, started] = await sources.load(session, session.processId, all, async () => {
      const started = performance.now()
      return [await loadInBatch(session, begin, batch, loadingOf, limits), started] as const
    })
    // It is unknown which copy the warning is about.
    if (session.takeNotices().some(({ severity }) => severity === 'warning')) {
      await session.run(trusted('ROLLBACK'))
      return
    }
    context.checkLease()
    records.push(...loaded.map((each) => recordOf(each, started)))
    const insertRecords = () => {
      const steps = insertSteps(
        context.applyId,
        records.map(({ step }) => ({ step, status: 'applied' })),
      )
      return recordAtEnd(sql`${steps}; ${insertRefreshes(context.inHand.plan.manifest, context.applyId, records)}`)
    }
    await commitRecorded(
      session,
      (end) => sources.commit(session, pid, end).catch(explainLoss),
      run.isRecorded() ? insertRecords() : undefined,
    )
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
}

function loadingOf({ key, statements }: PlainStep) {
  return { id: relationOf(key), statements: statements.map((each) => each.sql) }
}

/**
 * All copies may show the source as it was when the first one was read, so each counts as begun at that moment, and as ended after
 * its own duration.
 */
function recordOf({ item, milliseconds, before, after }: LoadedItem<PlainStep>, started: number): LoadRecord {
  const rows = countSince('inserted', before, after)
  return loadRecord(item, { started, ended: started + milliseconds, rows })
}

function loadRecord(step: PlainStep, load: Pick<LoadRecord, 'started' | 'ended' | 'rows'>): LoadRecord {
  return { id: randomUUID(), step, key: step.key, how: 'plain', ...load, status: 'applied' }
}
