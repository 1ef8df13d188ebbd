import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import type { StepOutcome } from '../core/report.ts'
import { redact, type Secret } from '../core/secret.ts'
import { isDatabaseError } from '../db/database-error.ts'

/** Something that went wrong with one of several that are made together. */
export class MemberFailure extends Error {
  readonly key: Key

  constructor(key: Key, cause: unknown) {
    super('', { cause })
    this.key = key
  }
}

/** A failure as an outcome. What the server said, without secrets. */
export function failureOutcome(error: unknown, secrets: readonly Secret[]): StepOutcome & { status: 'failed' } {
  if (error instanceof MemberFailure) return { ...failureOutcome(error.cause, secrets), of: error.key }
  if (isDatabaseError(error)) {
    // Of several lines: a list of what is in the way, for instance.
    const detail = error.detail?.trim().replaceAll('\n', '; ')
    const reason = `${error.isOfSource ? 'the source says: ' : ''}${error.message}${detail ? ` (${detail})` : ''}`
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
  // Anything else is a bug and must be seen as one.
  throw error
}
