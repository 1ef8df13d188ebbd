// Turns an error into the outcome of a step.

import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import type { StepOutcome } from '../core/report.ts'
import { lacksConnections } from '../db/connection-failure.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { RefreshRecord } from '../ledger/refresh-log.ts'
import { explainSourceError, isSourceError, sourceErrorText } from '../sources/source-error.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'

/** The failure of one of several objects that are processed together. */
export class MemberFailure extends Error {
  readonly key: Key

  constructor(key: Key, cause: unknown) {
    super('', { cause })
    this.key = key
  }
}

/** Another refresh has swapped a copy at the same time, so that it is another relation. Worth another attempt. */
export class ReplacedMeanwhile extends FdwsyncError {
  constructor(title: string) {
    super({
      code: 'object/changed-meanwhile',
      message: `${title} was replaced by another session at the same time, so nothing was swapped`,
      hint: 'If that was a refresh, it holds what its source had then. Refresh again.',
    })
  }
}

/** A failure of the query `skip_if_same` of an object. Nothing else in a report would show that its own query was not run. */
export class QuestionFailure extends MemberFailure {}

/** Whether a source, or the target, has too few connections for all running loads at the moment. */
export function isBusy(error: unknown): boolean {
  if (error instanceof MemberFailure) return isBusy(error.cause)
  if (lacksConnections(error)) return true
  return isDatabaseError(error) && isSourceError(error) && explainSourceError(error).kind === 'busy'
}

export type FailureOutcome = Extract<StepOutcome, { status: 'failed' | 'in-doubt' }>

/** The outcome of a step that ended with an error. Its texts contain no secrets, and no values of references. */
export function outcomeOfError(error: unknown, hidden: readonly Hidden[]): FailureOutcome {
  return error instanceof CommitOutcomeUnknown
    ? { status: 'in-doubt', reason: error.message }
    : failedOutcome(error, hidden)
}

/** The record of a load that has begun. */
export type BegunRecord = Omit<RefreshRecord, 'ended' | 'rows' | 'status' | 'reason'>

/** The record of a load that ends with this outcome now. */
export function failedRecord(begun: BegunRecord, { status, reason }: FailureOutcome): RefreshRecord {
  return { ...begun, ended: performance.now(), rows: undefined, status: recordedStatus(status), reason }
}

/** The name of a status in the ledger. */
export function recordedStatus<Status extends StepOutcome['status']>(status: Status) {
  return status === 'in-doubt' ? 'in doubt' : (status as Exclude<Status, 'in-doubt'>) // not narrowed: it is generic
}

function failedOutcome(error: unknown, hidden: readonly Hidden[]): Extract<StepOutcome, { status: 'failed' }> {
  if (error instanceof MemberFailure) {
    const { reason, ...rest } = failedOutcome(error.cause, hidden)
    return { ...rest, reason: error instanceof QuestionFailure ? `skip_if_same: ${reason}` : reason, of: error.key }
  }
  if (isDatabaseError(error)) {
    // PostgreSQL's own hint on a function that does not exist is about types.
    const hint = isMissingInFunction(error) ? pathHint(error) : (error.hint ?? hintFor(error))
    return {
      status: 'failed',
      reason: redact(reasonOf(error), hidden),
      ...(hint ? { hint: redact(hint, hidden) } : {}),
    }
  }
  if (error instanceof FdwsyncError) {
    const hint = error.problems.flatMap((problem) => problem.hint ?? []).join(' ')
    return { status: 'failed', reason: redact(error.message, hidden), ...(hint ? { hint } : {}) }
  }
  // Anything else is a bug, and must not be hidden in a report.
  throw error
}

function reasonOf(error: DatabaseError): string {
  if (isSourceError(error)) return sourceErrorText(error)
  // A detail can have several lines, for example a list of dependent objects.
  const detail = error.detail?.trim().replaceAll('\n', '; ')
  return `${error.inColumn === undefined ? '' : `${error.inColumn}: `}${error.message}${detail ? ` (${detail})` : ''}`
}

/** SQLSTATEs for a function, relation, type or column that does not exist. */
const missingName: ReadonlySet<string> = new Set(['42883', '42P01', '42704', '42703', '3F000'])

const foreignKeyHint =
  'The rows of a copy come and go with those of its source. Drop the foreign key. One between two tables holds if both have strategy: swap, and are refreshed in one run.'

function hintFor(error: DatabaseError): string {
  if (isSourceError(error)) return explainSourceError(error).hint
  if (error.sqlstate === '23503') return foreignKeyHint
  if (error.inColumn === undefined) return ''
  return isOtherwiseDefined(error) ? typeHint : 'Declare the column with the type that it has at the source.'
}

const typeHint =
  'The type here differs from that of the source. If it is copied, plan names what keeps it from following the source. If it is declared, declare it as at the source, or the column as text.'

/** Whether an enumeration here lacks a value, or a domain has a check that the source does not have. */
function isOtherwiseDefined({ sqlstate, message }: DatabaseError): boolean {
  return sqlstate === '23514' || message.startsWith('invalid input value for enum ')
}

/** Of a user: fdwsync runs the SQL of owners in a function of its own. */
function isMissingInFunction(error: DatabaseError): boolean {
  const { inFunction, sqlstate } = error
  if (inFunction === undefined || ownFunction.test(inFunction)) return false
  return !isSourceError(error) && missingName.has(sqlstate)
}

const ownFunction = /^pg_temp_\d+\.fdwsync_/

function pathHint(error: DatabaseError): string {
  return `The function ${error.inFunction} finds names by search_path, which PostgreSQL 17 and later set to pg_catalog, pg_temp while they load a view. Qualify the names in the function, or set its path: ALTER FUNCTION … SET search_path = …`
}
