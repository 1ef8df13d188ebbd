// A plan as text: what changes and why, what keeps it from being applied, and a summary.

import type { Plan } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { PlanOptions, RenderOptions } from '../format.ts'
import { nameIndent, remarkColumn, renderChange } from './change.ts'
import { counted, pad, widthOf, wrap } from './layout.ts'
import { summaryOf } from './plan-summary.ts'

export function renderPlan(plan: Plan, options: PlanOptions): string {
  const { style, columns } = options
  const header = `fdwsync ${options.destroys ? 'destroy' : 'plan'} · ${oneLine(plan.manifest)} → ${oneLine(plan.database.name)} (PostgreSQL ${oneLine(plan.database.serverVersion)})`
  const sections = [
    wrap(header, columns, '', nameIndent).map((line) => style.bold(line)),
    plan.changes.flatMap((planned) =>
      planned.change.op === 'adopt' || planned.change.op === 'release'
        ? []
        : renderChange(planned, planned.change, options),
    ),
    renderRecorded(plan, options),
    plan.refusals.flatMap(({ title, reason, hint }) =>
      notice(style.red('refused'), 'refused', `${title}: ${reason}`, hint, columns),
    ),
    renderUndetermined(plan, options),
    renderFindings(plan, options),
    plan.warnings.flatMap(({ message }) => notice(style.yellow('warning'), 'warning', message, '', columns)),
    wrap(summaryOf(plan, options), columns, '').map((line) => style.bold(line)),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** The changes that only the ledger records: adopted and released objects. */
function renderRecorded(plan: Plan, { style, columns }: RenderOptions): readonly string[] {
  return plan.changes.flatMap(({ change, title, cause, takenFrom }) => {
    if (change.op === 'release')
      return wrap(`releases ${oneLine(title)}: ${oneLine(change.because)}`, columns, '  ', nameIndent)
    if (change.op !== 'adopt') return []
    const isTaken = takenFrom.length > 0
    const verb = isTaken ? 'takes over' : cause === undefined ? 'adopts' : 'records'
    const remark = isTaken
      ? `from manifest ${takenFrom.map(oneLine).join(', ')}; already as declared`
      : cause === undefined
        ? 'already exists as declared'
        : 'its declaration or identity changed; already as declared'
    const start = `${verb} ${oneLine(title)}`
    const line = pad(`  ${start}`, remarkColumn)
    if (widthOf(`${line} ${remark}`) <= columns) return [`${line} ${style.dim(remark)}`]
    return wrap(isTaken ? `${start} ${remark}` : start, columns, '  ', nameIndent)
  })
}

function renderUndetermined({ undetermined, refusals }: Plan, { style, columns }: RenderOptions): readonly string[] {
  const label = 'undetermined'
  // The reason for a refused object is already in its refusal.
  const own = undetermined.filter(({ key, follows }) => !follows && !refusals.some((refusal) => refusal.key === key))
  const dependents = undetermined.filter(({ follows }) => follows).length
  return [
    ...own.flatMap(({ title, reason, hint }) =>
      notice(style.yellow(label), label, `${title}: ${reason}`, hint, columns),
    ),
    ...(dependents > 0 ? notice(style.yellow(label), label, counted(dependents, 'dependent object'), '', columns) : []),
  ]
}

function renderFindings({ source }: Plan, { style, columns }: RenderOptions): readonly string[] {
  return (source?.findings ?? []).flatMap(({ title, message, readsFail }) => {
    const [label, colour] = readsFail ? (['warning', style.yellow] as const) : (['source', style.cyan] as const)
    return notice(colour(label), label, `${title}: ${message}`, '', columns)
  })
}

/** A label, a text, and the hint below it. `styled` is the label in colour: lines are broken without colour. */
function notice(styled: string, label: string, text: string, hint: string, columns: number): readonly string[] {
  const [first = '', ...others] = wrap(`${label} ${oneLine(text)}`, columns, '  ', '    ')
  const more = hint === '' ? [] : wrap(oneLine(hint), columns, '    ')
  return [first.replace(label, () => styled), ...others, ...more]
}
