// Takes the lease of a manifest, so that only one apply of it runs at a time.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { sql, trusted } from '../core/sql.ts'
import { interruptible } from '../db/cancellation.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'
import { isLease, leaseKey } from './lease-key.ts'

interface Holder {
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

const lockKey = leaseKey(trusted('$1'))

const holderQuery = sql`
  SELECT l.pid, a.usename, to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE ${isLease(trusted('l'), trusted('$1'))}`

/**
 * Takes the lease of the manifest and holds it until the session closes. It is a transaction-level lock, since a
 * session-level one would leak behind a connection pooler. The transaction stays open and idle, without a snapshot.
 * @throws FdwsyncError naming the holder, if the lease is not free in time.
 */
export async function takeLease(
  session: Session,
  manifest: string,
  { leaseTimeoutMilliseconds, emit, signal }: LeaseOptions,
): Promise<void> {
  await session.run(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: Math.max(1, leaseTimeoutMilliseconds) })};
        SET LOCAL search_path = pg_catalog, pg_temp; SAVEPOINT lease`,
  )
  const [free] = await session.query<{ taken: boolean }>(sql`SELECT pg_try_advisory_xact_lock(${lockKey}) AS taken`, [
    manifest,
  ])
  if (free?.taken) return
  const [holder] = await session.query<Holder>(holderQuery, [manifest])
  emit({ type: 'waiting-for-lease', holder: describe(holder) })
  try {
    await interruptible(session, signal, () => session.query(sql`SELECT pg_advisory_xact_lock(${lockKey})`, [manifest]))
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '55P03') throw error
    await session.run(trusted('ROLLBACK TO lease'))
    const [current] = await session.query<Holder>(holderQuery, [manifest])
    throw new FdwsyncError(
      {
        code: 'lease/held',
        message: `another apply of "${manifest}" is running: ${describe(current ?? holder)}`,
        hint: 'Wait until it has finished, or wait longer with --lease-timeout. Nothing was changed.',
      },
      exitCode.failed,
    )
  }
}

function describe(holder: Holder | undefined): string {
  if (!holder) return 'a process that has just finished'
  return `${holder.usename ?? 'a role that this role cannot see'} (process ${holder.pid})${holder.since ? ` since ${holder.since}` : ''}`
}
