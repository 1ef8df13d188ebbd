// Reads how long copies took to load the last time, by strategy.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { RefreshRecord } from './refresh-log.ts'

export type LastLoads = ReadonlyMap<Key, Readonly<Partial<Record<RefreshRecord['how'], number>>>>

interface Row {
  readonly address: Key
  readonly how: RefreshRecord['how']
  readonly milliseconds: number
}

// Durations from long ago are no measure, and a ledger can have hundreds of thousands of refreshes.
const lastLoadsQuery = trusted(`
  SELECT address, last.how, last.milliseconds
    FROM unnest($1::text[]) AS address
    CROSS JOIN LATERAL (
      SELECT DISTINCT ON (how) how, extract(epoch FROM ended_at - started_at)::float8 * 1000 AS milliseconds
        FROM (SELECT how, started_at, ended_at FROM fdwsync.refresh r
               WHERE r.address = address.address AND outcome = 'applied' AND is_former IS NULL ORDER BY ended_at DESC LIMIT 10) AS newest
       ORDER BY how, ended_at DESC) AS last`)

/** The caller has found the ledger to be trusted. */
export async function readLastLoads(session: Session, keys: readonly Key[]): Promise<LastLoads> {
  const rows = await session.query<Row>(lastLoadsQuery, [keys])
  const loads = new Map<Key, Record<string, number>>()
  for (const { address, how, milliseconds } of rows) loads.set(address, { ...loads.get(address), [how]: milliseconds })
  return loads
}
