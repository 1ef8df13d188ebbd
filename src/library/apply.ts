// Applies manifests and saved plans, and removes what a manifest manages: each as a run with events and a result.

import { type Applied, type Approve, planAndApply, reasonsToRefuse } from '../api/apply.ts'
import { destroy as destroyManifest } from '../api/destroy.ts'
import { release as releaseObjects } from '../api/release.ts'
import { applySavedPlan as applySaved } from '../api/saved-plan/apply.ts'
import type { SavedPlan } from '../api/saved-plan/document.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { applyOptionsOf, isUnattended, type RunningOptions, signalOf } from './options.ts'
import type { PlanningOptions } from './plan.ts'
import { type Run, startRun } from './run.ts'
import { connectTo } from './target.ts'

/** The options of {@link apply}. */
export interface ApplyingOptions extends PlanningOptions, RunningOptions {}

/**
 * Plans and applies. The result has the plan and the report, without a report if the plan was not approved.
 * A failed step does not reject the result: see `report.steps`.
 */
export function apply(manifest: ParsedManifest, options: ApplyingOptions): Run<Applied> {
  const { populate = true, offline = false, takeOver = false, only = [], trySources = true } = options
  const request = {
    parsed: manifest,
    connect: connectTo(options, hiddenIn(manifest)),
    populate,
    offline,
    takeOver,
    only,
    trySources,
    unattended: isUnattended(options),
  }
  return startRun(signalOf(options), (emit) =>
    planAndApply({ ...request, options: applyOptionsOf(options, manifest.manifest, emit) }, approveOf(options)),
  )
}

/** The options of {@link applySavedPlan}. */
export interface SavedPlanOptions extends RunningOptions {
  /** The user's label for the database, which distinguishes it from copies of it. */
  readonly label?: string | undefined
  /** Whether to try first whether the sources of what is new or changed can be read. Default: true */
  readonly trySources?: boolean
}

/**
 * Applies exactly a saved plan, or nothing. The result rejects if the plan is stale, was applied already, or is for another target.
 * @param manifest the manifest in the file, with its references resolved now
 */
export function applySavedPlan(saved: SavedPlan, manifest: ParsedManifest, options: SavedPlanOptions): Run<Applied> {
  const { label, trySources = true } = options
  const request = { saved, parsed: manifest, connect: connectTo(options, hiddenIn(manifest)), label, trySources }
  return startRun(signalOf(options), (emit) =>
    applySaved({ ...request, options: applyOptionsOf(options, manifest.manifest, emit) }, approveOf(options)),
  )
}

/** The options of {@link destroy} and {@link release}. */
export interface RemovingOptions extends RunningOptions {
  /** Whether it is an error if the database knows no manifest of that name. Default: true */
  readonly mustExist?: boolean
}

/**
 * Drops everything that a manifest manages, with its data: in order, and never what something else depends on.
 * @param manifest its name
 */
export function destroy(manifest: string, options: RemovingOptions): Run<Applied> {
  const request = { manifest, mustExist: options.mustExist ?? true, connect: connectTo(options, []) }
  const unattended = isUnattended(options)
  const allow = [...(options.allow ?? []), 'drops-data', 'drops-dependents']
  return startRun(signalOf(options), (emit) =>
    destroyManifest(
      { ...request, unattended, options: applyOptionsOf(options, undefined, emit) },
      approveOf({ ...options, allow }),
    ),
  )
}

/**
 * Stops managing objects. The database stays as it is.
 * @param manifest its name
 * @param patterns names as in psql: `shop.orders`, `server:shop`
 */
export function release(manifest: string, patterns: readonly string[], options: RemovingOptions): Run<Applied> {
  const request = { manifest, patterns, mustExist: options.mustExist ?? true, connect: connectTo(options, []) }
  const unattended = isUnattended(options)
  return startRun(signalOf(options), (emit) =>
    releaseObjects({ ...request, unattended, options: applyOptionsOf(options, undefined, emit) }, approveOf(options)),
  )
}

function approveOf({ approve, showValues = false, allow = [] }: RunningOptions): Approve {
  if (!approve) return async () => true
  return async (plan, shown) => approve(showValues ? plan : shown, reasonsToRefuse(plan, allow))
}
