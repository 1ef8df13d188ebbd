// Whether a session can write. On a standby, or where `default_transaction_read_only` is set, it cannot, and what would write is an
// error of its own, before anything has been tried.

import { FdwsyncError } from '../core/errors.ts'
import { type Sql, sql } from '../core/sql.ts'
import type { Session } from './session.ts'

/** Why the current transaction cannot write; null if it can. */
export type ReadOnlyReason = 'standby' | 'setting' | null

export const readOnlyReason: Sql = sql`
  CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby'
       WHEN pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool THEN 'setting' END`

/** @throws FdwsyncError if there is a reason why the session cannot write */
export function throwIfReadOnly(reason: ReadOnlyReason): void {
  switch (reason) {
    case null:
      return
    case 'standby':
      throw new FdwsyncError({
        code: 'server/read-only',
        message: 'the server is a standby, which accepts no changes',
        hint: 'Connect to its primary. Nothing was changed.',
      })
    case 'setting':
      throw new FdwsyncError({
        code: 'server/read-only',
        message: 'transactions are read-only here: default_transaction_read_only is on',
        hint: 'Turn it off for the server, the database or this role; or for this run: PGOPTIONS="-c default_transaction_read_only=off". Nothing was changed.',
      })
  }
}

/** @throws FdwsyncError if the session cannot write */
export async function requireWritable(session: Session): Promise<void> {
  const [row] = await session.query<{ reason: ReadOnlyReason }>(sql`SELECT ${readOnlyReason} AS reason`)
  throwIfReadOnly(row?.reason ?? null)
}
