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

/** Of a table that is refreshed each minute, these are of a month. What is not found in them, comparing everything finds again. */
const most = 50_000

/** What each refresh finds, or what is only a hint. */
const few = 1000

// What was found before an apply has loaded the table was of another table, or another query. Nor does the table hold what was found if a
// refresh that ended later began earlier: within a transaction that had read the source before. None that took more than a day is looked for.
/** A value of the first of the newest refreshes that fulfils a condition. As it is looked for no further, it does not matter how many there were. */
const newest = (limit: number, condition: string, value: string) => `(
           SELECT CASE WHEN apply_id IS NULL AND NOT EXISTS (
                    SELECT FROM fdwsync.refresh later WHERE later.address = given.address AND outcome = 'applied'
                       AND later.ended_at > r.ended_at AND later.ended_at < r.ended_at + interval '1 day' AND later.started_at < r.started_at) THEN ${value} END
             FROM (SELECT started_at, ended_at, apply_id, state FROM fdwsync.refresh r WHERE r.address = given.address AND outcome = 'applied'
                    ORDER BY ended_at DESC LIMIT ${limit}) AS r
            WHERE apply_id IS NOT NULL OR ${condition} ORDER BY ended_at DESC LIMIT 1)`

const age = 'extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000'

// A source may get another encoding, so that its digests are tried again after some days.
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
