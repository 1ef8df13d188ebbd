// What is logged on standard error: statements as text with --verbose, or everything as JSON with --log json, one document on a line.

import { isMap } from '../core/data.ts'
import type { StatementLog } from '../core/event.ts'
import { oneLine } from '../core/printable.ts'
import { jsonLine } from '../render/json/json-text.ts'
import { renderStatement } from '../render/text/statements.ts'
import { printLog, printMessage, wrapMessages } from './output.ts'
import { styleOf } from './terminal.ts'

interface LogFlags {
  readonly log?: 'json'
  readonly verbose?: boolean
}

let format: 'text' | 'json' | undefined

/** Takes effect for all sessions and messages of this process from now on. */
export function startLog({ log, verbose = false }: LogFlags): void {
  format = log ?? (verbose ? 'text' : undefined)
  if (format === 'json') wrapMessages((text) => jsonLine({ type: 'message', text: text.trimEnd() }))
}

/** Undefined where events are printed as text. */
export function eventLog(): ((event: object) => void) | undefined {
  return format === 'json' ? (event) => printLog(jsonLine(event)) : undefined
}

/** Undefined if statements are not logged. */
export function statementLog(): ((statement: StatementLog) => void) | undefined {
  return format === undefined ? undefined : printStatement
}

function printStatement(log: StatementLog): void {
  const style = styleOf('stderr')
  if (format === 'json') printLog(jsonLine(log))
  else printMessage(`${renderStatement(log, style)}\n`, style.level > 0)
}

/** Prints a line that the process of a target has printed on its standard error. */
export function printLineOf(target: string, line: string): void {
  const document = format === 'json' ? parsed(line) : undefined
  if (isMap(document)) printLog(jsonLine({ target, ...document }))
  else printMessage(`${oneLine(target)}: ${line}\n`)
}

/** Undefined if the line is not a document, but a message of Node itself, for example. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
