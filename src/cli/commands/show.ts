// `fdwsync show`: prints a saved plan.

import { exitCode } from '../../core/errors.ts'
import { loadSavedPlan } from '../../library/load-saved-plan.ts'
import { type PlanFormatName, planFormats } from '../../render/formats.ts'
import { planOfDocument } from '../../render/json/read-plan.ts'
import { readStandardInput } from '../load-manifest.ts'
import { printIn, renderOptions, type TextFlags } from '../terminal.ts'

export interface ShowFlags extends TextFlags {
  readonly format: PlanFormatName
}

export async function show(path: string, flags: ShowFlags): Promise<number> {
  const { plan } = await loadSavedPlan(path, readStandardInput)
  const format = await planFormats[flags.format]()
  printIn(format, format.plan(planOfDocument(plan), renderOptions(flags)))
  return exitCode.done
}
