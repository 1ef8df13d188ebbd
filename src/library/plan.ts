// Plans what it takes for a database to match a manifest, and puts plans into the form that can be saved.

import { type SavedPlan, savedPlanText as savedText } from '../api/saved-plan/document.ts'
import type { Plan } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { createPlan } from '../planner/create-plan.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { showReferences } from '../planner/show-references.ts'
import type { LoadedTexts } from './load-manifest.ts'
import { onSession } from './on-session.ts'
import { type SourceOptions, sourceTimeoutOf } from './options.ts'
import { connectTo } from './target.ts'

/** The options of a plan, and so of an apply. */
export interface PlanningOptions extends SourceOptions {
  /** Patterns of the objects to plan, with what they need: `shop.*`, `server:shop`, `proxy.*+`. Default: all */
  readonly only?: readonly string[]
  /** Whether new materialized views are loaded. Default: true */
  readonly populate?: boolean
  /** Contact no source, and use the last imported definitions. Default: false */
  readonly offline?: boolean | undefined
  /** Whether to test that the sources of what is new or changed can be read. Default: true */
  readonly trySources?: boolean
  /** Take over objects that other manifests own. Default: false */
  readonly takeOver?: boolean | undefined
  /** Show what references resolve to, except secrets. Default: false */
  readonly showValues?: boolean | undefined
}

/** The options of a plan that is only shown. */
export interface ViewingOptions extends PlanningOptions {
  /** Compare foreign tables with their sources. Default: false */
  readonly checkSource?: boolean | undefined
  /** Leave out what is known to come from the manifest. Default: false */
  readonly driftOnly?: boolean | undefined
  /** Add where the manifest declares what is reported. Default: false */
  readonly withPlaces?: boolean
  /** Add what the format `sql` needs for what is replaced. Default: false */
  readonly withScript?: boolean
}

/**
 * Plans what it takes for the database to match the manifest. Changes nothing.
 * @throws FdwsyncError if the manifest declares what the server cannot have
 */
export function plan(manifest: ParsedManifest, options: ViewingOptions): Promise<Plan> {
  return withPlan(manifest, options, undefined, (session, inHand) => shown(session, inHand, options))
}

/**
 * As {@link plan}, for an apply at another time, by another role or on another machine. A plan that cannot be applied is not saved.
 * @param label the user's label for the database, which distinguishes it from copies of it
 */
export async function planToSave(
  loaded: LoadedTexts,
  { label, ...options }: ViewingOptions & { readonly label?: string | undefined },
): Promise<{ readonly plan: Plan; readonly saved: SavedPlan | undefined }> {
  const suffix = newSuffix()
  const { populate = true, offline = false, only = [], takeOver = false } = options
  const { savePlan } = await import('../api/saved-plan/save.ts')
  return withPlan(loaded.parsed, { ...options, withPlaces: true }, suffix, async (session, inHand) => {
    const toSave = { ...loaded, inHand, suffix, options: { populate, offline, only, takeOver }, label }
    const isApplicable = inHand.plan.refusals.length === 0
    return {
      plan: await shown(session, inHand, options),
      saved: isApplicable ? await savePlan(session, toSave) : undefined,
    }
  })
}

/** The text of a saved plan's file. It contains no secrets. */
export function savedPlanText(saved: SavedPlan): string {
  return savedText(saved)
}

async function shown(
  session: Session,
  inHand: PlanInHand,
  { showValues = false, withScript = false }: ViewingOptions,
): Promise<Plan> {
  const plan = showValues ? inHand.plan : showReferences(inHand)
  if (!withScript) return plan
  const replacements = await import('../applier/replacement-scripts.ts')
  return replacements.withScript(session, plan, inHand)
}

function withPlan<Result>(
  manifest: ParsedManifest,
  options: ViewingOptions,
  suffix: string | undefined,
  use: (session: Session, inHand: PlanInHand) => Promise<Result>,
): Promise<Result> {
  const { populate = true, offline = false, takeOver = false, only, checkSource = false, driftOnly = false } = options
  const connect = connectTo(options, hiddenIn(manifest))
  const sources = offline ? undefined : { connect, timeoutMilliseconds: sourceTimeoutOf(options) }
  return onSession(manifest, options, 'plan', async (session) => {
    const inHand = await createPlan(session, manifest, {
      populate,
      sources,
      checkSource,
      trySources: options.trySources ?? true,
      only,
      takeOver,
      driftOnly,
      withPlaces: options.withPlaces ?? false,
      ...(suffix === undefined ? {} : { suffix }),
    })
    return use(session, inHand)
  })
}
