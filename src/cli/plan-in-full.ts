// Plans a manifest in full, and saves the plan. Loaded only if nothing proves that the manifest is in place.

import { savedPlanText } from '../api/saved-plan/document.ts'
import { savePlan } from '../api/saved-plan/save.ts'
import type { Plan } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import type { ConnectionSettings } from '../db/settings.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { createPlan, newSuffix } from '../planner/plan.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { showReferences } from '../planner/show-references.ts'
import type { PlanFormatName } from '../render/formats.ts'
import { connectTo } from './environment.ts'
import { loadManifestWithTexts, type ManifestFlags } from './load-manifest.ts'
import type { TextFlags } from './terminal.ts'
import { writeAtomically } from './write-file.ts'

export interface PlanFlags extends TextFlags, ManifestFlags {
  readonly database?: string
  readonly ledgerOwner?: string
  readonly format: PlanFormatName
  readonly populate: boolean
  readonly offline?: boolean
  readonly sourceTimeout: number
  readonly detailedExitcode?: boolean
  readonly driftOnly?: boolean
  readonly showValues?: boolean
  /** Undefined: only what is new or changed. */
  readonly checkSource?: boolean
  readonly only: readonly string[]
  readonly takeOver?: boolean
  /** The file to save the plan to. */
  readonly out?: string
  readonly target?: string
}

export interface FlagsToSave extends PlanFlags {
  readonly out: string
}

/** A plan that cannot be applied is not saved. */
export async function planAndSave(
  flags: FlagsToSave,
  settings: ConnectionSettings,
): Promise<{ readonly plan: Plan; readonly isSaved: boolean }> {
  const texts = await loadManifestWithTexts(flags.file, flags)
  const suffix = newSuffix()
  const options = {
    populate: flags.populate,
    offline: flags.offline ?? false,
    only: flags.only,
    takeOver: flags.takeOver ?? false,
  }
  const { plan, saved } = await withPlan(texts.parsed, settings, { ...flags, suffix }, async (session, inHand) => {
    const label = flags.target
    const isApplicable = inHand.plan.refusals.length === 0
    const toSave = { ...texts, inHand, suffix, options, label }
    return {
      plan: shownPlan(inHand, flags),
      saved: isApplicable ? await savePlan(session, toSave) : undefined,
    }
  })
  if (saved) await writeAtomically(flags.out, savedPlanText(saved), { what: 'the plan', code: 'plan/unwritable' })
  return { plan, isSaved: saved !== undefined }
}

export function planInFull(parsed: ParsedManifest, settings: ConnectionSettings, flags: PlanFlags): Promise<Plan> {
  return withPlan(parsed, settings, flags, async (_session, inHand) => shownPlan(inHand, flags))
}

function shownPlan(inHand: PlanInHand, { showValues }: PlanFlags): Plan {
  return showValues ? inHand.plan : showReferences(inHand)
}

async function withPlan<Result>(
  parsed: ParsedManifest,
  settings: ConnectionSettings,
  flags: PlanFlags & { readonly suffix?: string },
  use: (session: Session, inHand: PlanInHand) => Promise<Result>,
): Promise<Result> {
  const connect = connectTo(settings, hiddenIn(parsed))
  const sources = flags.offline ? undefined : { connect, timeoutMilliseconds: flags.sourceTimeout }
  const session = await connect('plan')
  try {
    const inHand = await createPlan(session, parsed, {
      populate: flags.populate,
      sources,
      checkSource: flags.checkSource ?? false,
      trySources: flags.checkSource ?? true,
      only: flags.only,
      takeOver: flags.takeOver ?? false,
      driftOnly: flags.driftOnly ?? false,
      withPlaces: flags.format === 'github' || flags.out !== undefined,
      ...(flags.suffix === undefined ? {} : { suffix: flags.suffix }),
    })
    return await use(session, inHand)
  } finally {
    await session.close()
  }
}
