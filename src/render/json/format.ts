// The format "json": one document for each command, with a published schema.

import { escapeUnprintable, withoutRunnerCommands } from '../../core/printable.ts'
import type { Format } from '../format.ts'
import { failureJson, validationJson } from './failure.ts'
import { applyJson, historyJson } from './history.ts'
import { planJson } from './plan.ts'
import { refreshJson, reportJson } from './report.ts'
import { statusJson } from './status.ts'

export const jsonFormat: Format = {
  isDocument: true,
  failure: (failure) => jsonText(failureJson(failure)),
  validation: (validation) => jsonText(validationJson(validation)),
  plan: (plan) => jsonText(planJson(plan)),
  report: (report) => jsonText(reportJson(report)),
  refresh: (report) => jsonText(refreshJson(report)),
  status: (report) => jsonText(statusJson(report)),
  history: (history) => jsonText(historyJson(history)),
  applyDetails: (details) => jsonText(applyJson(details)),
}

/** Outside of strings JSON is printable, so what is escaped is inside of one, where these escapes mean the same. */
function jsonText(document: unknown): string {
  const text = escapeUnprintable(JSON.stringify(document, undefined, 2), escaped)
  return `${withoutRunnerCommands(text, escaped)}\n`
}

/** A character outside of the basic plane is two escapes. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}
