// Takes the lease of a manifest: one apply of it runs at a time, or any number of refreshes.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { literal, type Sql, sql, trusted } from '../core/sql.ts'
import { interruptible } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { throwIfInterrupted } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'
import { type ReadOnlyReason, readOnlyReason, throwIfReadOnly } from '../db/writable.ts'
import { isLease, leaseKey } from './lease-key.ts'

/** An apply excludes applies and refreshes of the manifest. Refreshes exclude applies only. */
export type LeaseMode = 'apply' | 'refresh'

interface Holder {
  readonly mode: LeaseMode

  readonly pid: number
  readonly usename: string | null
  readonly since: string | null
}

export interface LeaseOptions {
  readonly leaseTimeoutMilliseconds: number
  emit(event: ApplyEvent): void
  /** Ends the wait when aborted. */
  readonly signal: AbortSignal
}

const lockFunctions: Readonly<Record<LeaseMode, { readonly attempt: Sql; readonly wait: Sql }>> = {
  apply: { attempt: trusted('pg_try_advisory_xact_lock'), wait: trusted('pg_advisory_xact_lock') },
  refresh: { attempt: trusted('pg_try_advisory_xact_lock_shared'), wait: trusted('pg_advisory_xact_lock_shared') },
}

const holderQuery = sql`
  SELECT CASE l.mode WHEN 'ExclusiveLock' THEN 'apply' ELSE 'refresh' END AS mode, l.pid, a.usename, to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.granted AND ${isLease(trusted('l'), trusted('$1'))}`

/**
 * Takes the lease of the manifest and holds it until the session closes. It is a transaction-level lock, since a
 * session-level one would leak behind a connection pooler. The transaction stays open and idle, without a snapshot.
 * @throws FdwsyncError naming the holder, if the lease is not free in time; or if the server is read-only
 */
async function takeLease(
  session: Session,
  manifest: string,
  mode: LeaseMode,
  { leaseTimeoutMilliseconds, emit, signal }: LeaseOptions,
): Promise<void> {
  const { attempt, wait } = lockFunctions[mode]
  const lockKey = leaseKey(literal(manifest))
  const [free] = await session.query<{ taken: boolean; readOnly: ReadOnlyReason }>(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: Math.max(1, leaseTimeoutMilliseconds) })};
        SET LOCAL search_path = pg_catalog, pg_temp; SAVEPOINT lease; SELECT ${attempt}(${lockKey}) AS taken, ${readOnlyReason} AS "readOnly"`,
  )
  throwIfReadOnly(free?.readOnly ?? null)
  if (free?.taken) return
  const [holder] = await session.query<Holder>(holderQuery, [manifest])
  emit({ type: 'waiting-for-lease', holder: `${nameOfMode(holder?.mode)} by ${describe(holder)}` })
  try {
    await interruptible(session, signal, () => session.query(sql`SELECT ${wait}(${lockKey})`))
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '55P03') throw error
    await session.run(trusted('ROLLBACK TO lease'))
    const [current] = await session.query<Holder>(holderQuery, [manifest])
    throw new FdwsyncError(
      {
        code: 'lease/held',
        message: `${nameOfMode((current ?? holder)?.mode)} of "${manifest}" is running: ${describe(current ?? holder)}`,
        hint: 'Wait until it has finished, or wait longer with --lease-timeout. Nothing was changed.',
      },
      exitCode.failed,
    )
  }
}

/** Runs work while holding the lease. */
export async function withLease<T>(
  connect: Connect,
  manifest: string,
  mode: LeaseMode,
  options: LeaseOptions,
  work: (lease: Session) => Promise<T>,
): Promise<T> {
  throwIfInterrupted(options.signal)
  const lease = await connect('lease')
  try {
    await takeLease(lease, manifest, mode, options)
    return await work(lease)
  } finally {
    await lease.close()
  }
}

/** @throws FdwsyncError if the session that holds a lease was lost */
export function requireLease(lease: Session, mode: LeaseMode): void {
  if (!lease.isLost()) return
  throw new FdwsyncError({
    code: 'lease/lost',
    message: 'the connection that holds the lease was lost, so another apply may be running',
    hint: mode === 'apply' ? 'Plan and apply again.' : 'Refresh again.',
  })
}

function nameOfMode(mode: LeaseMode = 'apply'): string {
  return mode === 'apply' ? 'an apply' : 'a refresh'
}

function describe(holder: Holder | undefined): string {
  if (!holder) return 'a process that has just finished'
  return `${holder.usename ?? 'a role that this role cannot see'} (process ${holder.pid})${holder.since ? ` since ${holder.since}` : ''}`
}
