// Recognizes errors that PostgreSQL itself has reported. A file of its own, since the command line loads it at every start.

import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'

/** Whether PostgreSQL has reported the error: it has a SQLSTATE. */
export function isServerError(error: unknown): error is DatabaseError {
  return isDatabaseError(error)
}
