import { FdwsyncError } from '../core/errors.ts'
import { redact, type Secret } from '../core/secret.ts'

/** What an error of the driver may carry. `internalQuery` is left out on purpose. */
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
 * An error that the server reported. It has no CONTEXT and no internal query: those hold the statement that ran inside a
 * DO block, secrets included. For the same reason the driver's own error is never kept as a `cause`.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly sqlstate: string
  readonly detail?: string
  readonly hint?: string
  /** Where in the statement that was sent, in characters, counted from 1. */
  readonly position?: number
  readonly schema?: string
  readonly table?: string
  readonly constraint?: string
  /** Whether postgres_fdw passed it on: the source raised it, not this server. */
  readonly isOfSource: boolean
  /** The table whose definition an IMPORT FOREIGN SCHEMA got from its wrapper and could not carry out. */
  readonly importedTable?: string

  constructor(fields: ServerErrorFields, secrets: Iterable<Secret>) {
    const known = [...secrets]
    super(redact(fields.message, known))
    this.sqlstate = fields.code
    // What our DO block raises anew has empty fields where the original had none.
    if (fields.detail) this.detail = redact(fields.detail, known)
    // We never cascade, and nobody should be told to.
    if (fields.hint && !fields.hint.includes('CASCADE')) this.hint = redact(fields.hint, known)
    if (fields.position) this.position = Number(fields.position)
    if (fields.schema) this.schema = fields.schema
    if (fields.table) this.table = fields.table
    if (fields.constraint) this.constraint = fields.constraint
    // The words of postgres_fdw. A server that speaks another language says it in that one.
    this.isOfSource = /^remote SQL command: /m.test(fields.where ?? '')
    // PostgreSQL's own words, in its own language where that is English. Names stand there as they are.
    const imported = /^importing foreign table "(.*)"$/ms.exec(fields.where ?? '')?.[1]
    if (imported !== undefined) this.importedTable = imported
  }
}

/** The connection is gone. Whether a COMMIT that was under way has succeeded is not known. */
export class ConnectionLostError extends FdwsyncError {}

export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError
}

export function isConnectionLost(error: unknown): error is ConnectionLostError {
  return error instanceof ConnectionLostError
}

/** Lock timeout, deadlock, serialization failure. */
const transientStates: ReadonlySet<string> = new Set(['55P03', '40P01', '40001'])

/** Texts of the server's internal errors (XX000) that concurrent DDL causes. The server does not translate those. */
const transientInternal = /^tuple concurrently (updated|deleted)|^cache lookup failed /

/** Whether another session's work at the same time caused this, so that a retry from a new plan may succeed. */
export function isTransient(error: unknown): boolean {
  if (!isDatabaseError(error)) return false
  if (transientStates.has(error.sqlstate)) return true
  // Two sessions that create the same thing at once collide on a catalog's unique index, IF NOT EXISTS or not.
  if (error.sqlstate === '23505') return error.schema === 'pg_catalog'
  return error.sqlstate === 'XX000' && transientInternal.test(error.message)
}

/** Whether the driver handed on an error that the server sent, as opposed to one of its own or of the network. */
export function isServerError(error: unknown): error is ServerErrorFields {
  // The network's errors have a code too (ECONNREFUSED), but no severity.
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
}
