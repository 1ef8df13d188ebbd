// `fdwsync apply`: plans, asks for confirmation, and applies the plan.

import { exitCode, usageError } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { apply as applyPlan, applySavedPlan } from '../../library/apply.ts'
import { loadManifestOrPlan, loadSavedManifest } from '../../library/load-manifest.ts'
import { loadSavedPlan } from '../../library/load-saved-plan.ts'
import { nothingDone } from '../../library/outcome.ts'
import { formats } from '../../render/formats.ts'
import { targetOf } from '../environment.ts'
import { refuseToOverwrite } from '../kept-inputs.ts'
import { loadingOptions, type ManifestFlags, readStandardInput, withValues } from '../load-manifest.ts'
import { printRendered, renderOptions } from '../terminal.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface ApplyFlags extends RunFlags, ManifestFlags {
  readonly populate: boolean
  readonly offline?: boolean
  readonly checkSource: boolean
  readonly only: readonly string[]
  readonly takeOver?: boolean
  readonly allow?: readonly string[]
  readonly sourceTimeout: number
  readonly jobs: number
  /** The label of the target, for a saved plan. */
  readonly target?: string
}

/** @param planFile a saved plan; undefined plans the manifest */
export async function apply(
  planFile: string | undefined,
  flags: ApplyFlags,
  given: readonly string[],
): Promise<number> {
  refuseToOverwrite('--events', flags.events, planFile === undefined ? flags.file : [planFile])
  if (planFile !== undefined) return applySaved(planFile, flags, given)
  if (!given.includes('target')) return applyManifest(flags)
  throw usageError('--target is for saved plans: fdwsync apply FILE')
}

/** What a saved plan has decided already. */
const decided: Readonly<Record<string, string>> = {
  file: '--file',
  var: '--var',
  only: '--only',
  populate: '--no-populate',
  offline: '--offline',
  takeOver: '--take-over',
}

async function applySaved(path: string, flags: ApplyFlags, given: readonly string[]): Promise<number> {
  const [option] = given.flatMap((name) => decided[name] ?? [])
  if (option !== undefined)
    throw usageError(`option '${option}' cannot be used with a saved plan, which was created with or without it`)
  const saved = await loadSavedPlan(path, readStandardInput)
  const parsed = withValues(await loadSavedManifest(saved, loadingOptions(flags)), flags)
  const more = { label: flags.target, trySources: flags.checkSource, ...ofApply(flags) }
  return runPlan({
    flags,
    readsStandardInput: path === '-',
    start: (options) => applySavedPlan(saved, parsed, { ...options, ...more }),
  })
}

function ofApply({ allow = [], jobs, sourceTimeout }: ApplyFlags) {
  return { allow, jobs, sourceTimeoutMilliseconds: sourceTimeout }
}

async function applyManifest(flags: ApplyFlags): Promise<number> {
  const found = await loadManifestOrPlan(flags.file, targetOf(flags), {
    ...loadingOptions(flags),
    mustParse: flags.only.length > 0,
  })
  if ('inPlace' in found) return reportInPlace(found.inPlace, flags)
  const parsed = withValues(found.parsed, flags)
  const { populate, offline, checkSource: trySources, only, takeOver } = flags
  const planned = { populate, offline, trySources, only, takeOver, ...ofApply(flags) }
  return runPlan({
    flags,
    readsStandardInput: flags.file.includes('-'),
    start: (options) => applyPlan(parsed, { ...options, ...planned }),
  })
}

async function reportInPlace(plan: Plan, flags: ApplyFlags): Promise<number> {
  const format = await formats[flags.format]()
  const options = renderOptions(flags)
  printRendered(format.isDocument ? format.report(nothingDone(plan), options) : format.plan(plan, options))
  return exitCode.done
}
