// The reports of an apply and of a refresh as text.

import { groupBy } from '../../core/data.ts'
import { oneLine } from '../../core/printable.ts'
import { isNothingDone, isRecordedOnly, type RefreshReport, type Report, type StepOutcome } from '../../core/report.ts'
import type { RenderOptions } from '../format.ts'
import { doneText, missedText } from './counts.ts'
import { foldAlike } from './fold.ts'
import { counted, durationText, pad, sizeText, widthOf, wrap } from './layout.ts'
import { renderWarnings } from './notices.ts'
import { listed, placeOfTitled, subjectOf } from './objects.ts'

/** The indent of continuation lines. */
const hanging = ' '.repeat(12)

/** The steps that went wrong, then a summary in one sentence. */
export function renderReport(report: Report, options: RenderOptions): string {
  const problems = problemsOf(
    report.steps.map((step) => ({ ...step, verb: `${step.action} ` })),
    options,
  )
  const lines = [...problems, ...renderWarnings(report, options), ...sentenceLines(reportSentence(report), options)]
  return `${lines.join('\n')}\n`
}

function sentenceLines(sentence: string, { style, columns }: RenderOptions): readonly string[] {
  // It can contain names, so that the indent must be deeper than that of other lines.
  return wrap(sentence, columns, '', '    ').map((line) => style.bold(line))
}

interface Ended {
  readonly key: string
  readonly title: string
  /** What was done to the object, with a blank after it; or nothing. */
  readonly verb: string
  readonly outcome: StepOutcome
}

/** One cause is one entry, however many objects it concerns. */
function problemsOf(all: readonly Ended[], options: RenderOptions): readonly string[] {
  const missed = all.filter(({ outcome }) => outcome.status !== 'applied')
  const groups = groupBy(missed, (ended) => {
    const { status, reason, hint } = { reason: '', hint: '', ...ended.outcome }
    return JSON.stringify([ended.verb, placeOfTitled(ended), status, reason, hint])
  })
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike
    if (!first || first.outcome.status === 'applied') return []
    const { subject, names } = subjectOf(alike, options.verbose)
    return problemLines(`${first.verb}${subject}`, names, first.outcome, options)
  })
}

function problemLines(
  what: string,
  names: string,
  outcome: Exclude<StepOutcome, { status: 'applied' }>,
  { style, columns }: RenderOptions,
): readonly string[] {
  const status = outcome.status === 'in-doubt' ? 'unknown outcome' : outcome.status
  const colour = outcome.status === 'skipped' ? style.yellow : style.red
  const text = `${oneLine(what)}: ${oneLine(outcome.reason)}`
  const [first = '', ...others] = wrap(`${status} ${text}`, columns, '  ', hanging)
  const below = [names, outcome.status === 'failed' ? (outcome.hint ?? '') : ''].filter((line) => line !== '')
  const more = below.flatMap((line) => wrap(oneLine(line), columns, hanging))
  return [first.replace(status, () => colour(status)), ...others, ...more]
}

function reportSentence(report: Report): string {
  const unknown = report.undetermined.filter(({ follows }) => !follows).map(({ title }) => oneLine(title))
  return `${outcomeSentence(report)}${unknown.length === 0 ? '' : ` Undetermined: ${listed(unknown)}.`}`
}

function outcomeSentence(report: Report): string {
  const { applyId, planned, applied, steps } = report
  const missed = steps.filter(({ outcome }) => outcome.status !== 'applied')
  const done = doneText(applied)
  if (missed.some(({ outcome }) => outcome.status === 'in-doubt'))
    return `Unknown outcome: the connection was lost during COMMIT. Run fdwsync plan to see what was applied.${done === '' ? '' : ` Certainly applied: ${done}.`}`
  if (applyId === undefined) return 'Nothing to do.'
  if (missed.length === 0)
    return isRecordedOnly(report) ? 'Recorded in the ledger. Nothing had to change.' : `Applied: ${done}.`
  if (isNothingDone(report)) return 'Failed: nothing was changed.'
  const loads = missed.filter(({ action }) => action === 'populate').length
  return `Applied in part: ${done}; ${missedText(planned, applied, loads)}.`
}

/** The views that were refreshed, those that were not with the cause, and a summary; or, of a preview, what would be done. */
export function renderRefresh(report: RefreshReport, options: RenderOptions): string {
  const { views, notImported } = report
  const refreshed = views.flatMap(({ outcome, ...view }) =>
    outcome.status === 'applied' ? [{ ...view, milliseconds: outcome.milliseconds, unchanged: outcome.unchanged }] : [],
  )
  const planned = views.filter(({ outcome }) => outcome.status === 'planned')
  const problems = problemsOf(
    views.flatMap(({ outcome, ...view }) => (outcome.status === 'planned' ? [] : [{ ...view, outcome, verb: '' }])),
    options,
  )
  const unchanged = refreshed.filter((view) => view.unchanged !== undefined).length
  const missing =
    notImported.length === 0 ? '' : ` Not imported: ${listed(notImported.map(({ title }) => oneLine(title)))}.`
  const lines = [
    ...plannedLines(planned, options),
    ...refreshedLines(refreshed, options),
    ...problems,
    ...renderWarnings(report, options),
    ...sentenceLines(
      `${refreshSummary(views.length, { refreshed: refreshed.length - unchanged, unchanged, planned: planned.length })}${missing}`,
      options,
    ),
  ]
  return `${lines.join('\n')}\n`
}

