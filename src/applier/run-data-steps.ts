// Runs the steps that read data, once all definitions are committed: builds, replacements and loads. Each has its own
// transaction, and several run at once.

import { randomUUID } from 'node:crypto'
import { idOf, type Key } from '../core/object.ts'
import type { PlainStep, Plan, Step } from '../core/plan.ts'
import type { StepOutcome } from '../core/report.ts'
import { sql } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { isLoad, pooledConnect, type SessionPool, withSession } from '../db/session-pool.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import { insertRefreshes, keepLogTrusted, type RefreshRecord, recordAtEnd } from '../ledger/refresh-log.ts'
import { insertSteps } from '../ledger/write.ts'
import { refreshBeginning } from '../loader/begin-refresh.ts'
import { failedRecord, isBusy, outcomeOfError } from '../loader/failure.ts'
import { load, takeWarnings } from '../loader/load.ts'
import { oncePerRun } from '../loader/once-per-run.ts'
import { sourcesOfAll, sourcesOfEach } from '../loader/read-sources.ts'
import { type GraphOptions, runGraph, tooManyAtOnce } from '../loader/scheduler.ts'
import { serverLimits } from '../loader/server-limits.ts'
import { sourceWatchdog } from '../loader/source-watchdog.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { countObjects } from './applied-changes.ts'
import { build } from './build.ts'
import type { ApplyContext } from './context.ts'
import { type DataRun, relationOf } from './data-run.ts'
import { keysOf } from './expected-result.ts'
import type { FinishedStep } from './finished-step.ts'
import { chooseLoads, loadBatch, loadsToShare } from './load-batch.ts'
import { secretsOf } from './step-secrets.ts'

function dataSteps({ steps }: Plan): readonly Step[] {
  return steps.filter(({ stage }) => stage !== 'prepare' && stage !== 'define')
}

/**
 * The sessions of the loads. The first is opened before anything is committed: with it and the one that will commit, there are as many
 * connections as a load and the check of its source need.
 */
export async function openLoadSessions({ inHand: { plan }, connect, options }: ApplyContext): Promise<SessionPool> {
  const pool = pooledConnect(connect, isLoad)
  // With a limited server, a load takes a session of its own.
  if (dataSteps(plan).length > 0 && options.maxConnections.size === 0) await (await pool.connect('load')).close()
  return pool
}

/** Skips all steps if the definitions were not applied. Adds the loads that failed to `failedLoads`. */
export async function runDataSteps(
  context: ApplyContext,
  lease: Session,
  definitions: readonly FinishedStep[],
  failedLoads: RefreshRecord[],
  pool: SessionPool,
): Promise<readonly FinishedStep[]> {
  const { options, inHand } = context
  const steps = dataSteps(inHand.plan)
  const reason = reasonToSkip(definitions)
  if (reason !== undefined) return steps.map((step) => [step, { status: 'skipped', reason }])
  if (steps.length === 0) return []
  const objects = countObjects(inHand.plan, steps)
  options.emit({ type: 'stage-started', stage: 'populate', steps: steps.length, objects })
  const run = await beginRun(context, lease, steps, failedLoads)
  const graph = graphOf(run, pool.connect, loadsToShare(steps))
  const finished = await runGraph(
    steps.filter(({ last }) => !last),
    graph,
  )
  const remaining = steps.filter(({ last }) => last)
  if (finished.every(([, { status }]) => status === 'applied'))
    return [...finished, ...(await runGraph(remaining, graph))]
  const outcome: StepOutcome = {
    status: 'skipped',
    reason: 'data is dropped only after all other steps were applied',
  }
  for (const step of remaining) graph.finished(step, outcome)
  return [...finished, ...remaining.map((step): FinishedStep => [step, outcome])]
}

async function beginRun(
  context: ApplyContext,
  lease: Session,
  steps: readonly Step[],
  failedLoads: RefreshRecord[],
): Promise<DataRun> {
  const { options, inHand, connect } = context
  const { sourceTimeoutMilliseconds: timeoutMilliseconds, signal } = options
  const limits = serverLimits(options.maxConnections)
  const loads = steps.filter(({ stage }) => stage === 'populate')
  const isRecorded = loads.length > 0 && (await keepLogTrusted(lease))
  return {
    context,
    limits,
    sources: sourceWatchdog({ connect, timeoutMilliseconds, signal, limits }),
    sourcesOf: loads.length === steps.length ? sourcesOfAll(loads.map(({ key }) => relationOf(key))) : sourcesOfEach,
    begin: oncePerRun((session) =>
      inReadOnlyTransaction(session, () => refreshBeginning(session, inHand.plan.searchPath)),
    ),
    isRecorded: () => isRecorded && !lease.isLost(),
    failedLoads,
  }
}

