// Why a source could not be asked, or something of it not imported.

import type { DatabaseError } from '../db/database-error.ts'
import { explainSourceError, isSourceError, sourceErrorText } from './source-error.ts'

export interface Reason {
  readonly reason: string
  readonly hint: string
}

export function reasonOf(error: DatabaseError): Reason {
  const hint = error.hint ?? (isSourceError(error) ? explainSourceError(error).hint : '')
  return { reason: sourceErrorText(error), hint }
}
