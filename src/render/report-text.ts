import type { ChalkInstance } from 'chalk'
import type { RefreshReport, Report, StepOutcome, StepReport } from '../core/plan.ts'
import type { TextOptions } from './field-text.ts'
import { counted, duration, oneLine, padded, widthOf, wrapped } from './text.ts'

/** What came of an apply, for people: what went wrong first, and at the end the whole in a sentence. */
export function renderReportText(report: Report, { style, columns }: TextOptions): string {
  const problems = report.steps.flatMap(({ title, action, outcome }) =>
    outcome.status === 'applied' ? [] : problemLines(`${action} ${title}`, outcome, style, columns),
  )
  return `${[...problems, ...wrapped(style.bold(reportSentence(report)), columns, '')].join('\n')}\n`
}

function problemLines(
  what: string,
  outcome: Exclude<StepOutcome, { status: 'applied' }>,
  style: ChalkInstance,
  columns: number,
): readonly string[] {
  const status = { failed: style.red('failed'), skipped: style.yellow('skipped'), 'in-doubt': style.red('in doubt') }[
    outcome.status
  ]
  const [first = '', ...others] = wrapped(`${oneLine(what)}: ${oneLine(outcome.reason)}`, columns - 10, '')
  const hint =
    outcome.status === 'failed' && outcome.hint ? wrapped(oneLine(outcome.hint), columns, ' '.repeat(12)) : []
  return [`  ${status} ${first}`, ...others.map((line) => `          ${line}`), ...hint]
}

function reportSentence({ applyId, steps }: Report): string {
  const applied = steps.filter(({ outcome }) => outcome.status === 'applied')
  const missed = steps.filter(({ outcome }) => outcome.status !== 'applied')
  if (missed.some(({ outcome }) => outcome.status === 'in-doubt'))
    return 'In doubt: the connection was lost during COMMIT. Plan again.'
  if (applyId === undefined) return 'Nothing to do.'
  const done = doneText(applied)
  if (missed.length === 0) return done === '' ? 'Recorded. Nothing had to change.' : `Applied: ${done}.`
  if (applied.length === 0) return 'Failed: nothing was changed.'
  const loads = missed.filter(({ stage, action }) => stage === 'populate' || action === 'replace')
  const others = missed.length - loads.length
  const views = loads.length > 0 ? `${counted(loads.length, 'view')} could not be loaded` : ''
  return `Applied in part: ${done}; ${[views, others > 0 ? `${counted(others, 'step')} not done` : ''].filter(Boolean).join(', ')}.`
}

function doneText(steps: readonly StepReport[]): string {
  const words = {
    create: 'created',
    alter: 'altered',
    replace: 'replaced',
    drop: 'dropped',
    populate: 'filled',
  } as const
  const actions = ['create', 'alter', 'replace', 'drop', 'populate'] as const
  return actions
    .map((action) => ({ action, count: steps.filter((step) => step.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${words[action]}`)
    .join(', ')
}

/** What came of a refresh: a line a view. */
export function renderRefreshText({ views }: RefreshReport, { style, columns }: TextOptions): string {
  const width = Math.max(0, ...views.map(({ title }) => widthOf(oneLine(title))))
  const lines = views.flatMap(({ title, how, outcome }) => {
    if (outcome.status !== 'applied') return problemLines(title, outcome, style, columns)
    return [
      `  ${style.green('refreshed')} ${padded(oneLine(title), width)}  ${duration(outcome.milliseconds)}${how === 'concurrently' ? ', concurrently' : ''}`,
    ]
  })
  const failed = views.filter(({ outcome }) => outcome.status !== 'applied').length
  const refreshed = `Refreshed ${counted(views.length - failed, 'view')}`
  return `${[...lines, style.bold(failed > 0 ? `${refreshed}; ${failed} not.` : `${refreshed}.`)].join('\n')}\n`
}
