import type { ChalkInstance } from 'chalk'
import type { RefreshReport, Report } from '../core/plan.ts'

interface Options { readonly style: ChalkInstance; readonly columns: number }

export function renderReportText(report: Report, _options: Options): string {
  return `${report.steps.map(({ title, action, outcome }) => `${action} ${title}: ${outcome.status} ${'reason' in outcome ? outcome.reason : ''}`).join('\n')}\n`
}

export function renderRefreshText(report: RefreshReport, _options: Options): string {
  return `${report.views.map(({ title, how, outcome }) => `${title} ${how}: ${outcome.status} ${'reason' in outcome ? outcome.reason : ''}`).join('\n')}\n`
}
