// `fdwsync plan`: shows what apply would change.

import { changesDatabase } from '../../core/change.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { ConnectionSettings } from '../../db/settings.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import { planFormats } from '../../render/formats.ts'
import { targetSettings } from '../environment.ts'
import { loadManifestOrPlan, withValues } from '../load-manifest.ts'
import { printMessage } from '../output.ts'
import type { FlagsToSave, PlanFlags } from '../plan-in-full.ts'
import { printIn, renderOptions } from '../terminal.ts'

export async function plan(given: PlanFlags): Promise<number> {
  // A script that contained references could not run.
  const flags = given.format === 'sql' ? { ...given, showValues: true } : given
  refuseContradiction(flags)
  const settings = targetSettings(flags)
  if (flags.out !== undefined) return planAndSave({ ...flags, out: flags.out }, settings)
  const found = await loadManifestOrPlan(flags.file, settings, { ...flags, mustParse: flags.checkSource ?? false })
  const plan = 'inPlace' in found ? found.inPlace : await planInFull(withValues(found.parsed, flags), settings, flags)
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(plan, renderOptions(flags)))
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

/** Loaded late, since most manifests are known to be in place. */
async function planInFull(parsed: ParsedManifest, settings: ConnectionSettings, flags: PlanFlags): Promise<Plan> {
  const { planInFull } = await import('../plan-in-full.ts')
  return planInFull(parsed, settings, flags)
}

/** Commander would take `--no-check-source` for `--check-source`. */
function refuseContradiction({ checkSource, offline, out, driftOnly }: PlanFlags): void {
  if (checkSource && offline) throw contradiction('--check-source', '--offline')
  if (out !== undefined && driftOnly) throw contradiction('--out', '--drift-only')
  if (out === '-') {
    const message = '--out needs a file: the plan itself is on standard output'
    throw new FdwsyncError({ code: 'usage/invalid-argument', message }, exitCode.usage)
  }
}

function contradiction(one: string, other: string): FdwsyncError {
  const message = `option '${one}' cannot be used with option '${other}'`
  return new FdwsyncError({ code: 'usage/invalid-argument', message }, exitCode.usage)
}

/** A plan that cannot be applied is shown, but not saved. */
async function planAndSave(flags: FlagsToSave, settings: ConnectionSettings): Promise<number> {
  const { planAndSave } = await import('../plan-in-full.ts')
  const { plan, isSaved } = await planAndSave(flags, settings)
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(plan, renderOptions(flags)))
  const file = oneLine(flags.out)
  printMessage(
    isSaved
      ? `saved to ${file}; to apply exactly this plan: fdwsync apply ${file}\n`
      : `the plan was not saved to ${file}, since it cannot be applied\n`,
  )
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

function exitCodeOf(plan: Plan, detailed: boolean): number {
  // A plan that cannot be applied must fail a pipeline, with or without --detailed-exitcode.
  if (plan.refusals.length > 0) return exitCode.refused
  if (!detailed) return exitCode.done
  if (plan.changes.some(({ change }) => changesDatabase(change))) return exitCode.changes
  return plan.undetermined.length > 0 ? exitCode.undetermined : exitCode.done
}
