// The only way out to standard output and standard error. Whatever a renderer or a message forgot to escape is escaped here.

import { clearScreenDown, moveCursor } from 'node:readline'
import { FdwsyncError } from '../core/errors.ts'
import { printable, printableText } from '../core/printable.ts'

/** Prints on standard output what a command was asked for. `isColoured`: a renderer coloured the text. */
export function printResult(text: string, isColoured = false): void {
  eraseLive()
  process.stdout.write(printable(text, isColoured))
}

/** Prints commands to a CI runner. The format that has written them has escaped whatever is not one of its own. */
export function printCommands(text: string): void {
  eraseLive()
  process.stdout.write(printableText(text))
}

/** Prints everything but the result on standard error: errors, warnings and progress. */
export function printMessage(text: string, isColoured = false): void {
  eraseLive()
  process.stderr.write(wrapMessage ? wrapMessage(text) : printable(text, isColoured))
}

/** Prints a line of the log on standard error. */
export function printLog(line: string): void {
  eraseLive()
  process.stderr.write(line)
}

/** Whether standard error is a terminal whose lines can be replaced. */
export function hasLiveLines(): boolean {
  return process.stderr.isTTY && process.env.TERM !== 'dumb'
}

/** How many columns and lines fit the terminal. */
export function liveSize(): { readonly columns: number; readonly rows: number } {
  // Some terminals break a line that reaches their last column.
  return { columns: (process.stderr.columns || 80) - 1, rows: process.stderr.rows || 24 }
}

let live: { readonly lines: number; readonly columns: number } | undefined

/**
 * Prints lines at the bottom of the terminal, in place of those of the last call. Anything else that is printed takes their place,
 * too.
 */
export function printLive(lines: readonly string[], isColoured: boolean): void {
  eraseLive()
  if (lines.length === 0) return
  process.stderr.write(lines.map((line) => `${printable(line, isColoured)}\n`).join(''))
  live = { lines: lines.length, columns: liveSize().columns }
}

function eraseLive(): void {
  const before = live
  live = undefined
  // A terminal that has become narrower may have broken the lines. They stay then, so that nothing above them is erased.
  if (before === undefined || liveSize().columns < before.columns) return
  moveCursor(process.stderr, 0, -before.lines)
  clearScreenDown(process.stderr)
}

let wrapMessage: ((text: string) => string) | undefined

/** Prints messages in another form from now on. `wrap` has to return printable text. */
export function wrapMessages(wrap: (text: string) => string): void {
  wrapMessage = wrap
}

/**
 * As {@link printResult}; resolves once the text is written, so that the output of another process comes after it.
 * @throws FdwsyncError if it cannot be written
 */
export function printAndFlush(text: string, isColoured = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const message = 'stopped: standard output cannot be written'
    process.stdout.write(printable(text, isColoured), (error) => {
      if (error) reject(new FdwsyncError({ code: 'usage/interrupted', message }))
      else resolve()
    })
  })
}

/** The width of standard output: COLUMNS, or else that of the terminal. A file or a pipe has none. */
export function outputWidth(): number {
  const wanted = Number(process.env.COLUMNS)
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY
}
