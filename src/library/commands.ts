// The commands for programs: with defaults, a target instead of a session, and a signal to abort.

import { type Applied, planAndApply } from '../api/apply.ts'
import { exportManifest as exportOn } from '../api/export.ts'
import { refresh as refreshCopies } from '../api/refresh.ts'
import { status as statusOf } from '../api/status.ts'
import type { Plan } from '../core/plan.ts'
import type { RefreshReport } from '../core/report.ts'
import type { StatusReport } from '../core/status.ts'
import { interruptible } from '../db/cancellation.ts'
import type { Session } from '../db/session.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { createPlan } from '../planner/plan.ts'
import { showReferences } from '../planner/show-references.ts'
import { type Run, startRun } from './run.ts'
import { connectTo, type Target } from './target.ts'

/** What all commands take. */
export interface CommandOptions extends Target {
  /** Aborting it cancels what runs. What is committed stays committed. */
  readonly signal?: AbortSignal
}

/** What a plan, and so an apply, is about. */
export interface PlanningOptions extends CommandOptions {
  /** Patterns of the objects to plan, with what they need: `shop.*`, `server:shop`, `proxy.*+`. Default: all */
  readonly only?: readonly string[]
  /** Whether new materialized views are loaded. Default: true */
  readonly populate?: boolean
  /** Contact no source, and use the last imported definitions. Default: false */
  readonly offline?: boolean
  /** Take over objects that other manifests own. Default: false */
  readonly takeOver?: boolean
  /** How long a source may take to answer. Default: 10,000 */
  readonly sourceTimeoutMilliseconds?: number
}

/**
 * Plans what it takes for the database to match the manifest. Changes nothing. What references resolve to is not shown.
 * @throws FdwsyncError if the manifest declares what the server cannot have
 */
export async function plan(manifest: ParsedManifest, options: PlanningOptions): Promise<Plan> {
  const { populate = true, offline = false, takeOver = false, only, sourceTimeoutMilliseconds = 10_000 } = options
  const connect = connectTo(options, hiddenIn(manifest))
  const sources = offline ? undefined : { connect, timeoutMilliseconds: sourceTimeoutMilliseconds }
  return onSession(manifest, options, 'plan', async (session) =>
    showReferences(await createPlan(session, manifest, { populate, takeOver, only, sources, trySources: true })),
  )
}

export interface ApplyingOptions extends PlanningOptions {
  /** Hazards to accept, such as `drops-data`. Default: those that the policy of the manifest allows */
  readonly allow?: readonly string[]
  /** Decides whether to apply the plan. Default: yes */
  readonly approve?: (plan: Plan) => boolean | Promise<boolean>
  /** How many builds and loads run at once. Default: 4 */
  readonly jobs?: number
  /** How long to wait for a lock before retrying. Default: 3,000 */
  readonly lockTimeoutMilliseconds?: number
  /** How long to wait for another apply of the manifest. Default: 30,000 */
  readonly leaseTimeoutMilliseconds?: number
}

/**
 * Plans and applies. The result has the plan and the report, without a report if the plan was not approved.
 * A failed step does not reject the result: see `report.steps`.
 */
export function apply(manifest: ParsedManifest, options: ApplyingOptions): Run<Applied> {
  const { approve = () => true, populate = true, offline = false, takeOver = false, only = [] } = options
  const request = {
    parsed: manifest,
    connect: connectTo(options, hiddenIn(manifest)),
    populate,
    offline,
    takeOver,
    only,
    trySources: true,
    unattended: options.approve === undefined,
  }
  return startRun((emit) =>
    planAndApply(
      {
        ...request,
        options: {
          allow: options.allow ?? [],
          jobs: options.jobs ?? 4,
          maxConnections: maxConnectionsOf(manifest.manifest),
          lockTimeoutMilliseconds: options.lockTimeoutMilliseconds ?? 3000,
          leaseTimeoutMilliseconds: options.leaseTimeoutMilliseconds ?? 30_000,
          sourceTimeoutMilliseconds: options.sourceTimeoutMilliseconds ?? 10_000,
          signal: signalOf(options),
          emit,
        },
      },
      async (_plan, shown) => approve(shown),
    ),
  )
}

export interface RefreshingOptions extends CommandOptions {
  /** Names as in psql: `shop.orders`, `shop.*`. Default: all copies of the manifest */
  readonly names?: readonly string[]
  /** How many copies are refreshed at once. Default: 4 */
  readonly jobs?: number
  /** Default: 10,000 */
  readonly sourceTimeoutMilliseconds?: number
  /** How long to wait for an apply of the manifest. Default: 30,000 */
  readonly leaseTimeoutMilliseconds?: number
}

/** Refreshes the copies of a manifest. A failed refresh does not reject the result: see the outcomes in the report. */
export function refresh(manifest: ParsedManifest, options: RefreshingOptions): Run<RefreshReport> {
  const hidden = hiddenIn(manifest)
  return startRun((emit) =>
    refreshCopies(manifest, options.names ?? [], connectTo(options, hidden), {
      jobs: options.jobs ?? 4,
      sourceTimeoutMilliseconds: options.sourceTimeoutMilliseconds ?? 10_000,
      leaseTimeoutMilliseconds: options.leaseTimeoutMilliseconds ?? 30_000,
      hidden,
      signal: signalOf(options),
      emit,
    }),
  )
}

export interface StatusListOptions extends CommandOptions {
  /** Its objects are compared with their declarations, all others with the ledger. */
  readonly manifest?: ParsedManifest
  /** A name as in psql. Default: all */
  readonly pattern?: string
  /** List unmanaged objects, too. Default: false */
  readonly all?: boolean
}

/** Lists managed objects and their state. */
export function status(options: StatusListOptions): Promise<StatusReport> {
  const { manifest, pattern, all = false } = options
  return onSession(manifest, options, 'status', (session) => statusOf(session, { manifest, pattern, all, kinds: [] }))
}

export interface ExportingOptions extends CommandOptions {
  /** Only these servers, what depends on them, and what they need. Default: all */
  readonly servers?: readonly string[]
  /** Only these schemas and what their objects need. Default: all */
  readonly schemas?: readonly string[]
  /** The name of the manifest. Default: that of the database */
  readonly name?: string
}

/** Writes a manifest of an existing database. It has references in the place of secrets. */
export function exportManifest(
  options: ExportingOptions,
): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  const { servers = [], schemas = [], name } = options
  return onSession(undefined, options, 'export', (session) => exportOn(session, { servers, schemas, name }))
}

async function onSession<Result>(
  manifest: ParsedManifest | undefined,
  options: CommandOptions,
  purpose: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await connectTo(options, manifest ? hiddenIn(manifest) : [])(purpose)
  try {
    return await interruptible(session, signalOf(options), () => work(session))
  } finally {
    await session.close()
  }
}

function signalOf({ signal }: CommandOptions): AbortSignal {
  return signal ?? new AbortController().signal
}
