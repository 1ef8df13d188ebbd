// `fdwsync apply`: plans, asks for confirmation, and applies the plan.

import { nothingDone, planAndApply } from '../../api/apply.ts'
import { exitCode } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { hiddenIn } from '../../manifest/manifest.ts'
import { formats } from '../../render/formats.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifestOrPlan, withValues } from '../load-manifest.ts'
import { printRendered, renderOptions } from '../terminal.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface ApplyFlags extends RunFlags {
  readonly file: string
  readonly allowFiles: readonly string[]
  readonly database?: string
  readonly populate: boolean
  readonly offline?: boolean
  readonly checkSource: boolean
  readonly takeOver?: boolean
  readonly allow?: readonly string[]
  readonly sourceTimeout: number
  readonly jobs: number
}

export async function apply(flags: ApplyFlags): Promise<number> {
  const settings = targetSettings(flags)
  const found = await loadManifestOrPlan(flags.file, settings, flags)
  if ('inPlace' in found) return reportInPlace(found.inPlace, flags)
  const parsed = withValues(found.parsed, flags)
  const request = {
    parsed,
    connect: connectTo(settings, hiddenIn(parsed)),
    populate: flags.populate,
    offline: flags.offline ?? false,
    trySources: flags.checkSource,
    takeOver: flags.takeOver ?? false,
    unattended: flags.autoApprove ?? false,
  }
  return runPlan({
    flags,
    allow: flags.allow ?? [],
    jobs: flags.jobs,
    sourceTimeoutMilliseconds: flags.sourceTimeout,
    destroys: false,
    readsStandardInput: flags.file === '-',
    start: (options, approve) => planAndApply({ ...request, options }, approve),
  })
}

async function reportInPlace(plan: Plan, flags: ApplyFlags): Promise<number> {
  const format = await formats[flags.format]()
  const options = renderOptions(flags)
  printRendered(format.isDocument ? format.report(nothingDone(plan), options) : format.plan(plan, options))
  return exitCode.done
}
