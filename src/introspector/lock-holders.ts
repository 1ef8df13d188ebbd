// Who holds the locks that others wait for.
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { mayReadFor } from './own-sources.ts'
import { readingPath } from './transaction-settings.ts'

export interface LockHolder {
  readonly relation: string
  readonly pid: number
  readonly role: string | null
  readonly application: string | null
  readonly since: string | null
  /** Whether postgres_fdw may read there for the transaction that asks. */
  readonly mayReadForUs: boolean
}

// The server hides the name of a session, and since when it is active, from roles that may not see it.
const holdersQuery = trusted(`
  SELECT l.relation::regclass::text AS relation, l.pid, a.usename AS role, nullif(a.application_name, '') AS application,
         to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since, coalesce(${mayReadFor('a', 'own')}, false) AS "mayReadForUs"
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
    JOIN pg_stat_activity own ON own.pid = pg_backend_pid()
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.granted AND l.pid <> own.pid AND c.relnamespace <> 'pg_catalog'::regnamespace
     AND CASE WHEN $1::oid[] IS NULL THEN l.mode IN ('AccessExclusiveLock', 'ExclusiveLock') ELSE l.relation = ANY ($1::oid[]) END
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   ORDER BY a.xact_start, 1`)

/**
 * The sessions that hold a lock on one of the relations; without `relations`, those that hold one that keeps readers waiting. Leaves the
 * session's transaction under `readingPath`.
 */
export async function readLockHolders(
  session: Session,
  relations?: readonly { readonly oid: number }[],
): Promise<readonly LockHolder[]> {
  await session.run(readingPath)
  // Within a transaction, pg_stat_activity stays as it was when it was first read.
  await session.query(trusted('SELECT pg_stat_clear_snapshot()'))
  return session.query<LockHolder>(holdersQuery, [relations?.map(({ oid }) => oid) ?? null])
}

/** For example `shop.orders by process 4711 (etl, psql) since 2026-01-02 03:04:05 UTC`. Empty if the locks are gone by now. */
export function describeLockHolders(holders: readonly LockHolder[]): string {
  return holders
    .slice(0, 3)
    .map(({ relation, pid, role, application, since }) => {
      const who = [role, application].filter((name) => name !== null).join(', ')
      return `${relation} by process ${pid}${who ? ` (${who})` : ''}${since ? ` since ${since}` : ''}`
    })
    .join('; ')
}
