// Turns an error into the outcome of a step.

import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import type { StepOutcome } from '../core/report.ts'
import { redact, type Secret } from '../core/secret.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'

/** A failure of one object of several that are replaced together. */
export class MemberFailure extends Error {
  readonly key: Key

  constructor(key: Key, cause: unknown) {
    super('', { cause })
    this.key = key
  }
}

type FailureOutcome = Extract<StepOutcome, { status: 'failed' | 'in-doubt' }>

/** The outcome of a step that ended with an error. Its texts contain no secrets. */
export function outcomeOfError(error: unknown, secrets: readonly Secret[]): FailureOutcome {
  return error instanceof CommitOutcomeUnknown
    ? { status: 'in-doubt', reason: error.message }
    : failedOutcome(error, secrets)
}

/** The name that the ledger has for a status. */
export function recordedStatus<Status extends StepOutcome['status']>(status: Status) {
  return status === 'in-doubt' ? 'in doubt' : (status as Exclude<Status, 'in-doubt'>) // not narrowed: it is generic
}

function failedOutcome(error: unknown, secrets: readonly Secret[]): Extract<StepOutcome, { status: 'failed' }> {
  if (error instanceof MemberFailure) return { ...failedOutcome(error.cause, secrets), of: error.key }
  if (isDatabaseError(error)) {
    // A detail can have several lines, for example a list of dependent objects.
    const detail = error.detail?.trim().replaceAll('\n', '; ')
    const reason = `${error.isOfSource ? 'the source reports: ' : ''}${error.message}${detail ? ` (${detail})` : ''}`
    return {
      status: 'failed',
      reason: redact(reason, secrets),
      ...(error.hint ? { hint: redact(error.hint, secrets) } : {}),
    }
  }
  if (error instanceof FdwsyncError) {
    const hint = error.problems.flatMap((problem) => problem.hint ?? []).join(' ')
    return { status: 'failed', reason: redact(error.message, secrets), ...(hint ? { hint } : {}) }
  }
  // Anything else is a bug, and must not be hidden in a report.
  throw error
}
