// Errors that the server reports, without secrets and values of references, and what they mean.

import { FdwsyncError } from '../core/errors.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import { ident } from '../core/sql.ts'

/** The fields of a driver's error. `internalQuery` is omitted on purpose: see {@link DatabaseError}. */
interface ServerErrorFields {
  readonly message: string
  readonly code: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: string | undefined
  readonly schema?: string | undefined
  readonly table?: string | undefined
  readonly constraint?: string | undefined
  readonly where?: string | undefined
}

/**
 * An error that the server reported. It has no CONTEXT and no internal query, since those contain the statement that ran
 * inside a DO block, with its secrets. For the same reason the driver's error is never kept as its `cause`.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly sqlstate: string
  readonly detail?: string
  readonly hint?: string
  /** The position in the statement, in characters from 1. */
  readonly position?: number
  readonly schema?: string
  readonly table?: string
  readonly constraint?: string
  /** Whether a source raised it, and postgres_fdw passed it on. */
  readonly isOfSource: boolean
  /** The function of a user in which it occurred, as in `schema.f(integer)` or `f`. */
  readonly inFunction?: string
  /** The column of a foreign table whose value is not one of its type, as in `column n of foreign table orders`. */
  readonly inColumn?: string
  /** The table that IMPORT FOREIGN SCHEMA failed to create from the wrapper's definition. */
  readonly importedTable?: string

  constructor(fields: ServerErrorFields, hidden: Iterable<Hidden>) {
    const known = [...hidden]
    super(redact(fields.message, known))
    this.sqlstate = fields.code
    // The DO block re-raises errors with empty fields where the original has none.
    if (fields.detail) this.detail = redact(fields.detail, known)
    // Never suggest CASCADE: it would drop objects that the plan does not show.
    if (fields.hint && !fields.hint.includes('CASCADE')) this.hint = redact(fields.hint, known)
    if (fields.position) this.position = Number(fields.position)
    if (fields.schema) this.schema = fields.schema
    if (fields.table) this.table = fields.table
    if (fields.constraint) this.constraint = fields.constraint
    // The text of postgres_fdw. A server with other lc_messages translates it, and the source is not recognized.
    this.isOfSource = /^remote SQL command: /m.test(fields.where ?? '')
    // PostgreSQL's own texts, recognized in English only.
    const [, sqlFunction, plFunction] =
      /^(?:SQL function "(.+)"|PL\/\S+ function (.+?\))) /m.exec(fields.where ?? '') ?? []
    const inFunction = sqlFunction ?? plFunction
    if (inFunction !== undefined) this.inFunction = redact(inFunction, known)
    const [, column, table] = /^column "(.+)" of foreign table "(.+)"$/m.exec(fields.where ?? '') ?? []
    if (column !== undefined && table !== undefined)
      this.inColumn = redact(`column ${ident(column)} of foreign table ${ident(table)}`, known)
    // The name in it is not quoted.
    const imported = /^importing foreign table "(.*)"$/ms.exec(fields.where ?? '')?.[1]
    if (imported !== undefined) this.importedTable = imported
  }
}

/** The connection was lost. The outcome of a COMMIT in progress is unknown. */
export class ConnectionLostError extends FdwsyncError {}

export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError
}

export function isConnectionLost(error: unknown): error is ConnectionLostError {
  return error instanceof ConnectionLostError
}

/** Lock timeout, deadlock, serialization failure. */
const transientStates: ReadonlySet<string> = new Set(['55P03', '40P01', '40001'])

/** Internal errors (XX000) that concurrent DDL causes. The server does not translate them. */
const transientInternal =
  /^tuple concurrently (updated|deleted)|^cache lookup failed |^could not open relation with OID /

/** Whether a concurrent session caused the error, so that a retry with a new plan may succeed. */
export function isTransient(error: unknown): boolean {
  if (!isDatabaseError(error)) return false
  if (transientStates.has(error.sqlstate)) return true
  // Sessions that create the same object at once collide on a unique index of the catalog, even with IF NOT EXISTS.
  if (error.sqlstate === '23505') return error.schema === 'pg_catalog'
  return error.sqlstate === 'XX000' && transientInternal.test(error.message)
}

/** Whether the server sent the error, as opposed to the driver or the network. */
export function isServerError(error: unknown): error is ServerErrorFields {
  // Network errors have a code (ECONNREFUSED) but no severity.
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
}
