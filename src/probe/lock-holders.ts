// Who holds the locks that kept the probe from creating something.
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readingPath } from '../introspector/transaction-settings.ts'

interface Holder {
  readonly relation: string
  readonly pid: number
  readonly role: string | null
  readonly application: string | null
  readonly since: string | null
}

// The server hides what a session is called, and since when it is active, from roles that may not see it.
const holdersQuery = trusted(`
  SELECT l.relation::regclass::text AS relation, l.pid, a.usename AS role, nullif(a.application_name, '') AS application,
         to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.granted AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock')
     AND l.pid <> pg_backend_pid() AND c.relnamespace <> 'pg_catalog'::regnamespace
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   ORDER BY a.xact_start, 1
   LIMIT 3`)

/** For example `shop.orders by process 4711 (etl, psql) since 2026-01-02 03:04:05 UTC`. Empty if the locks are gone by now. */
export async function describeLockHolders(session: Session): Promise<string> {
  await session.run(readingPath)
  const holders = await session.query<Holder>(holdersQuery)
  return holders
    .map(({ relation, pid, role, application, since }) => {
      const who = [role, application].filter((name) => name !== null).join(', ')
      return `${relation} by process ${pid}${who ? ` (${who})` : ''}${since ? ` since ${since}` : ''}`
    })
    .join('; ')
}