interface Summary {
  readonly refreshed: number
  readonly unchanged: number
  readonly planned: number
}

function refreshSummary(all: number, { refreshed, unchanged, planned }: Summary): string {
  if (all === 0) return 'Nothing to refresh.'
  const [verb, count] = planned > 0 ? ['Would refresh', planned] : ['Refreshed', refreshed]
  const same = unchanged === 0 ? '' : `; ${unchanged} had not changed`
  return `${verb} ${count < all ? `${count} of ` : ''}${counted(all, 'view')}${same}.`
}

/** `would refresh materialized view shop.orders  swap: readers do not wait, …`, and how long that took the last time. */
function plannedLines(views: RefreshReport['views'], { columns }: RenderOptions): readonly string[] {
  const width = Math.max(0, ...views.map(({ title }) => widthOf(oneLine(title))))
  return views.flatMap(({ title, how = '', because = '', lastMilliseconds }) => {
    const last = lastMilliseconds === undefined ? '' : ` · ${durationText(lastMilliseconds)} last time`
    return wrap(`would refresh ${pad(oneLine(title), width)}  ${how}: ${because}${last}`, columns, '  ', hanging)
  })
}

type Refreshed = Omit<RefreshReport['views'][number], 'outcome'> & {
  readonly milliseconds: number
  readonly unchanged: string | undefined
}

/** A table: the copy, the strategy, rows and size, the duration, and that of the last time. */
function refreshedLines(views: readonly Refreshed[], options: RenderOptions): readonly string[] {
  const { style, columns } = options
  const groups = foldAlike(
    views,
    (view) => JSON.stringify([placeOfTitled(view), view.how, view.unchanged === undefined]),
    options,
  )
  const rows = groups.map((alike) => cellsOf(alike, options))
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map(({ cells }) => widthOf(cells[at] ?? ''))))
  return rows.flatMap(({ cells, below }) => {
    const columnsOfLine = cells.flatMap((cell, at) => (widths[at] === 0 ? [] : [pad(cell, widths[at] ?? 0)]))
    const line = `  ${columnsOfLine.join('  ')}`.trimEnd()
    const [title = '', how = '', ...others] = cells
    const lines =
      widthOf(line) <= columns
        ? [line]
        : [
            ...wrap(title, columns, '  ', hanging),
            ...wrap([how, ...others].filter((cell) => cell !== '').join(', '), columns, hanging),
          ]
    return [...lines, ...below].map((each) => each.replace(` ${how} `, (word) => style.green(word)))
  })
}

function cellsOf(alike: readonly [Refreshed, ...Refreshed[]], { columns }: RenderOptions) {
  const [first] = alike
  const isAlone = alike.length === 1
  const subject = oneLine(subjectOf(alike, false).subject)
  const title = isAlone ? subject.replace(/^(?:materialized view|table) /, '') : subject
  const milliseconds = alike.reduce((sum, view) => sum + view.milliseconds, 0)
  const last =
    isAlone && first.lastMilliseconds !== undefined ? `(${durationText(first.lastMilliseconds)} last time)` : ''
  const longest = isAlone ? [] : wrap(`longest: ${longestOf(alike)}`, columns, hanging)
  return {
    cells: [
      title,
      first.unchanged === undefined ? (first.how ?? '') : 'skipped',
      isAlone && first.unchanged !== undefined ? first.unchanged : amountOf(alike),
      `${durationText(milliseconds)}${isAlone ? '' : ' in total'}`,
      last,
    ],
    below: [
      ...longest,
      ...(isAlone && first.hint !== undefined ? wrap(`${first.because}. ${first.hint}`, columns, hanging) : []),
    ],
  }
}

/** `1,204,331 rows · 96 MB`, as far as it is known. */
function amountOf(views: readonly Refreshed[]): string {
  const rows = views.every((view) => view.rows !== undefined)
    ? views.reduce((sum, view) => sum + BigInt(view.rows ?? 0), 0n)
    : undefined
  const bytes = views.reduce((sum, view) => sum + (view.bytes ?? 0), 0)
  const parts = [
    rows === undefined ? '' : `${rows.toLocaleString('en')} ${rows === 1n ? 'row' : 'rows'}`,
    bytes === 0 ? '' : sizeText(bytes),
  ]
  return parts.filter((part) => part !== '').join(' · ')
}

function longestOf(views: readonly Refreshed[]): string {
  const sorted = [...views].sort((left, right) => right.milliseconds - left.milliseconds)
  return sorted
    .slice(0, 3)
    .map(({ title, milliseconds }) => `${oneLine(title)} ${durationText(milliseconds)}`)
    .join(', ')
}
