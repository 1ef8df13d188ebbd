// Reads what the refreshes of tables have found: see core/strategy-state.ts.

import type { Key } from '../core/object.ts'
import { type Sql, sql, textArray, trusted } from '../core/sql.ts'
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

/**
 * For a table that is refreshed each minute, these are the refreshes of a month. If nothing is found in them, comparing everything
 * finds it once more.
 */
const most = 50_000

/** What every refresh finds, or what is only a hint. */
const few = 1000

/**
 * A value of the newest refresh that fulfils a condition. The search ends there, so the number of refreshes does not matter. Refreshes
 * from before an apply has loaded the table do not count: they belong to another table or query. Nor does a refresh count if one that
 * ended later, within a day, began earlier: it had read the source before, and has put back older rows.
 */
const newest = (limit: number, condition: string, value: string) => `(
           SELECT CASE WHEN apply_id IS NULL AND NOT EXISTS (
                    SELECT FROM fdwsync.refresh later WHERE later.address = given.address AND outcome = 'applied' AND is_former IS NULL
                       AND later.ended_at > r.ended_at AND later.ended_at < r.ended_at + interval '1 day' AND later.started_at < r.started_at) THEN ${value} END
             FROM (SELECT started_at, ended_at, apply_id, state FROM fdwsync.refresh r WHERE r.address = given.address AND outcome = 'applied' AND is_former IS NULL
                    ORDER BY ended_at DESC LIMIT ${limit}) AS r
            WHERE apply_id IS NOT NULL OR ${condition} ORDER BY ended_at DESC LIMIT 1)`

const age = 'extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000'

// A source may get another encoding, so digests are tried once more after some days.
/** Given an array of addresses. */
export const statesQuery = (addresses: string) => `
  SELECT * FROM (
    SELECT address,
           ${newest(most, `state ? 'changed'`, `(state ->> 'changed')::float8`)} AS changed,
           coalesce(${newest(few, `state ? 'unlikeDigests'`, age)} < 7 * 86400000::float8, false) AS "unlikeDigests",
           ${newest(few, `state ? 'watermark'`, `state -> 'watermark'`)} AS watermark,
           ${newest(most, `state ->> 'compared' IN ('keys', 'all')`, age)} AS "keysMillisecondsAgo",
           ${newest(most, `state ->> 'compared' = 'all'`, age)} AS "allMillisecondsAgo"
      FROM unnest(${addresses}) AS given(address)
     WHERE ${newest(few, 'state IS NOT NULL', 'true')}) AS found
   WHERE num_nonnulls(changed, watermark, "keysMillisecondsAgo", "allMillisecondsAgo") > 0`

/** A statement that forgets the states of copies that read other rows from now on, and with them the answers of `skip_if_same`. */
export function forgetStates(copies: readonly Key[]): Sql {
  return sql`UPDATE fdwsync.refresh SET state = NULL, answer = NULL
              WHERE address = ANY (${textArray(copies)}) AND (state IS NOT NULL OR answer IS NOT NULL)`
}

/** The states by copy, without copies that have none. The caller has found the ledger to be trusted. */
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
