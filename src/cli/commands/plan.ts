// `fdwsync plan`: shows what apply would change.

import { changesDatabase } from '../../core/change.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import type { ConnectionSettings } from '../../db/settings.ts'
import { hiddenIn, type ParsedManifest } from '../../manifest/manifest.ts'
import { createPlan } from '../../planner/plan.ts'
import { showReferences } from '../../planner/show-references.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifestOrPlan, withValues } from '../load-manifest.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface PlanFlags extends TextFlags {
  readonly file: string
  readonly allowFiles: readonly string[]
  readonly database?: string
  readonly ledgerOwner?: string
  readonly format: FormatName
  readonly populate: boolean
  readonly offline?: boolean
  readonly sourceTimeout: number
  readonly detailedExitcode?: boolean
  readonly driftOnly?: boolean
  readonly showValues?: boolean
  /** Undefined: only what is new or changed. */
  readonly checkSource?: boolean
  readonly takeOver?: boolean
}

export async function plan(flags: PlanFlags): Promise<number> {
  refuseContradiction(flags)
  const settings = targetSettings(flags)
  const found = await loadManifestOrPlan(flags.file, settings, { ...flags, mustParse: flags.checkSource ?? false })
  const plan = 'inPlace' in found ? found.inPlace : await planFor(withValues(found.parsed, flags), settings, flags)
  const format = await formats[flags.format]()
  printRendered(format.plan(plan, renderOptions(flags)))
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

/** Commander would take `--no-check-source` for `--check-source`. */
function refuseContradiction({ checkSource, offline }: PlanFlags): void {
  if (!checkSource || !offline) return
  const message = "option '--check-source' cannot be used with option '--offline'"
  throw new FdwsyncError({ code: 'usage/invalid-argument', message }, exitCode.usage)
}

async function planFor(parsed: ParsedManifest, settings: ConnectionSettings, flags: PlanFlags): Promise<Plan> {
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
    })
    return flags.showValues ? inHand.plan : showReferences(inHand)
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
