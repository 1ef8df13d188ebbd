// The format "text": to be read at a terminal.

import type { Format } from '../format.ts'
import { renderApplyDetails, renderHistory } from './history.ts'
import { renderManifests } from './manifests.ts'
import { renderPlan } from './plan.ts'
import { renderRefreshHistory } from './refresh-history.ts'
import { renderRefresh } from './refresh-report.ts'
import { renderReport } from './report.ts'
import { renderStatus } from './status.ts'
import { renderVerification } from './verify.ts'

export const textFormat: Format = {
  isDocument: false,
  plan: renderPlan,
  report: renderReport,
  refresh: renderRefresh,
  verify: renderVerification,
  status: renderStatus,
  history: renderHistory,
  applyDetails: renderApplyDetails,
  refreshHistory: renderRefreshHistory,
  manifests: renderManifests,
}
