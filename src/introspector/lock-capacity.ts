// Refuses a plan whose definitions need more locks than the server's lock table holds.

import type { Refusal, Step } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

/** Any server can hold this many locks, so fewer need no query. */
const alwaysAvailable = 100

/** Follows the server: MaxBackends in postinit.c, NLOCKENTS in lock.c. PostgreSQL 18 has autovacuum_worker_slots. */
const capacityQuery = trusted(`
  WITH setting AS (SELECT name, setting::int AS value FROM pg_catalog.pg_settings
                    WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders',
                                   'autovacuum_max_workers', 'autovacuum_worker_slots'))
  SELECT pg_catalog.current_setting('max_locks_per_transaction')::int AS each,
         (SELECT pg_catalog.sum(value) + 1 FROM setting
           WHERE name <> 'autovacuum_max_workers'
              OR NOT EXISTS (SELECT FROM setting WHERE name = 'autovacuum_worker_slots'))::int AS processes`)

/** Refuses a huge plan before it starts, rather than let it fail halfway, and names the setting to raise. */
export async function lockRefusals(
  session: Session,
  needed: number,
  [first]: readonly Step[],
): Promise<readonly Refusal[]> {
  if (needed < alwaysAvailable || !first) return []
  const [capacity] = await session.query<{ each: number; processes: number }>(capacityQuery)
  if (!capacity || needed <= capacity.each * capacity.processes) return []
  const enough = Math.ceil((needed * 1.25) / capacity.processes / 32) * 32
  return [
    {
      code: 'server/lock-capacity',
      key: first.key,
      title: 'this plan',
      reason: `its definitions are one transaction, which takes about ${needed} locks; this server can hold ${capacity.each * capacity.processes}`,
      hint: `Set max_locks_per_transaction to ${enough} (currently ${capacity.each}) and restart the server, or apply a part of the manifest first.`,
    },
  ]
}
