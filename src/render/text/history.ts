// The history of a database, and one apply in detail, as text.

import type { ChalkInstance } from 'chalk'
import type { ApplyDetails, History, RecordedApply } from '../../core/history.ts'
import { idOf } from '../../core/object.ts'
import { oneLine } from '../../core/printable.ts'
import type { RenderOptions } from '../format.ts'
import { plannedParts } from './counts.ts'
import { counted, durationText, pad, widthOf, wrap } from './layout.ts'

/**
 * The indent of continuation lines: deeper than any line of the history, so that part of a name from a server cannot pass for
 * such a line.
 */
const nameIndent = '            '

/** One entry for each apply, the newest first. */
export function renderHistory({ database, applies, more }: History, options: RenderOptions): string {
  const { style, columns } = options
  const head = wrap(`fdwsync history · ${oneLine(database)}`, columns, '', nameIndent).map((line) => style.bold(line))
  const width = Math.max(0, ...applies.map(({ outcome }) => widthOf(outcomeText(outcome))))
  const blocks = applies.flatMap((apply) => ['', ...appliedLines(apply, width, options)])
  const last =
    applies.length === 0
      ? 'No applies are recorded.'
      : more
        ? 'Older applies exist; use --limit to list more.'
        : undefined
  return `${[...head, ...blocks, ...(last === undefined ? [] : ['', last])].join('\n')}\n`
}

function appliedLines(apply: RecordedApply, width: number, { style, columns }: RenderOptions): readonly string[] {
  const { manifest, commit } = apply
  const outcome = outcomeText(apply.outcome)
  const shortId = apply.id.slice(0, 8)
  const line = `  ${shortId}  ${timeText(apply.startedAt)}  ${pad(outcome, width)}  ${oneLine(manifest)}`
  const more = [summaryText(apply), ...(commit === null ? [] : [`commit ${oneLine(commit.slice(0, 12))}`])].join(' · ')
  const [first = '', ...others] = widthOf(line) <= columns ? [line] : wrap(line.trimStart(), columns, '  ', nameIndent)
  return [
    first.replace(outcome, () => outcomeStyle(apply.outcome, style)(outcome)),
    ...others,
    ...[whoText(apply), more, elsewhereText(apply)].flatMap((text) => {
      return text === '' ? [] : wrap(text, columns, '    ', nameIndent).map((each) => style.dim(each))
    }),
  ]
}

/** One apply: the facts, the planned changes, and how each step ended. */
export function renderApplyDetails({ apply, steps, refreshes }: ApplyDetails, options: RenderOptions): string {
  const { style, columns } = options
  const title = wrap(`fdwsync apply ${apply.id} · ${oneLine(apply.manifest)}`, columns, '', nameIndent)
  const section = (name: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', style.bold(name), ...lines]
  const signs = { create: '+', alter: '~', replace: '±', drop: '-', adopt: '=', release: '/' } as const
  const changes = (apply.summary?.changes ?? []).flatMap(({ op, title, fields }) => {
    const what = fields.length > 0 ? `: ${fields.map(oneLine).join(', ')}` : ''
    return wrap(`${signs[op]} ${oneLine(title)}${what}`, columns, '  ', nameIndent)
  })
  const ended = steps.flatMap(({ outcome, action, title, reason }) => {
    const why = reason === null ? '' : `: ${oneLine(reason)}`
    return wrap(`${pad(outcomeText(outcome), 8)} ${action} ${oneLine(title)}${why}`, columns, '  ', nameIndent)
  })
  const loads = refreshes.flatMap(({ address, how, rows, outcome, startedAt, endedAt }) => {
    const took = durationText(Date.parse(endedAt) - Date.parse(startedAt))
    const count = rows === null ? '' : `, ${counted(Number(rows), 'row')}`
    return wrap(
      `${pad(outcomeText(outcome), 8)} ${nameOf(address)}  ${how}, ${took}${count}`,
      columns,
      '  ',
      nameIndent,
    )
  })
  const lines = [
    ...title.map((line) => style.bold(line)),
    ...factLines(apply, options),
    ...section('Planned', changes),
    ...section('Steps', ended),
    ...section('Loads', loads),
  ]
  return `${lines.join('\n')}\n`
}

function factLines(apply: RecordedApply, { style, columns }: RenderOptions): readonly string[] {
  const took =
    apply.endedAt === null ? '' : `, took ${durationText(Date.parse(apply.endedAt) - Date.parse(apply.startedAt))}`
  const facts: readonly (readonly [name: string, text: string])[] = [
    ['outcome', outcomeText(apply.outcome)],
    ['started', `${timeText(apply.startedAt)}${took}`],
    ['by', whoText(apply)],
    ['planned', summaryText(apply)],
    ['tool', `fdwsync ${oneLine(apply.toolVersion)}`],
    ['manifest', apply.manifestDigest === null ? '' : `sha256 ${oneLine(apply.manifestDigest)}`],
    ['commit', oneLine(apply.commit ?? '')],
    ['repository', oneLine(apply.repository ?? '')],
    ['database', databaseText(apply)],
    ['note', elsewhereText(apply)],
  ]
  return facts.flatMap(([name, text]) => {
    if (text === '') return []
    const [first = '', ...others] = wrap(`${pad(name, 10)}  ${text}`, columns, '  ', `${nameIndent}  `)
    const shown = name === 'outcome' ? first.replace(text, () => outcomeStyle(apply.outcome, style)(text)) : first
    return [shown, ...others]
  })
}

function whoText({ appliedBy, appliedFrom, clientUser, clientHost }: RecordedApply): string {
  const from = appliedFrom === null ? '' : ` from ${oneLine(appliedFrom)}`
  const client = [clientUser, clientHost].flatMap((part) => (part === null ? [] : [oneLine(part)])).join(' on ')
  return `${oneLine(appliedBy)}${from}${client === '' ? '' : ` · ${client}`}`
}

/** The planned changes, counted, in one line. */
function summaryText({ summary }: RecordedApply): string {
  if (summary === null) return ''
  const parts = plannedParts(summary.counts)
  return parts.length === 0 ? 'nothing to change' : parts.join(' · ')
}

function databaseText({ database, databaseOid, systemIdentifier }: RecordedApply): string {
  if (database === null) return ''
  const cluster = systemIdentifier === null ? '' : `, cluster ${oneLine(systemIdentifier)}`
  return `${oneLine(database)} (OID ${databaseOid}${cluster})`
}

function elsewhereText({ madeElsewhere, database }: RecordedApply): string {
  return madeElsewhere && database !== null
    ? `applied to database ${oneLine(database)}; this database is a copy of it, or was renamed`
    : ''
}

/** The ledger has its own word for a commit whose outcome is unknown. */
function outcomeText(outcome: string | null): string {
  return outcome === 'in doubt' ? 'unknown outcome' : oneLine(outcome ?? 'unknown')
}

function outcomeStyle(outcome: RecordedApply['outcome'], style: ChalkInstance): ChalkInstance {
  if (outcome === 'applied') return style.green
  return outcome === 'failed' ? style.red : style.yellow
}

/** `2026-01-31 12:00:00 UTC`. Times of the ledger are read in UTC. */
function timeText(iso: string): string {
  return `${oneLine(iso.slice(0, 19).replace('T', ' '))} UTC`
}

/** The qualified name of a view. */
function nameOf(address: string): string {
  const id = idOf(address)
  return oneLine(id && 'schema' in id ? `${id.schema}.${id.name}` : address)
}
