// The format "json": one document for each command, with a published schema.

import type { Format } from '../format.ts'
import { failureJson, validationJson } from './failure.ts'
import { applyJson, historyJson, refreshHistoryJson } from './history.ts'
import { jsonText } from './json-text.ts'
import type { ManifestsDocument } from './manifests.ts'
import { planJson } from './plan.ts'
import { refreshJson, reportJson } from './report.ts'
import { statusJson } from './status.ts'
import { verifyJson } from './verify.ts'

export const jsonFormat: Format = {
  isDocument: true,
  failure: (failure) => jsonText(failureJson(failure)),
  validation: (validation) => jsonText(validationJson(validation)),
  plan: (plan) => jsonText(planJson(plan)),
  report: (report) => jsonText(reportJson(report)),
  refresh: (report) => jsonText(refreshJson(report)),
  verify: (report) => jsonText(verifyJson(report)),
  status: (report) => jsonText(statusJson(report)),
  history: (history) => jsonText(historyJson(history)),
  applyDetails: (details) => jsonText(applyJson(details)),
  refreshHistory: (history) => jsonText(refreshHistoryJson(history)),
  manifests: (list) => jsonText({ format: 'fdwsync.manifests/1', ...list } satisfies ManifestsDocument),
}
