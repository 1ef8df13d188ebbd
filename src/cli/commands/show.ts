// `fdwsync show`: prints a saved plan.

import { exitCode } from '../../core/errors.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { planOfDocument } from '../../render/json/read-plan.ts'
import { loadSavedPlan } from '../load-saved-plan.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface ShowFlags extends TextFlags {
  readonly format: FormatName
}

export async function show(path: string, flags: ShowFlags): Promise<number> {
  const { plan } = await loadSavedPlan(path)
  const format = await formats[flags.format]()
  printRendered(format.plan(planOfDocument(plan), renderOptions(flags)))
  return exitCode.done
}
