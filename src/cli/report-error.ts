// Reports why a command failed: as text on standard error, and as a document on standard output if one was asked for.

import { CommanderError } from 'commander'
import { exitCode, type Failure, FdwsyncError } from '../core/errors.ts'
import { oneLine } from '../core/printable.ts'
import { type Hidden, redactTexts } from '../core/redaction.ts'
import { toolVersion } from '../core/version.ts'
import { isServerError } from '../library/server-error.ts'
import type { PlanFormat } from '../render/format.ts'
import { type PlanFormatName, planFormats } from '../render/formats.ts'
import { renderProblems } from '../render/text/errors.ts'
import { printMessage } from './output.ts'
import { printIn } from './terminal.ts'
import { usageErrorOf } from './usage-error.ts'

let hidden: readonly Hidden[] = []

/** Errors do not show what references of the manifest resolve to, whatever they are about. */
export function hideInErrors(values: readonly Hidden[]): void {
  hidden = values
}

/** Prints the error and returns the exit code. */
export async function reportError(reported: unknown, argv: readonly string[]): Promise<number> {
  if (reported instanceof CommanderError) {
    // Help has been printed already, or the version.
    if (reported.exitCode === 0) return exitCode.done
    if (reported.code === 'commander.help') return exitCode.usage
  }
  const known = reported instanceof CommanderError ? usageErrorOf(reported, argv) : reported
  const error = known instanceof FdwsyncError ? withoutHidden(known) : known
  printMessage(errorText(error))
  const failure = failureOf(error)
  const format: PlanFormat = await planFormats[requestedFormat(argv)]()
  if (format.failure) printIn(format, format.failure(failure))
  return failure.exitCode
}

function withoutHidden({ problems, exitCode: code }: FdwsyncError): FdwsyncError {
  return new FdwsyncError(
    problems.map((problem) => redactTexts(problem, hidden)),
    code,
  )
}

/** The format that the arguments ask for, even if they are wrong and so cannot be parsed. */
export function requestedFormat(argv: readonly string[]): PlanFormatName {
  const last = argv.findLastIndex((argument) => /^--format(=|$)/.test(argument))
  const name = argv[last]?.startsWith('--format=') ? argv[last].slice('--format='.length) : argv[last + 1]
  const known = Object.keys(planFormats).find((each) => last >= 0 && each === name)
  return known === undefined ? 'text' : (known as PlanFormatName) // one of the names of the formats
}

/** A stack trace is printed for bugs only. */
export function errorText(error: unknown): string {
  if (error instanceof FdwsyncError) return renderProblems(error.problems)
  if (isServerError(error)) {
    const more = [error.detail, error.hint].flatMap((part) => (part === undefined ? [] : [`  ${oneLine(part)}\n`]))
    return `error: PostgreSQL reports: ${oneLine(error.message)} (SQLSTATE ${oneLine(error.sqlstate)})\n${more.join('')}`
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `This is a bug in fdwsync ${toolVersion}. Please report it with this stack trace:\n${stack}\n`
}

/** The same error as data. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FdwsyncError) return { exitCode: error.exitCode, problems: error.problems }
  if (isServerError(error)) {
    const { message, sqlstate, detail, hint } = error
    const more = { ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) }
    return { exitCode: exitCode.failed, problems: [{ code: 'server/error', message, sqlstate, ...more }] }
  }
  const message = error instanceof Error ? error.message : String(error)
  const hint = `This is a bug in fdwsync ${toolVersion}. Please report it with the stack trace on standard error.`
  return { exitCode: exitCode.failed, problems: [{ code: 'internal/bug', message, hint }] }
}
