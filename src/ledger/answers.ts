// Reads what the queries `skip_if_same` returned when copies were last loaded.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

export interface RecordedAnswer {
  /** Null if the last load of the copy did not send such a query, or is unknown. */
  readonly answer: string | null
  readonly millisecondsAgo: number
}

/**
 * The answer at the load that ended last, for a copy whose address is an expression. NULL if a later transaction has recorded one that
 * ended earlier: then the clock was set back, and it is unknown which load was the last one.
 */
export const lastAnswer = (address: string) => `
    SELECT CASE WHEN age(newest.xmin) = min(age(newest.xmin)) OVER () THEN newest.answer END AS answer, newest.started_at
      FROM (SELECT r.xmin, r.answer, r.started_at, r.ended_at FROM fdwsync.refresh r
             WHERE r.address = ${address} AND r.outcome = 'applied' ORDER BY r.ended_at DESC LIMIT 100) AS newest
     ORDER BY newest.ended_at DESC LIMIT 1`

const answersQuery = trusted(`
  SELECT address, answer, extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000 AS "millisecondsAgo"
    FROM unnest($1::text[]) AS address CROSS JOIN LATERAL (${lastAnswer('address.address')}) AS last`)

/** Reads the answers, by copy. The caller has found the ledger to be trusted, and reads under `readingPath`. */
export async function readAnswers(session: Session, copies: readonly Key[]): Promise<ReadonlyMap<Key, RecordedAnswer>> {
  const rows = await session.query<RecordedAnswer & { readonly address: Key }>(answersQuery, [copies])
  return new Map(rows.map((row) => [row.address, row]))
}
