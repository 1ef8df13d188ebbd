import { exitCode, FdwsyncError, formatProblem } from '../core/errors.ts'
import { toolVersion } from '../core/version.ts'
import { isDatabaseError } from '../db/database-error.ts'

/** Tells the user what went wrong, on standard error, and returns the exit code. A stack trace is for bugs only. */
export function reportError(error: unknown): number {
  if (error instanceof FdwsyncError) {
    for (const problem of error.problems) process.stderr.write(`${formatProblem(problem)}\n`)
    return error.exitCode
  }
  if (isDatabaseError(error)) {
    const more = [error.detail, error.hint].filter((part) => part !== undefined).map((part) => `  ${part}\n`)
    process.stderr.write(`the server says: ${error.message} (SQLSTATE ${error.sqlstate})\n${more.join('')}`)
    return exitCode.failed
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`This is a bug in fdwsync ${toolVersion}. Please report it with what follows.\n${stack}\n`)
  return exitCode.failed
}
