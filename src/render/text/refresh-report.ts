// The report of a refresh as text: a table of what was done, or would be done, what went wrong, and a summary.

import { idOf } from '../../core/object.ts'
import { oneLine } from '../../core/printable.ts'
import type { RefreshReport } from '../../core/report.ts'
import { numberText } from '../../core/some-of.ts'
import type { RenderOptions } from '../format.ts'
import { foldAlike } from './fold.ts'
import { counted, durationText, pad, sizeText, widthOf, wrap, writtenText } from './layout.ts'
import { renderWarnings } from './notices.ts'
import { listed, placeOfTitled, subjectOf } from './objects.ts'
import { hanging, problemsOf, sentenceLines } from './report.ts'

/** The copies that were refreshed, those that were not with the cause, and a summary; or, of a preview, what would be done. */
export function renderRefresh(report: RefreshReport, options: RenderOptions): string {
  const { views, notImported, isPreview } = report
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
  const summary = isPreview
    ? refreshSummary('Would refresh', planned.length, views)
    : refreshSummary('Refreshed', refreshed.length - unchanged, views)
  const same = unchanged === 0 ? '' : `; ${unchanged} had not changed`
  const lines = [
    ...plannedLines(planned, options),
    ...refreshedLines(refreshed, options),
    ...problems,
    ...renderWarnings(report, options),
    ...sentenceLines(`${summary}${same}.${missing}`, options),
  ]
  return `${lines.join('\n')}\n`
}

function refreshSummary(verb: string, count: number, views: readonly View[]): string {
  const all = views.length
  return all === 0 ? 'Nothing to refresh' : `${verb} ${count < all ? `${count} of ` : ''}${copiesText(views)}`
}

/** `2 views`, `1 table`; `3 copies` of both kinds. */
function copiesText(views: readonly View[]): string {
  const kinds = new Set(views.map(({ key }) => idOf(key)?.kind))
  if (kinds.size > 1) return counted(views.length, 'copy', 'copies')
  return counted(views.length, kinds.has('table') ? 'table' : 'view')
}

/** `would refresh materialized view shop.orders  swap: readers do not wait, …`, and how long it took last time. */
function plannedLines(views: RefreshReport['views'], options: RenderOptions): readonly string[] {
  const { columns } = options
  const alike = (view: View) => JSON.stringify([placeOfTitled(view), view.how, view.because, view.hint])
  const groups = foldAlike(views, alike, options)
  const subjects = groups.map((group) => oneLine(subjectOf(group, false).subject))
  const width = Math.max(0, ...subjects.map(widthOf))
  return groups.flatMap(([first, ...others], at) => {
    const { how = '', because = '', hint, lastMilliseconds } = first
    const isAlone = others.length === 0
    const last = lastMilliseconds === undefined || !isAlone ? '' : ` · ${durationText(lastMilliseconds)} last time`
    return [
      ...wrap(`would refresh ${pad(subjects[at] ?? '', width)}  ${how}: ${because}${last}`, columns, '  ', hanging),
      ...(hint === undefined ? [] : wrap(hint, columns, hanging)),
    ]
  })
}

type View = RefreshReport['views'][number]

type Refreshed = Omit<RefreshReport['views'][number], 'outcome'> & {
  readonly milliseconds: number
  readonly unchanged: string | undefined
}

/** A table: the copy, the strategy, rows and size, the duration, and the previous duration. */
function refreshedLines(views: readonly Refreshed[], options: RenderOptions): readonly string[] {
  const { style, columns } = options
  const groups = foldAlike(
    views,
    (view) => JSON.stringify([placeOfTitled(view), view.how, view.unchanged === undefined, reasonOf(view)]),
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
    below: [...longest, ...reasonOf(first).flatMap((reason) => wrap(reason, columns, hanging))],
  }
}

/** Why readers wait, or why the strategy is not the one that was chosen. */
function reasonOf({ how, insteadOf, because, hint }: Refreshed): readonly string[] {
  if (hint !== undefined) return [`${because}. ${hint}`]
  return insteadOf === undefined ? [] : [`${how} instead of ${insteadOf}: ${because}`]
}

/** `1,204,331 rows · 96 MB`, or `3 inserted, 1 updated · 96 MB`, as far as it is known. */
function amountOf(views: readonly Refreshed[]): string {
  const rows = views.every((view) => view.rows !== undefined)
    ? views.reduce((sum, view) => sum + BigInt(view.rows ?? 0), 0n)
    : undefined
  const bytes = views.reduce((sum, view) => sum + (view.bytes ?? 0), 0)
  const parts = [
    rows === undefined ? sumWritten(views) : `${numberText(rows)} ${rows === 1n ? 'row' : 'rows'}`,
    bytes === 0 ? '' : sizeText(bytes),
  ]
  return parts.filter((part) => part !== '').join(' · ')
}

function sumWritten(views: readonly Refreshed[]): string {
  if (!views.every(({ written }) => written !== undefined)) return ''
  const sumOf = (how: 'inserted' | 'updated' | 'deleted') =>
    views.reduce((sum, { written }) => sum + BigInt(written?.[how] ?? 0), 0n)
  return writtenText({ inserted: sumOf('inserted'), updated: sumOf('updated'), deleted: sumOf('deleted') })
}

function longestOf(views: readonly Refreshed[]): string {
  const sorted = [...views].sort((left, right) => right.milliseconds - left.milliseconds)
  return sorted
    .slice(0, 3)
    .map(({ title, milliseconds }) => `${oneLine(title)} ${durationText(milliseconds)}`)
    .join(', ')
}
