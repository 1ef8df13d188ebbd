// Loads several new copies in one transaction, since everything around a load of little data takes longer than the load. How much
// data there is is still unknown: a batch that takes long is rolled back, and its copies are loaded one by one.

import { randomUUID } from 'node:crypto'
import { uniqueBy } from '../core/data.ts'
import type { PlainStep, Step } from '../core/plan.ts'
import type { StepOutcome } from '../core/report.ts'
import { sql } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { insertRefreshes, type OptionalEnd, type RefreshRecord, recordAtEnd } from '../ledger/refresh-log.ts'
import { insertSteps } from '../ledger/write.ts'
import { countSince } from '../loader/begin-refresh.ts'
import { type BegunRecord, failedRecord, outcomeOfError } from '../loader/failure.ts'
import { type BatchLimits, type LoadedItem, loadInBatch } from '../loader/timed-batch.ts'
import type { ApplyContext } from './context.ts'
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

interface BatchedLoad {
  readonly step: PlainStep
  readonly record: BegunRecord
}

/**
 * @param shared the loads of a batch that is rolled back are removed from it, so that each is repeated on its own
 * @returns the outcomes of the completed loads, or of all if the run was interrupted
 */
export async function loadBatch(
  run: DataRun,
  connect: Connect,
  steps: readonly Step[],
  shared: Set<Step>,
): Promise<ReadonlyMap<Step, StepOutcome>> {
  const { context, failedLoads } = run
  const started = performance.now()
  const items = steps.filter(isPlain).map((step): BatchedLoad => ({ step, record: begun(step, started) }))
  const result = await loadInBatch({
    items,
    limits,
    connect,
    signal: context.options.signal,
    sources: run.sources,
    checkLease: context.checkLease,
    prepare: (session) => prepare(run, session, items),
    loadingOf: ({ step: { key, statements } }) => ({
      id: relationOf(key),
      statements: statements.map((each) => each.sql),
    }),
    record: (loaded) => (run.isRecorded() ? recordOf(context, loaded) : undefined),
  })
  switch (result.status) {
    case 'loaded':
      return new Map(
        result.loaded.map(({ item: { step }, milliseconds }) => [step, { status: 'applied', milliseconds }]),
      )
    case 'rolled back':
      for (const { step } of items) shared.delete(step)
      return new Map()
    case 'failed': {
      const outcome = outcomeOfError(result.error, context.hidden)
      failedLoads.push(...result.items.map(({ record }) => failedRecord(record, outcome)))
      return new Map(result.items.map(({ step }) => [step, outcome]))
    }
  }
}

async function prepare({ sourcesOf, begin }: DataRun, session: Session, loads: readonly BatchedLoad[]) {
  const probes = []
  for (const { step } of loads) probes.push(...(await sourcesOf(session, relationOf(step.key))))
  return { begin: await begin(session), probes: uniqueBy(probes, ({ source }) => source) }
}

/** The ledger's rows of completed loads, as steps and as loads. */
function recordOf(
  { applyId, inHand: { plan } }: ApplyContext,
  loaded: readonly LoadedItem<BatchedLoad>[],
): OptionalEnd {
  const loads = loaded.map(({ item, started, milliseconds, before, after }): RefreshRecord => {
    const rows = countSince('inserted', before, after)
    return { ...item.record, started, ended: started + milliseconds, rows, status: 'applied' }
  })
  const steps = loaded.map(({ item }) => ({ step: item.step, status: 'applied' }) as const)
  return recordAtEnd(sql`${insertSteps(applyId, steps)}; ${insertRefreshes(plan.manifest, applyId, loads)}`)
}

function begun({ key }: PlainStep, started: number): BegunRecord {
  return { id: randomUUID(), key, how: 'plain', started }
}
