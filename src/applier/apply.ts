// Applies a plan: first the definitions, then everything that reads data.

import { randomUUID } from 'node:crypto'
import { countsOf } from '../core/counts.ts'
import { warningsOfNotices } from '../core/notice.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Report } from '../core/report.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { requireLease } from '../ledger/lease.ts'
import type { RefreshRecord } from '../ledger/refresh-log.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { countsOfApplied } from './applied-changes.ts'
import type { ApplyContext, ApplyOptions } from './context.ts'
import { type FinishedStep, reportsOf } from './finished-step.ts'
import { proveLoads } from './prove-created.ts'
import { recordOutcome } from './record-outcome.ts'
import { openLoadSessions, runDataSteps } from './run-data-steps.ts'
import { type FinishedDefinitions, runDefinitions } from './run-definitions.ts'

export interface AppliedPlan {
  readonly report: Report
  /** Whether every step was applied. */
  readonly isComplete: boolean
  /** Whether the ledger has a proof that nothing is left to do. */
  readonly isProven: boolean
}

/**
 * Applies the plan. The caller holds the manifest's lease, on a session of its own, for as long as this runs.
 * @throws FdwsyncError if nothing was changed: the plan is stale (exit code 3), or not allowed (exit code 4)
 */
export async function applyPlan(
  inHand: PlanInHand,
  connect: Connect,
  lease: Session,
  hidden: readonly Hidden[],
  options: ApplyOptions,
): Promise<AppliedPlan> {
  const context: ApplyContext = {
    inHand,
    applyId: options.applyId ?? randomUUID(),
    options,
    connect,
    hidden,
    notices: [],
    warnings: [],
    checkLease: () => requireLease(lease, 'apply'),
  }
  const started = performance.now()
  const failedLoads: RefreshRecord[] = []
  const { definitions, finished } = await runAll(context, lease, started, failedLoads)
  await recordOutcome(context, finished, failedLoads, performance.now() - started)
  const isComplete = finished.every(([, { status }]) => status === 'applied')
  const isProven = isComplete && (await proveLoads(connect, inHand, definitions.state))
  const report: Report = {
    manifest: inHand.plan.manifest,
    applyId: context.applyId,
    steps: finished.flatMap(reportsOf),
    planned: countsOf(inHand.plan),
    applied: countsOfApplied(inHand.plan, finished),
    warnings: [...context.warnings, ...warningsOfNotices(context.notices)],
    undetermined: inHand.plan.undetermined,
  }
  return { report, isComplete, isProven }
}

async function runAll(
  context: ApplyContext,
  lease: Session,
  started: number,
  failedLoads: RefreshRecord[],
): Promise<{ readonly definitions: FinishedDefinitions; readonly finished: readonly FinishedStep[] }> {
  const loads = await openLoadSessions(context)
  try {
    const definitions = await runDefinitions(context, started)
    const dataSteps = await runDataSteps(context, lease, definitions.finished, failedLoads, loads)
    return { definitions, finished: [...definitions.finished, ...dataSteps] }
  } finally {
    await loads.close()
  }
}
