import type { Refusal, Step } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

/** Fewer than this any server has room for: the query is spared. */
const few = 100

/** As the server computes it: MaxBackends in postinit.c, NLOCKENTS in lock.c. 18 has slots for workers of autovacuum. */
const roomQuery = trusted(`
  WITH setting AS (SELECT name, setting::int AS value FROM pg_catalog.pg_settings
                    WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders',
                                   'autovacuum_max_workers', 'autovacuum_worker_slots'))
  SELECT pg_catalog.current_setting('max_locks_per_transaction')::int AS each,
         (SELECT pg_catalog.sum(value) + 1 FROM setting
           WHERE name <> 'autovacuum_max_workers'
              OR NOT EXISTS (SELECT FROM setting WHERE name = 'autovacuum_worker_slots'))::int AS processes`)

/**
 * Says before a huge plan starts that the server has no room for the locks of one of its transactions, and which setting
 * to raise to what, instead of letting it fail on the way.
 */
export async function lockRefusals(
  session: Session,
  needed: number,
  [first]: readonly Step[],
): Promise<readonly Refusal[]> {
  if (needed < few || !first) return []
  const [room] = await session.query<{ each: number; processes: number }>(roomQuery)
  if (!room || needed <= room.each * room.processes) return []
  const enough = Math.ceil((needed * 1.25) / room.processes / 32) * 32
  return [
    {
      code: 'server/lock-capacity',
      key: first.key,
      title: 'this plan',
      reason: `its definitions are one transaction, which takes about ${needed} locks, and this server has room for ${room.each * room.processes}`,
      hint: `Set max_locks_per_transaction to ${enough} (it is ${room.each}), and restart the server; or apply a part of the manifest first.`,
    },
  ]
}
