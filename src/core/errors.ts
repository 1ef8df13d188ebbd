// Errors that a user can do something about, with their exit codes, and how they are printed.

import type { ProblemCode } from './codes.ts'
import { oneLine } from './printable.ts'

/** The exit codes of the command. They are published, so none ever gets another meaning. */
export const exitCode = {
  done: 0,
  failed: 1,
  changes: 2,
  stale: 3,
  refused: 4,
  dataNotLoaded: 5,
  undetermined: 6,
  usage: 64,
} as const

/** A value of {@link exitCode}: what the command exits with. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** A place in a manifest. Lines and columns count from 1; `excerpt` is the text of the line. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly excerpt: string
}

/** One thing that is wrong, where, and what to do about it. */
export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  readonly place?: Place
  readonly hint?: string
}

/** Why a command failed. */
export interface Failure {
  readonly exitCode: ExitCode
  /** Errors that PostgreSQL reported have a SQLSTATE, and perhaps a DETAIL. */
  readonly problems: readonly (Problem & { readonly sqlstate?: string; readonly detail?: string })[]
}

/**
 * An error that a user can do something about. Any other error is a bug and is reported as one.
 * Independent problems, for instance of a manifest, are reported at once.
 */
export class FdwsyncError extends Error {
  // Node prints the name of the class, which the minified package shortens.
  static {
    Object.defineProperty(FdwsyncError, 'name', { value: 'FdwsyncError' })
  }

  override readonly name = 'FdwsyncError'
  readonly exitCode: ExitCode
  readonly problems: readonly Problem[]

  constructor(problems: Problem | readonly Problem[], code: ExitCode = exitCode.failed) {
    const all: readonly Problem[] = 'message' in problems ? [problems] : problems
    super(all.map((problem) => problem.message).join('\n'))
    this.problems = all
    this.exitCode = code
  }
}

/** An option or argument is invalid, or does not go with another one. */
export function usageError(message: string, hint?: string): FdwsyncError {
  const problem = { code: 'usage/invalid-argument', message, ...(hint === undefined ? {} : { hint }) } as const
  return new FdwsyncError(problem, exitCode.usage)
}

/**
 * `FILE:LINE:COLUMN: message`, then the line, unless it is empty, with a caret below it, then the hint. Names in them cannot add lines
 * of their own.
 */
export function formatProblem(problem: Problem): string {
  const { place, message, hint } = problem
  const lines: string[] = []
  if (place) {
    const { shown, before } = excerptOf(place)
    lines.push(`${oneLine(place.file)}:${place.line}:${place.column}: ${oneLine(message)}`)
    // The end of a text, for example, has nothing to show.
    if (shown.trim() !== '') lines.push(`  ${oneLine(shown)}`, `  ${' '.repeat(oneLine(before).length)}^`)
  } else {
    lines.push(oneLine(message))
  }
  if (hint) lines.push(`  ${oneLine(hint)}`)
  return lines.join('\n')
}

/** A longer line, such as a manifest that is JSON on one line, is cut to the surroundings of the place. */
const maxExcerpt = 240

function excerptOf({ excerpt, column }: Place): { readonly shown: string; readonly before: string } {
  const line = excerpt.replaceAll('\t', ' ')
  const at = column - 1
  if (line.length <= maxExcerpt) return { shown: line, before: line.slice(0, at).padEnd(at) }
  const start = Math.max(0, at - maxExcerpt / 2)
  const end = start + maxExcerpt
  const left = start > 0 ? '…' : ''
  const before = left + line.slice(start, at).padEnd(at - start)
  return { shown: `${left}${line.slice(start, end)}${end < line.length ? '…' : ''}`, before }
}
