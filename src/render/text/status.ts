// The status of objects as a table.

import { formatDuration } from '../../core/duration.ts'
import { kindTitle } from '../../core/kind-change.ts'
import type { ObjectId } from '../../core/object.ts'
import { oneLine } from '../../core/printable.ts'
import { ident, qualified } from '../../core/sql.ts'
import type { ObjectState, ObjectStatus, StatusReport } from '../../core/status.ts'
import type { RenderOptions } from '../format.ts'
import { counted, durationText, pad, widthOf, wrap } from './layout.ts'
import { listed } from './objects.ts'
import { restoring } from './plan-summary.ts'
import { verificationText } from './verify.ts'

interface Column {
  readonly title: string
  readonly of: (object: ObjectStatus) => string
}

const gap = '  '

/** One row for each object. The reason for its state, and what is known of its loads, are on the lines below. */
export function renderStatus(report: StatusReport, options: RenderOptions): string {
  const { style, columns } = options
  const { database, manifest } = report
  const against = manifest === undefined ? '' : ` · against ${oneLine(manifest)}`
  const header = `fdwsync status · ${oneLine(database.name)} (PostgreSQL ${oneLine(database.serverVersion)})${against}`
  const shown = report.objects.filter(needsLine)
  const table = shown.length === 0 ? [] : tableOf(shown, options)
  return `${[
    wrap(header, columns, '', '          ').map((line) => style.bold(line)),
    table,
    wrap(summaryOf(report.objects), columns, '', '    ').map((line) => style.bold(line)),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** Children, such as indexes, get a row only if something is wrong: the row of a view counts its indexes. */
function needsLine({ isChild, state }: ObjectStatus): boolean {
  return !isChild || (state !== 'in sync' && state !== 'unmanaged')
}

function tableOf(objects: readonly ObjectStatus[], options: RenderOptions): readonly string[] {
  const owners = new Set(objects.map(ownersOf))
  const right: readonly Column[] = [
    ...(owners.size > 1 ? [{ title: 'manifest', of: ownersOf }] : []),
    { title: 'state', of: ({ state }) => state },
    ...(objects.some(({ indexes }) => indexes !== undefined)
      ? [
          { title: 'indexes', of: ({ indexes }: ObjectStatus) => (indexes === undefined ? '' : String(indexes)) },
          { title: 'data', of: dataOf },
        ]
      : []),
  ]
  const kind: Column = { title: 'kind', of: ({ id }) => kindTitle(id) }
  const name: Column = { title: 'name', of: ({ id }) => nameText(id) }
  const fixed = [kind, ...right].reduce((sum, column) => sum + widest(column, objects) + gap.length, gap.length)
  const nameWidth = Math.max(8, Math.min(widest(name, objects), options.columns - fixed))
  const all = [kind, name, ...right]
  const widths = all.map((column) => (column === name ? nameWidth : widest(column, objects)))
  const heading = rowsOf(
    all.map(({ title }) => title),
    widths,
    options.columns,
  ).map((line) => options.style.dim(line))
  return [...heading, ...objects.flatMap((object) => objectLines(object, all, widths, options))]
}

function widest({ title, of }: Column, objects: readonly ObjectStatus[]): number {
  return Math.max(widthOf(title), ...objects.map((object) => widthOf(oneLine(of(object)))))
}

function objectLines(
  object: ObjectStatus,
  all: readonly Column[],
  widths: readonly number[],
  { style, columns }: RenderOptions,
): readonly string[] {
  const cells = all.map(({ of }) => oneLine(of(object)))
  const colours: Readonly<Record<ObjectState, (text: string) => string>> = {
    'in sync': style.green,
    drifted: style.yellow,
    missing: style.red,
    'not populated': style.yellow,
    unknown: style.magenta,
    unmanaged: style.dim,
  }
  const lines = rowsOf(cells, widths, columns)
  const last = lines.length - 1
  const withColour = (line: string) => {
    const at = line.lastIndexOf(`${gap}${object.state}`)
    if (at < 0) return line
    const start = at + gap.length
    const end = start + object.state.length
    return line.slice(0, start) + colours[object.state](object.state) + line.slice(end)
  }
  const remarks = [object.reason, emptyColumnsOf(object), loadsOf(object), verifiedAs(object)].flatMap((text) =>
    text === undefined ? [] : wrap(oneLine(text), columns, '      '),
  )
  return [
    ...lines.map((line, at) => (at === last ? withColour(line) : line)),
    ...remarks.map((line) => style.dim(line)),
  ]
}

/** One line, or two if the name is wider than its column: the full name, and the other cells below it. */
function rowsOf(cells: readonly string[], widths: readonly number[], columns: number): readonly string[] {
  const [kind = '', name = '', ...rest] = cells
  const [kindWidth = 0, nameWidth = 0, ...restWidths] = widths
  const right = rest.map((cell, at) => gap + pad(cell, restWidths[at] ?? 0)).join('')
  const left = gap + pad(kind, kindWidth) + gap
  if (widthOf(name) <= nameWidth) return [`${left}${pad(name, nameWidth)}${right}`.trimEnd()]
  const indent = ' '.repeat(gap.length + kindWidth + gap.length + nameWidth)
  return [...wrap(left.trimStart() + name, columns, gap, `${gap}        `), `${indent}${right}`.trimEnd()]
}

function ownersOf({ manifests }: ObjectStatus): string {
  return manifests.join(', ') || '-'
}

function nameText(id: ObjectId): string {
  if ('schema' in id) return qualified(id.schema, id.name)
  return 'server' in id ? `${id.role === null ? 'public' : ident(id.role)} on ${ident(id.server)}` : ident(id.name)
}

function titleText({ id }: ObjectStatus): string {
  return oneLine(`${kindTitle(id)} ${nameText(id)}`)
}

/** `12 min ago`, and how old it may be: `40 min ago, max 15min`. */
function dataOf({ populated, freshness }: ObjectStatus): string {
  if (populated === undefined) return ''
  if (!populated) return 'none'
  const { recorded, maxAgeMilliseconds } = freshness ?? {}
  const age = recorded === undefined ? 'loaded' : agoText(recorded.millisecondsAgo / 1000)
  return maxAgeMilliseconds === undefined ? age : `${age}, max ${formatDuration(maxAgeMilliseconds)}`
}

/** `empty until the next refresh: note, placed_at`. */
function emptyColumnsOf({ freshness }: ObjectStatus): string | undefined {
  const { emptyColumns = [] } = freshness?.recorded ?? {}
  return emptyColumns.length === 0 ? undefined : `empty until the next refresh: ${emptyColumns.map(ident).join(', ')}`
}

/** Below the line of a copy with a policy: `last load 41 s, 1,204,331 rows · next 2026-01-31 12:15 UTC`. */
function loadsOf({ freshness }: ObjectStatus): string | undefined {
  const { recorded, maxAgeMilliseconds, nextRun } = freshness ?? {}
  if (maxAgeMilliseconds === undefined && nextRun === undefined) return undefined
  const load = recorded?.isEmptied ? undefined : recorded?.lastLoad
  const rows = load?.rows === undefined ? [] : [counted(load.rows, 'row')]
  const last = load && [`last load ${durationText(load.milliseconds)}`, ...rows].join(', ')
  const next = nextRun && `next ${nextRun.slice(0, 16).replace('T', ' ')} UTC`
  return [last, next].filter((text) => text !== undefined).join(' · ') || undefined
}

/** `compared with its source: same, 1,204 rows`. */
function verifiedAs({ verification }: ObjectStatus): string | undefined {
  return verification && `compared with its source: ${verificationText(verification)}`
}

/** `40 s ago`, `12 min ago`, `3 h ago`, `5 days ago`. */
export function agoText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

function summaryOf(objects: readonly ObjectStatus[]): string {
  if (objects.length === 0) return 'No managed objects found.'
  const states: readonly ObjectState[] = ['in sync', 'drifted', 'missing', 'not populated', 'unknown', 'unmanaged']
  const parts = states.flatMap((state) => {
    const count = objects.filter((object) => object.state === state).length
    if (count === 0) return []
    const names = objects.filter((object) => state === 'unknown' && object.state === state).map(titleText)
    return [`${count} ${state}${names.length === 0 ? '' : ` (${listed(names)})`}`]
  })
  const stale = objects.filter(({ freshness }) => freshness?.isStale).length
  const staleText = stale === 0 ? '' : ` · ${stale} stale`
  const different = objects.filter(({ verification }) => verification?.status === 'different').length
  const differentText = different === 0 ? '' : ` · ${different} with other rows than the source`
  const isToRestore = objects.some(({ state }) => state === 'drifted' || state === 'missing')
  const hint = isToRestore ? ` · ${restoring}` : ''
  return `${counted(objects.length, 'object')}: ${parts.join(', ')}${staleText}${differentText}${hint}`
}
