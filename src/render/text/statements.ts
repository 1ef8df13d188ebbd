// One statement of the log, on one line.

import type { ChalkInstance } from 'chalk'
import type { StatementLog } from '../../core/event.ts'
import { oneLine } from '../../core/printable.ts'
import { counted, durationText } from './layout.ts'

/** Queries of the catalog are long, and all alike. JSON has them in full. */
const longQuery = 200

export function renderStatement(
  { purpose, sql, milliseconds, rows, error }: StatementLog,
  style: ChalkInstance,
): string {
  const facts = [purpose, durationText(milliseconds), ...(rows === undefined ? [] : [counted(rows, 'row')])]
  const failure = error === undefined ? '' : style.red(` failed: ${oneLine(error)}`)
  const text = oneLine(sql.trim().replace(/\s+/g, ' '))
  const isLong = /^(?:SELECT|WITH)\b/i.test(text) && text.length > longQuery
  const shown = isLong ? `${text.slice(0, longQuery)}…` : text
  return `${style.dim(`[${facts.map(oneLine).join(', ')}]`)} ${shown}${failure}`
}
