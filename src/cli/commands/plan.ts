// `fdwsync plan`: shows what apply would change.

import { savedPlanText } from '../../api/saved-plan/document.ts'
import { savePlan } from '../../api/saved-plan/save.ts'
import { changesDatabase } from '../../core/change.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { Session } from '../../db/session.ts'
import type { ConnectionSettings } from '../../db/settings.ts'
import { hiddenIn, type ParsedManifest } from '../../manifest/manifest.ts'
import { createPlan, newSuffix } from '../../planner/plan.ts'
import type { PlanInHand } from '../../planner/plan-in-hand.ts'
import { showReferences } from '../../planner/show-references.ts'
import { type PlanFormatName, planFormats } from '../../render/formats.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifestOrPlan, loadManifestWithTexts, type ManifestFlags, withValues } from '../load-manifest.ts'
import { printMessage } from '../output.ts'
import { printIn, renderOptions, type TextFlags } from '../terminal.ts'
import { writeAtomically } from '../write-file.ts'

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
  readonly takeOver?: boolean
  /** The file to save the plan to. */
  readonly out?: string
  readonly target?: string
}

export async function plan(given: PlanFlags): Promise<number> {
  // A script that contained references could not run.
  const flags = given.format === 'sql' ? { ...given, showValues: true } : given
  refuseContradiction(flags)
  const settings = targetSettings(flags)
  if (flags.out !== undefined) return planAndSave({ ...flags, out: flags.out }, settings)
  const found = await loadManifestOrPlan(flags.file, settings, { ...flags, mustParse: flags.checkSource ?? false })
  const plan = 'inPlace' in found ? found.inPlace : await planFor(withValues(found.parsed, flags), settings, flags)
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(plan, renderOptions(flags)))
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

/** Commander would take `--no-check-source` for `--check-source`. */
function refuseContradiction({ checkSource, offline, out, driftOnly }: PlanFlags): void {
  if (checkSource && offline) throw contradiction('--check-source', '--offline')
  if (out !== undefined && driftOnly) throw contradiction('--out', '--drift-only')
}

function contradiction(one: string, other: string): FdwsyncError {
  const message = `option '${one}' cannot be used with option '${other}'`
  return new FdwsyncError({ code: 'usage/invalid-argument', message }, exitCode.usage)
}

/** A plan that cannot be applied is shown, but not saved. */
async function planAndSave(flags: PlanFlags & { readonly out: string }, settings: ConnectionSettings): Promise<number> {
  const texts = await loadManifestWithTexts(flags.file, flags)
  const suffix = newSuffix()
  const options = {
    populate: flags.populate,
    offline: flags.offline ?? false,
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
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(plan, renderOptions(flags)))
  const file = oneLine(flags.out)
  printMessage(
    saved
      ? `saved to ${file}; to apply exactly this plan: fdwsync apply ${file}\n`
      : `the plan was not saved to ${file}, since it cannot be applied\n`,
  )
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

function planFor(parsed: ParsedManifest, settings: ConnectionSettings, flags: PlanFlags): Promise<Plan> {
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

function exitCodeOf(plan: Plan, detailed: boolean): number {
  // A plan that cannot be applied must fail a pipeline, with or without --detailed-exitcode.
  if (plan.refusals.length > 0) return exitCode.refused
  if (!detailed) return exitCode.done
  if (plan.changes.some(({ change }) => changesDatabase(change))) return exitCode.changes
  return plan.undetermined.length > 0 ? exitCode.undetermined : exitCode.done
}
