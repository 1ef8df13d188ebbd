// Why a source could not be asked, or something of it not imported or read.

import { FdwsyncError } from '../core/errors.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { explainSourceError, isSourceError, sourceErrorText } from './source-error.ts'

export interface Reason {
  readonly reason: string
  readonly hint: string
}

export function reasonOf(error: DatabaseError): Reason {
  const hint = error.hint ?? (isSourceError(error) ? explainSourceError(error).hint : '')
  return { reason: sourceErrorText(error), hint }
}

/** @throws the error, if it is a bug */
export function reasonOfFailure(error: unknown): Reason {
  if (isDatabaseError(error)) return reasonOf(error)
  if (!(error instanceof FdwsyncError)) throw error
  return { reason: error.message, hint: error.problems.flatMap((problem) => problem.hint ?? []).join(' ') }
}
