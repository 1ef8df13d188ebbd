// Reports errors on standard error.

import { exitCode, FdwsyncError, formatProblem } from '../core/errors.ts'
import { oneLine } from '../core/printable.ts'
import { toolVersion } from '../core/version.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { printMessage } from './output.ts'

/** Prints the error and returns the exit code. */
export function reportError(error: unknown): number {
  printMessage(errorText(error))
  return error instanceof FdwsyncError ? error.exitCode : exitCode.failed
}

/** A stack trace is printed for bugs only. */
export function errorText(error: unknown): string {
  if (error instanceof FdwsyncError) {
    return error.problems.map((problem) => `error: ${formatProblem(problem)}\n`).join('')
  }
  if (isDatabaseError(error)) {
    const more = [error.detail, error.hint].flatMap((part) => (part === undefined ? [] : [`  ${oneLine(part)}\n`]))
    return `error: PostgreSQL reports: ${oneLine(error.message)} (SQLSTATE ${oneLine(error.sqlstate)})\n${more.join('')}`
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `This is a bug in fdwsync ${toolVersion}. Please report it with this stack trace:\n${stack}\n`
}
