// Why a source could not be asked, or something of it not imported.

import type { DatabaseError } from '../db/database-error.ts'

export interface Reason {
  readonly reason: string
  readonly hint: string
}

export function reasonOf(error: DatabaseError): Reason {
  const detail = error.detail?.trim().split('\n')[0]
  const reason = `${error.isOfSource ? 'the source reports: ' : ''}${error.message}${detail ? ` (${detail})` : ''}`
  return { reason, hint: error.hint ?? '' }
}
