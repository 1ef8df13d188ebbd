import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import { ident, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { findLedger, lockLedger } from './trust.ts'

/** A view that was loaded, or was not, for the ledger. */
export interface Refreshed {
  readonly id: string
  readonly key: Key
  readonly how: 'concurrently' | 'plain'
  /** By the clock of `performance.now()`. */
  readonly started: number
  readonly ended: number
  /** How many rows it got, if that is known. */
  readonly rows: string | undefined
  readonly status: 'applied' | 'failed' | 'in doubt'
  readonly reason?: string
}

/** Writes rows for refreshes. One that its own transaction has noted is true already. */
export async function recordRefreshes(
  session: Session,
  manifest: string,
  applyId: string | undefined,
  refreshed: readonly Refreshed[],
): Promise<void> {
  if (refreshed.length === 0) return
  const now = performance.now()
  const rows = refreshed.map(({ id, key, how, started, ended, rows, status, reason }) => {
    return { id, address: key, how, started: now - started, ended: now - ended, rows, outcome: status, reason }
  })
  await session.query(
    trusted(`
      INSERT INTO fdwsync.refresh (id, manifest, address, how, refreshed_by, started_at, ended_at, row_count, outcome, reason, apply_id)
      SELECT r.id, $1, r.address, r.how, current_user, pg_catalog.clock_timestamp() - r.started * interval '1 ms',
             pg_catalog.clock_timestamp() - r.ended * interval '1 ms', r.rows, r.outcome, r.reason, $2
        FROM pg_catalog.jsonb_to_recordset($3) AS r(id uuid, address text, how text, started double precision,
               ended double precision, rows bigint, outcome text, reason text)
      ON CONFLICT (id) DO NOTHING`),
    [manifest, applyId ?? null, JSON.stringify(rows)],
  )
}

/**
 * Does what a transaction is not to fail for. Rows are written after the data, so that nobody waits for the ledger while a
 * view is loaded; and briefly, since the view is locked by then.
 * @returns why it could not be done.
 */
export async function tryInSavepoint(session: Session, work: () => Promise<void>): Promise<string | undefined> {
  await session.run(sql`SAVEPOINT noted; SET LOCAL lock_timeout = '1s'; ${readingPath}`)
  try {
    await work()
    await session.run(trusted('RELEASE noted'))
    return undefined
  } catch (error) {
    if (session.isLost() || !(isDatabaseError(error) || error instanceof FdwsyncError)) throw error
    await session.run(trusted('ROLLBACK TO noted'))
    return error.message
  }
}

/** Locks what refreshes are noted in; in a transaction of its own or after `unlessItFails`. */
export function lockRefreshes(session: Session): Promise<void> {
  return lockLedger(session, 'ROW EXCLUSIVE', ['refresh'])
}

/** Whether refreshes can be noted, and if not, what somebody should know about it. */
export type Recording = { readonly records: true } | { readonly records: false; readonly warning?: string }

/** Finds out before anything is refreshed whether this role may note it. */
export async function refreshRecording(session: Session): Promise<Recording> {
  await session.run(trusted('BEGIN READ ONLY'))
  try {
    const found = await findLedger(session)
    if (found.state === 'unreadable') return unrecorded(found.problem.message)
    // Nothing was ever applied by a release that has the table.
    if (found.state !== 'there' || found.version < 2) return { records: false }
    const [row] = await session.query<{ may: boolean }>(
      trusted("SELECT pg_catalog.has_table_privilege('fdwsync.refresh', 'INSERT') AS may"),
    )
    return row?.may ? { records: true } : unrecorded(`${ident(session.user)} has no INSERT on fdwsync.refresh`)
  } catch (error) {
    if (!(error instanceof FdwsyncError) || session.isLost()) throw error
    return unrecorded(error.message)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

function unrecorded(why: string): Recording {
  return { records: false, warning: `the ledger does not learn of these refreshes: ${why}` }
}