/**
 * @param reuse opens sessions, preferably ones that are connected to the same sources already
 * @param shared the loads that can share a transaction
 */
function graphOf(run: DataRun, reuse: Connect, shared: Set<Step>): GraphOptions<Step> {
  const { limits, context } = run
  const { options, inHand, connect } = context
  const servers = (step: Step) => serversOf(step, inHand)
  // postgres_fdw keeps its connection to a source for as long as the session lives.
  const connectFor = (step: Step) => (servers(step).some(limits.isLimited) ? connect : reuse)
  return {
    jobs: options.jobs,
    signal: options.signal,
    id: ({ id }) => id,
    after: ({ after }) => after,
    locks: ({ locks }) => locks,
    servers,
    limits,
    started: ({ stage, key, title, action }) => options.emit({ type: 'step-started', stage, key, title, action }),
    finished: ({ stage, key, title }, outcome) => options.emit({ type: 'step-finished', stage, key, title, outcome }),
    batches: {
      choose: (first, candidates) => chooseLoads(first, candidates, shared, servers),
      async run(batch) {
        const [first] = batch
        return first ? loadBatch(run, connectFor(first), batch, shared) : new Map()
      },
    },
    run: (step, othersRun) => runStep(run, connectFor(step), step, othersRun),
  }
}

function reasonToSkip(definitions: readonly FinishedStep[]): string | undefined {
  const statuses = definitions.map(([, { status }]) => status)
  if (statuses.includes('in-doubt')) return 'it is unknown whether the definitions were applied'
  return statuses.every((status) => status === 'applied') ? undefined : 'the definitions were not applied'
}

async function runStep(
  run: DataRun,
  connect: Connect,
  step: Step,
  othersRun: () => boolean,
): Promise<StepOutcome | typeof tooManyAtOnce> {
  const { context, sources, failedLoads } = run
  const { options, hidden } = context
  const started = performance.now()
  const id = randomUUID()
  try {
    context.checkLease()
    // Unlike those of user mappings, these secrets are readable by every role once they are set. So they may share a session
    // with queries of users.
    await withSession(
      (purpose) => connect(purpose, secretsOf([step])),
      'load',
      options.signal,
      async (session) => {
        if (step.action === 'replace' || step.stage === 'build') await build(context, session, sources, step)
        else await loadView(run, session, step, id)
        context.notices.push(...takeWarnings(session, step))
      },
    )
    return { status: 'applied', milliseconds: performance.now() - started }
  } catch (error) {
    if (isBusy(error) && othersRun()) return tooManyAtOnce
    const outcome = outcomeOfError(error, hidden)
    if (step.action === 'populate')
      failedLoads.push(failedRecord({ id, key: step.key, how: 'plain', started }, outcome))
    return outcome
  }
}

async function loadView(run: DataRun, session: Session, step: PlainStep, id: string): Promise<void> {
  const { inHand, applyId } = run.context
  const { key, statements } = step
  const view = relationOf(key)
  const probes = await run.sourcesOf(session, view)
  const begin = await run.begin(session)
  await load(session, run.sources, {
    view,
    statements,
    begin,
    probes,
    record(rows, started) {
      // If it is not recorded now, recordOutcome records the step at the end of the apply.
      if (!run.isRecorded()) return undefined
      const record = { id, key, how: 'plain', started, ended: performance.now(), rows, status: 'applied' } as const
      const insertRecord = insertRefreshes(inHand.plan.manifest, applyId, [record])
      return recordAtEnd(sql`${insertSteps(applyId, [{ step, status: 'applied' }])}; ${insertRecord}`)
    },
  })
}

/** The servers that a step reads from, as far as the manifest declares everything in between. */
function serversOf(step: Step, { wanted }: PlanInHand): readonly string[] {
  const servers = new Set<string>()
  const seen = keysOf(step)
  for (const key of seen) {
    const object = wanted.get(key)
    const server = object && kindOf(object.id).connectivityProbe?.(object.id, object.spec)?.source
    if (server !== undefined) servers.add(server)
    for (const need of object?.needs ?? []) if (!holdsData(need)) seen.add(need)
  }
  return [...servers]
}

/** Whether the data of an object is here already, so that reading it takes no source. */
function holdsData(key: Key): boolean {
  const id = idOf(key)
  return id !== undefined && kindOf(id).data !== undefined
}
