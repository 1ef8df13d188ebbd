// Reads the recorded refreshes and loads of copies.

import { FdwsyncError } from '../core/errors.ts'
import type { RefreshHistory, RefreshHistoryEntry } from '../core/history.ts'
import { namePattern } from '../core/name-pattern.ts'
import { idOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { findLedger } from './trust.ts'

export interface RefreshHistoryFilter {
  /** As in psql: `shop.*`. Default: all copies. */
  readonly pattern?: string | undefined
  readonly manifest?: string | undefined
  readonly limit: number
}

// An older ledger lacks some columns. Reading the rows as JSON allows for that.
const entriesQuery = trusted(`
  SELECT r ->> 'address' AS address, r ->> 'manifest' AS manifest, r ->> 'origin' AS origin, r ->> 'asked' AS asked, r ->> 'how' AS how,
         r ->> 'because' AS because, r ->> 'refreshed_by' AS "refreshedBy", (r ->> 'started_at')::timestamptz AS "startedAt",
         (r ->> 'ended_at')::timestamptz AS "endedAt", r ->> 'row_count' AS rows, r ->> 'inserted' AS inserted,
         r ->> 'updated' AS updated, r ->> 'deleted' AS deleted, r ->> 'bytes' AS bytes, r ->> 'outcome' AS outcome,
         r ->> 'reason' AS reason, r ->> 'apply_id' AS apply
    FROM (SELECT to_jsonb(f) AS r FROM fdwsync.refresh f
           WHERE ($1::text[] IS NULL OR f.address = ANY ($1)) AND ($2::text IS NULL OR f.manifest = $2)
           ORDER BY f.started_at DESC, f.id LIMIT $3) AS newest
   ORDER BY (r ->> 'started_at')::timestamptz DESC, r ->> 'id'`)

/**
 * Reads the refreshes, newest first, within the session's transaction.
 * @throws FdwsyncError if this role cannot read the ledger
 */
export async function readRefreshHistory(session: Session, filter: RefreshHistoryFilter): Promise<RefreshHistory> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: `the ledger cannot be read: ${found.problem.message}` })
  if (found.state !== 'ready' || found.version < 2) return { database: session.database, refreshes: [], more: false }
  const { pattern, manifest = null, limit } = filter
  const addresses = pattern === undefined ? null : await matchingAddresses(session, pattern)
  const rows = await session.query<RefreshHistoryEntry>(entriesQuery, [addresses, manifest, limit + 1])
  return { database: session.database, refreshes: rows.slice(0, limit), more: rows.length > limit }
}

async function matchingAddresses(session: Session, pattern: string): Promise<readonly string[]> {
  const rows = await session.query<{ address: string }>(trusted('SELECT DISTINCT address FROM fdwsync.refresh'))
  const isMatch = namePattern(pattern)
  return rows.flatMap(({ address }) => {
    const id = idOf(address)
    return id && isMatch(id) ? [address] : []
  })
}
