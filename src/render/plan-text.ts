import type { ChalkInstance } from 'chalk'
import type { Plan } from '../core/plan.ts'

export function renderPlanText(plan: Plan, _options: { readonly style: ChalkInstance; readonly columns: number }): string {
  const lines = plan.changes.map(({ change, title, summary }) => {
    const fields = change.op === 'alter' || change.op === 'replace' ? change.fields.map(({ field, from, to }) => `\n      ${field}: ${from} → ${to}`) : []
    return `${change.op} ${title} ${summary}${fields.join('')}`
  })
  return `${[...lines, ...plan.refusals.map((r) => `refused ${r.title}: ${r.reason}`), ...plan.undetermined.map((r) => `undetermined ${r.title}: ${r.reason}`), ...plan.warnings].join('\n')}\n`
}
