// Reads what the queries `skip_if_same` returned when copies were last loaded.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

export interface RecordedAnswer {
  /** Null if the last load of the copy did not send such a query. */
  readonly answer: string | null
  readonly millisecondsAgo: number
}

const answersQuery = trusted(`
  SELECT address, answer, extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000 AS "millisecondsAgo"
    FROM unnest($1::text[]) AS address
    CROSS JOIN LATERAL (SELECT answer, started_at FROM fdwsync.refresh r
                         WHERE r.address = address.address AND outcome = 'applied' ORDER BY ended_at DESC LIMIT 1) AS newest`)

/** Reads the answers, by copy. The caller has found the ledger to be trusted, and reads under `readingPath`. */
export async function readAnswers(session: Session, copies: readonly Key[]): Promise<ReadonlyMap<Key, RecordedAnswer>> {
  const rows = await session.query<RecordedAnswer & { readonly address: Key }>(answersQuery, [copies])
  return new Map(rows.map((row) => [row.address, row]))
}
