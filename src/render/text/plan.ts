// A plan as text: what changes and why, what keeps it from being applied, and a summary.

import type { Plan } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { PlanOptions } from '../format.ts'
import { nameIndent } from './change.ts'
import { renderChanges } from './changes.ts'
import { wrap } from './layout.ts'
import { renderFindings, renderRefusals, renderUndetermined, renderWarnings } from './notices.ts'
import { summaryOf } from './plan-summary.ts'
import { renderRecorded } from './recorded.ts'

export function renderPlan(plan: Plan, options: PlanOptions): string {
  const { style, columns } = options
  const header = `fdwsync ${options.command ?? 'plan'} · ${oneLine(plan.manifest)} → ${oneLine(plan.database.name)} (PostgreSQL ${oneLine(plan.database.serverVersion)})`
  const sections = [
    wrap(header, columns, '', nameIndent).map((line) => style.bold(line)),
    renderChanges(plan, options),
    renderRecorded(plan, options),
    renderRefusals(plan, options),
    renderUndetermined(plan, options),
    renderFindings(plan, options),
    renderWarnings(plan, options),
    wrap(summaryOf(plan, options), columns, '').map((line) => style.bold(line)),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}
