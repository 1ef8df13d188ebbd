// Reads what the refreshes of tables have found: see core/strategy-state.ts.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { ReachedWatermark, StrategyState } from '../core/strategy-state.ts'
import type { Session } from '../db/session.ts'

interface Row {
  readonly address: Key
  readonly changed: number | null
  readonly unlikeDigests: boolean
  readonly watermark: ReachedWatermark | null
  readonly keysMillisecondsAgo: number | null
  readonly allMillisecondsAgo: number | null
}

// What was found before an apply has loaded the table was of another table, or another query. A source may get another encoding, so that
// its digests are tried again after some days.
/** Given an array of addresses. */
export const statesQuery = (addresses: string) => `
  WITH found AS (
    SELECT address, state, started_at, extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000 AS ago,
           max(started_at) FILTER (WHERE apply_id IS NOT NULL) OVER (PARTITION BY address) AS loaded_at
      FROM fdwsync.refresh WHERE address = ANY (${addresses}) AND outcome = 'applied')
  SELECT address, (array_agg((state ->> 'changed')::float8 ORDER BY started_at DESC) FILTER (WHERE state ? 'changed'))[1] AS changed,
         coalesce(bool_or(state ? 'unlikeDigests' AND ago < 7 * 86400000::float8), false) AS "unlikeDigests",
         (array_agg(state -> 'watermark' ORDER BY started_at DESC) FILTER (WHERE state ? 'watermark'))[1] AS watermark,
         min(ago) FILTER (WHERE state ->> 'compared' IN ('keys', 'all')) AS "keysMillisecondsAgo",
         min(ago) FILTER (WHERE state ->> 'compared' = 'all') AS "allMillisecondsAgo"
    FROM found WHERE state IS NOT NULL AND (loaded_at IS NULL OR started_at > loaded_at)
   GROUP BY address`

/** Of copies whose source is another one from now on. The answers of `skip_if_same` go with them. */
export async function forgetStates(session: Session, copies: readonly Key[]): Promise<void> {
  if (copies.length === 0) return
  await session.query(
    trusted(`UPDATE fdwsync.refresh SET state = NULL, answer = NULL
              WHERE address = ANY ($1::text[]) AND (state IS NOT NULL OR answer IS NOT NULL)`),
    [copies],
  )
}

/** By copy; without those that have none. The caller has found the ledger to be trusted. */
export async function readStrategyStates(
  session: Session,
  keys: readonly Key[],
): Promise<ReadonlyMap<Key, StrategyState>> {
  if (keys.length === 0) return new Map()
  const rows = await session.query<Row>(trusted(statesQuery('$1::text[]')), [keys])
  return new Map(
    rows.map(({ address, changed, watermark, keysMillisecondsAgo, allMillisecondsAgo, unlikeDigests }) => [
      address,
      {
        changed: changed ?? undefined,
        unlikeDigests,
        watermark: watermark ?? undefined,
        keysMillisecondsAgo: keysMillisecondsAgo ?? undefined,
        allMillisecondsAgo: allMillisecondsAgo ?? undefined,
      },
    ]),
  )
}
