// The refreshes of a database as text.

import type { RefreshHistory, RefreshHistoryEntry } from '../../core/history.ts'
import { idOf } from '../../core/object.ts'
import { oneLine } from '../../core/printable.ts'
import { qualified } from '../../core/sql.ts'
import type { RenderOptions } from '../format.ts'
import { counted, durationText, pad, sizeText, widthOf, wrap, writtenText } from './layout.ts'

/** Deeper than any line of the history, so that part of a name from a server cannot pass for such a line. */
const hanging = '            '

/** Two lines for each refresh, the newest first: what was done, and by whom and why. */
export function renderRefreshHistory({ database, refreshes, more }: RefreshHistory, options: RenderOptions): string {
  const { style, columns } = options
  const head = wrap(`fdwsync refreshes · ${oneLine(database)}`, columns, '', hanging).map((line) => style.bold(line))
  const widths = {
    outcome: Math.max(0, ...refreshes.map(({ outcome }) => widthOf(outcomeText(outcome)))),
    name: Math.max(0, ...refreshes.map((entry) => widthOf(nameOf(entry)))),
  }
  const lines = refreshes.flatMap((entry) => [
    ...wrap(lineOf(entry, widths), columns, '  ', hanging),
    ...wrap(detailOf(entry), columns, '      ', hanging).map((line) => style.dim(line)),
  ])
  const last =
    refreshes.length === 0
      ? ['No such refresh is recorded.']
      : more
        ? ['', 'Older refreshes exist; use --limit to list more.']
        : []
  return `${[...head, '', ...lines, ...last].join('\n')}\n`
}

function lineOf(entry: RefreshHistoryEntry, widths: { readonly outcome: number; readonly name: number }): string {
  const { startedAt, endedAt, outcome, how, bytes } = entry
  const time = `${startedAt.slice(0, 19).replace('T', ' ')} UTC`
  const took = durationText(Date.parse(endedAt) - Date.parse(startedAt))
  const size = bytes === null ? [] : [sizeText(Number(bytes))]
  const facts = [oneLine(how), took, ...rowsOf(entry), ...size].join(', ')
  return `${oneLine(time)}  ${pad(outcomeText(outcome), widths.outcome)}  ${pad(nameOf(entry), widths.name)}  ${facts}`
}

/** `1,204,331 rows`, or `3 inserted, 2 deleted` where only the difference is known. */
function rowsOf({ rows, inserted, updated, deleted }: RefreshHistoryEntry): readonly string[] {
  if (rows !== null) return [counted(Number(rows), 'row')]
  if (inserted === null) return []
  const count = (text: string | null) => (text === null ? null : BigInt(text))
  return [writtenText({ inserted: count(inserted), updated: count(updated), deleted: count(deleted) })]
}

function detailOf({ refreshedBy, origin, because, reason }: RefreshHistoryEntry): string {
  const by = `by ${oneLine(refreshedBy)}${origin === null ? '' : `, ${origins[origin] ?? oneLine(origin)}`}`
  return [by, ...[reason, because].flatMap((text) => (text === null ? [] : [oneLine(text)]))].join(' · ')
}

const origins: Readonly<Record<string, string>> = {
  apply: 'in an apply',
  refresh: 'by the command',
  function: 'by fdwsync.refresh()',
  cron: 'by pg_cron',
}

function nameOf({ address }: RefreshHistoryEntry): string {
  const id = idOf(address)
  return oneLine(id && 'schema' in id ? qualified(id.schema, id.name) : address)
}

/** The ledger has its own word for a commit whose outcome is unknown. */
function outcomeText(outcome: string): string {
  return outcome === 'in doubt' ? 'unknown outcome' : oneLine(outcome)
}
