// Records loads and refreshes of copies in `fdwsync.refresh`.

import { FdwsyncError } from '../core/errors.ts'
import { idOf, isCopyId, type Key } from '../core/object.ts'
import type { RefreshStrategy, StrategyName } from '../core/refresh-policy.ts'
import { ident, join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import type { FoundState } from '../core/strategy-state.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { recordedAnswer } from './answers.ts'
import { ledgerVersion } from './schema.ts'
import { type FoundLedger, findLedger, lockLedger, lockStatement, requireTrustedLedger } from './trust.ts'

/** How one load or refresh of a copy ended. */
export interface RefreshRecord {
  readonly id: string
  readonly key: Key
  readonly how: StrategyName
  /** The strategy that was requested; undefined for the loads of an apply. */
  readonly asked?: RefreshStrategy | undefined
  /** Why that strategy was used. */
  readonly because?: string | undefined
  /** As returned by `performance.now()`, like `ended`. */
  readonly started: number
  readonly ended: number
  /** The number of rows loaded; undefined if unknown. */
  readonly rows: string | undefined
  readonly inserted?: string | undefined
  readonly updated?: string | undefined
  readonly deleted?: string | undefined
  /** The size of its data afterwards. */
  readonly bytes?: number | undefined
  /** A digest of what `skip_if_same` returned. */
  readonly answer?: string | undefined
  readonly state?: FoundState | undefined
  /** `skipped`: there was nothing to do, since nothing has changed. */
  readonly status: 'applied' | 'skipped' | 'failed' | 'in doubt'
  readonly reason?: string
}

/** Records loads. It skips those that their own transaction has recorded already. */
export async function recordRefreshes(
  session: Session,
  manifest: string,
  applyId: string | undefined,
  records: readonly RefreshRecord[],
): Promise<void> {
  if (records.length > 0) await session.run(insertRefreshes(manifest, applyId, records))
}

/** @param applyId undefined for a refresh */
export function insertRefreshes(manifest: string, applyId: string | undefined, records: readonly RefreshRecord[]): Sql {
  const now = performance.now()
  const text = (value: string | number | undefined) => (value === undefined ? trusted('NULL') : literal(String(value)))
  const ago = (time: number) =>
    sql`pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) ${literal(`${now - time} ms`)}::pg_catalog.interval`
  const rows = records.map((record) => {
    const values = [
      literal(record.id),
      literal(manifest),
      literal(record.key),
      literal(applyId === undefined ? 'refresh' : 'apply'),
      text(record.asked),
      literal(record.how),
      text(record.because),
      trusted('current_user'),
      ago(record.started),
      ago(record.ended),
      text(record.rows),
      text(record.inserted),
      text(record.updated),
      text(record.deleted),
      text(record.bytes),
      answerOf(record),
      text(record.state && JSON.stringify(record.state)),
      literal(record.status),
      text(record.reason),
      text(applyId),
    ]
    return sql`(${join(values, ', ')})`
  })
  return sql`INSERT INTO fdwsync.refresh (id, manifest, address, origin, asked, how, because, refreshed_by, started_at, ended_at, row_count,
             inserted, updated, deleted, bytes, answer, state, outcome, reason, apply_id)
      VALUES ${join(rows, ', ')} ON CONFLICT (id) DO NOTHING`
}

function answerOf({ key, answer }: RefreshRecord): Sql {
  const id = idOf(key)
  if (answer === undefined || !id || !isCopyId(id)) return trusted('NULL')
  const oid = sql`pg_catalog.to_regclass(${literal(qualified(id.schema, id.name))})`
  return trusted(recordedAnswer(literal(answer), oid))
}

/**
 * Records what a transaction has loaded, to be sent with its COMMIT. It waits only briefly for locks, since the loaded copy is locked
 * meanwhile. Another session must keep the tables trusted ({@link openRefreshLog}, {@link keepLogTrusted}).
 */
export function recordAtEnd(statements: Sql): OptionalEnd {
  return {
    statements: sql`SAVEPOINT optional; SET LOCAL lock_timeout = '1s'; ${statements}`,
    undo: trusted('ROLLBACK TO optional'),
  }
}

/** Statements before COMMIT that must not fail the transaction, and what undoes them. */
export interface OptionalEnd {
  readonly statements: Sql
  readonly undo: Sql
}

/** Whether loads can be recorded, and if not, a warning for the user. */
export type RefreshRecording = { readonly records: true } | { readonly records: false; readonly warning?: string }

/** Whether this role may record refreshes in the ledger that its transaction has found. */
export async function recordingIn(session: Session, found: FoundLedger): Promise<RefreshRecording> {
  if (found.state === 'unreadable') return unrecorded(found.problem.message)
  // No release that knows the table has applied anything yet.
  if (found.state !== 'ready' || found.version < 2) return { records: false }
  if (found.version < ledgerVersion) return unrecorded('the ledger is that of an older release, until the next apply')
  const [row] = await session.query<{ allowed: boolean }>(
    trusted("SELECT pg_catalog.has_table_privilege('fdwsync.refresh', 'INSERT') AS allowed"),
  )
  return row?.allowed ? { records: true } : unrecorded(`${ident(session.user)} has no INSERT on fdwsync.refresh`)
}

/** The same in a transaction of its own. */
export async function refreshRecording(session: Session): Promise<RefreshRecording> {
  try {
    return await rolledBack(session, beginStatement(session.serverVersion, { readOnly: true }), async () =>
      recordingIn(session, await findLedger(session)),
    )
  } catch (error) {
    if (!(error instanceof FdwsyncError) || session.isLost()) throw error
    return unrecorded(error.message)
  }
}

/**
 * Keeps other sessions from adding a trigger or a rule to the table of refreshes, in the open transaction of the lease, and finds out
 * whether it is trusted. While that transaction is open, loads in other sessions can be recorded without another check.
 * @param reader in a transaction, under `readingPath`. It has checked before, and does so again in a tenth of the time.
 */
export async function openRefreshLog(lease: Session, reader: Session): Promise<RefreshRecording> {
  try {
    await lease.run(sql`SAVEPOINT log; SET LOCAL lock_timeout = '5s'; ${lockStatement('ROW EXCLUSIVE', ['refresh'])}`)
    await requireTrustedLedger(reader)
    return { records: true }
  } catch (error) {
    if (lease.isLost() || reader.isLost() || !(isDatabaseError(error) || error instanceof FdwsyncError)) throw error
    await lease.run(trusted('ROLLBACK TO log'))
    return unrecorded(error.message)
  }
}

/**
 * The same for the loads of an apply.
 * @returns whether they can be recorded
 */
export async function keepLogTrusted(lease: Session): Promise<boolean> {
  try {
    await lease.run(sql`SAVEPOINT log; SET LOCAL lock_timeout = '1s'; ${readingPath}`)
    await lockLedger(lease, 'ROW EXCLUSIVE', ['step', 'refresh'])
    return true
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    if (!lease.isLost()) await lease.run(trusted('ROLLBACK TO log'))
    return false
  }
}

function unrecorded(reason: string): RefreshRecording {
  return { records: false, warning: `the refreshes cannot be recorded: ${reason}` }
}
