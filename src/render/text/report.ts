// The reports of an apply and of a refresh as text.

import type { Step } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { RefreshReport, Report, StepOutcome, StepReport } from '../../core/report.ts'
import type { RenderOptions } from '../format.ts'
import { counted, durationText, pad, widthOf, wrap } from './layout.ts'

/** The indent of continuation lines. */
const hanging = ' '.repeat(12)

/** The steps that went wrong, then a summary in one sentence. */
export function renderReport(report: Report, options: RenderOptions): string {
  const problems = report.steps.flatMap(({ title, action, outcome }) =>
    outcome.status === 'applied' ? [] : problemLines(`${action} ${title}`, outcome, options),
  )
  return `${[...problems, ...sentenceLines(reportSentence(report), options)].join('\n')}\n`
}

function sentenceLines(sentence: string, { style, columns }: RenderOptions): readonly string[] {
  return wrap(sentence, columns, '').map((line) => style.bold(line))
}

function problemLines(
  what: string,
  outcome: Exclude<StepOutcome, { status: 'applied' }>,
  { style, columns }: RenderOptions,
): readonly string[] {
  const status = outcome.status === 'in-doubt' ? 'unknown outcome' : outcome.status
  const colour = outcome.status === 'skipped' ? style.yellow : style.red
  const text = `${oneLine(what)}: ${oneLine(outcome.reason)}`
  const [first = '', ...others] = wrap(`${status} ${text}`, columns, '  ', hanging)
  const hint = outcome.status === 'failed' && outcome.hint ? wrap(oneLine(outcome.hint), columns, hanging) : []
  return [first.replace(status, () => colour(status)), ...others, ...hint]
}

function reportSentence({ applyId, steps }: Report): string {
  const applied = steps.filter(({ outcome }) => outcome.status === 'applied')
  const missed = steps.filter(({ outcome }) => outcome.status !== 'applied')
  const done = doneText(applied)
  if (missed.some(({ outcome }) => outcome.status === 'in-doubt'))
    return `Unknown outcome: the connection was lost during COMMIT. Run fdwsync plan to see what was applied.${done === '' ? '' : ` Certainly applied: ${done}.`}`
  if (applyId === undefined) return 'Nothing to do.'
  if (missed.length === 0) return done === '' ? 'Recorded in the ledger. Nothing had to change.' : `Applied: ${done}.`
  if (applied.length === 0) return 'Failed: nothing was changed.'
  return `Applied in part: ${done}; ${missedText(missed)}.`
}

/** An object that was not replaced still serves readers; a view that was not loaded is empty. */
function missedText(steps: readonly StepReport[]): string {
  const loads = steps.filter(({ action }) => action === 'populate').length
  const replacements = steps.filter(({ action }) => action === 'replace').length
  const others = steps.length - loads - replacements
  const parts = [
    loads > 0 ? `${counted(loads, 'view')} could not be loaded` : '',
    replacements > 0 ? `${counted(replacements, 'object')} not replaced` : '',
    others > 0 ? `${counted(others, 'step')} not done` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function doneText(steps: readonly StepReport[]): string {
  const words = {
    create: 'created',
    alter: 'altered',
    replace: 'replaced',
    drop: 'dropped',
    populate: 'loaded',
  } as const
  const actions = ['create', 'alter', 'replace', 'drop', 'populate'] as const
  const done = mergeReplacements(steps)
  return actions
    .map((action) => ({ action, count: done.filter((step) => step.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${words[action]}`)
    .join(', ')
}

/** An object that was dropped and recreated has two steps, but counts as one replacement, as in the plan. */
function mergeReplacements(steps: readonly StepReport[]): readonly Pick<StepReport, 'action'>[] {
  const keysOf = (action: Step['action']) =>
    new Set(steps.filter((step) => step.action === action).map(({ key }) => key))
  const created = keysOf('create')
  const dropped = keysOf('drop')
  return steps.flatMap(({ action, key }) => {
    if (action === 'drop' && created.has(key)) return []
    return [{ action: action === 'create' && dropped.has(key) ? 'replace' : action }]
  })
}

/** One line for each view, then a summary. */
export function renderRefresh({ views }: RefreshReport, options: RenderOptions): string {
  const { style, columns } = options
  const width = Math.max(0, ...views.map(({ title }) => widthOf(oneLine(title))))
  const lines = views.flatMap(({ title, how, outcome }) => {
    if (outcome.status !== 'applied') return problemLines(title, outcome, options)
    const remark = `${durationText(outcome.milliseconds)}${how === 'concurrently' ? ', concurrently' : ''}`
    const line = `  refreshed ${pad(oneLine(title), width)}  ${remark}`
    const lines =
      widthOf(line) <= columns
        ? [line]
        : [...wrap(`refreshed ${oneLine(title)}`, columns, '  ', hanging), hanging + remark]
    return lines.map((each, at) => (at === 0 ? each.replace('refreshed', (word) => style.green(word)) : each))
  })
  const failed = views.filter(({ outcome }) => outcome.status !== 'applied').length
  const summary =
    failed > 0
      ? `Refreshed ${views.length - failed} of ${counted(views.length, 'view')}.`
      : `Refreshed ${counted(views.length, 'view')}.`
  return `${[...lines, ...sentenceLines(summary, options)].join('\n')}\n`
}
