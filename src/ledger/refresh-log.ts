// Records loads of materialized views in `fdwsync.refresh`.

import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import { ident, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { findLedger, lockLedger, lockStatements, requireTrusted } from './trust.ts'

/** How one load of a materialized view ended. */
export interface RefreshRecord {
  readonly id: string
  readonly key: Key
  readonly how: 'concurrently' | 'plain' | 'swap'
  /** As returned by `performance.now()`, like `ended`. */
  readonly started: number
  readonly ended: number
  /** The number of rows loaded; undefined if unknown. */
  readonly rows: string | undefined
  readonly status: 'applied' | 'failed' | 'in doubt'
  readonly reason?: string
}

/** Records loads. It skips those that their own transaction has recorded already. */
export async function recordRefreshes(
  session: Session,
  manifest: string,
  applyId: string | undefined,
  records: readonly RefreshRecord[],
): Promise<void> {
  if (records.length === 0) return
  const now = performance.now()
  const rows = records.map(({ id, key, how, started, ended, rows, status, reason }) => {
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
 * Runs `work` without failing the transaction if `work` fails. It waits only briefly for locks, since the loaded view is
 * locked meanwhile. Call it after the load, so that no session waits for the ledger while data is loaded.
 * @returns the reason why `work` failed
 */
export async function tryInSavepoint(session: Session, work: () => Promise<void>): Promise<string | undefined> {
  await session.run(optionalSavepoint)
  try {
    await work()
    await session.run(trusted('RELEASE optional'))
    return undefined
  } catch (error) {
    return await undoOptional(session, error)
  }
}

const optionalSavepoint = sql`SAVEPOINT optional; SET LOCAL lock_timeout = '1s'; ${readingPath}`

/** Returns the reason of an error that does not concern the rest of the transaction. */
async function undoOptional(session: Session, error: unknown): Promise<string> {
  if (session.isLost() || !(isDatabaseError(error) || error instanceof FdwsyncError)) throw error
  await session.run(trusted('ROLLBACK TO optional'))
  return error.message
}

/**
 * Records loads in the transaction that did them, which it does not fail: see {@link tryInSavepoint}. COMMIT has to follow.
 * @returns the reason why they could not be recorded
 */
export async function recordBeforeCommit(
  session: Session,
  manifest: string,
  records: readonly RefreshRecord[],
): Promise<string | undefined> {
  try {
    const lock = lockStatements(session, 'ROW EXCLUSIVE', ['refresh'])
    await requireTrusted(session, await session.query(sql`${optionalSavepoint}; ${lock}`))
    await recordRefreshes(session, manifest, undefined, records)
    return undefined
  } catch (error) {
    return await undoOptional(session, error)
  }
}

/** Locks the table that {@link recordRefreshes} writes. */
export function lockRefreshes(session: Session): Promise<void> {
  return lockLedger(session, 'ROW EXCLUSIVE', ['refresh'])
}

/** Whether loads can be recorded, and if not, a warning for the user. */
export type RefreshRecording = { readonly records: true } | { readonly records: false; readonly warning?: string }

/** Checks, before anything is loaded, whether this role may record it. */
export async function refreshRecording(session: Session): Promise<RefreshRecording> {
  await begin(session, { readOnly: true })
  try {
    const found = await findLedger(session)
    if (found.state === 'unreadable') return unrecorded(found.problem.message)
    // No release that has the table has applied anything yet.
    if (found.state !== 'ready' || found.version < 2) return { records: false }
    const [row] = await session.query<{ allowed: boolean }>(
      trusted("SELECT pg_catalog.has_table_privilege('fdwsync.refresh', 'INSERT') AS allowed"),
    )
    return row?.allowed ? { records: true } : unrecorded(`${ident(session.user)} has no INSERT on fdwsync.refresh`)
  } catch (error) {
    if (!(error instanceof FdwsyncError) || session.isLost()) throw error
    return unrecorded(error.message)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

function unrecorded(reason: string): RefreshRecording {
  return { records: false, warning: `the refreshes cannot be recorded: ${reason}` }
}
