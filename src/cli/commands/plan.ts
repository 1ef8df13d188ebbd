// `fdwsync plan`: shows what apply would change.

import { changesDatabase } from '../../core/change.ts'
import { exitCode, type FdwsyncError, usageError } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import { loadManifestOrPlan, loadManifestWithTexts, type ParsedManifest } from '../../library/load-manifest.ts'
import type { ViewingOptions } from '../../library/plan.ts'
import { type PlanFormatName, planFormats } from '../../render/formats.ts'
import { targetOf } from '../environment.ts'
import { refuseToOverwrite } from '../kept-inputs.ts'
import { loadingOptions, type ManifestFlags, withValues } from '../load-manifest.ts'
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
  /** Undefined: only for what is new or changed. */
  readonly checkSource?: boolean
  readonly only: readonly string[]
  readonly takeOver?: boolean
  /** The file to save the plan to. */
  readonly out?: string
  readonly target?: string
}

interface FlagsToSave extends PlanFlags {
  readonly out: string
}

export async function plan(given: PlanFlags): Promise<number> {
  // A script that contained references could not run.
  const flags = given.format === 'sql' ? { ...given, showValues: true } : given
  refuseContradiction(flags)
  refuseToOverwrite('--out', flags.out, flags.file)
  if (flags.out !== undefined) return planAndSave({ ...flags, out: flags.out })
  const loading = { ...loadingOptions(flags), mustParse: flags.checkSource || flags.only.length > 0 }
  const found = await loadManifestOrPlan(flags.file, targetOf(flags), loading)
  const plan = 'inPlace' in found ? found.inPlace : await planInFull(withValues(found.parsed, flags), flags)
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(plan, renderOptions(flags)))
  return exitCodeOf(plan, flags.detailedExitcode ?? false)
}

/** Loaded only when it is needed: most plans are proven to be empty. */
async function planInFull(parsed: ParsedManifest, flags: PlanFlags): Promise<Plan> {
  const { plan } = await import('../../library/plan.ts')
  return plan(parsed, viewingOptions(flags))
}

function viewingOptions(flags: PlanFlags): ViewingOptions {
  const { populate, offline, only, takeOver, driftOnly, showValues, checkSource } = flags
  return {
    ...targetOf(flags),
    ...{ populate, offline, only, takeOver, driftOnly, showValues, checkSource },
    trySources: checkSource ?? true,
    withPlaces: flags.format === 'github',
    withScript: flags.format === 'sql',
    sourceTimeoutMilliseconds: flags.sourceTimeout,
  }
}

/** Commander would take `--no-check-source` for `--check-source`. */
function refuseContradiction({ checkSource, offline, out, driftOnly }: PlanFlags): void {
  if (checkSource && offline) throw contradiction('--check-source', '--offline')
  if (out !== undefined && driftOnly) throw contradiction('--out', '--drift-only')
  if (out === '-') throw usageError('--out needs a file: the plan itself is on standard output')
}

function contradiction(one: string, other: string): FdwsyncError {
  return usageError(`option '${one}' cannot be used with option '${other}'`)
}

/** A plan that cannot be applied is shown, but not saved. */
async function planAndSave(flags: FlagsToSave): Promise<number> {
  const loaded = await loadManifestWithTexts(flags.file, loadingOptions(flags))
  const { planToSave, savedPlanText } = await import('../../library/plan.ts')
  const { plan, saved } = await planToSave(loaded, { ...viewingOptions(flags), label: flags.target })
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

function exitCodeOf(plan: Plan, detailed: boolean): number {
  // A plan that cannot be applied must fail a pipeline, with or without --detailed-exitcode.
  if (plan.refusals.length > 0) return exitCode.refused
  if (!detailed) return exitCode.done
  if (plan.changes.some(({ change }) => changesDatabase(change))) return exitCode.changes
  return plan.undetermined.length > 0 ? exitCode.undetermined : exitCode.done
}
