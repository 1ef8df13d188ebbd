// Updates the ledger when a relation is replaced by one with the same definition: its OID and its digest change, its declaration
// does not.

import type { LiveState } from '../core/change.ts'
import { idOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { findLedger, lockLedger } from './trust.ts'

const attachedQuery = trusted(`
  SELECT DISTINCT address FROM fdwsync.object
   WHERE address::jsonb ->> 0 IN ('materializedView', 'table', 'index', 'statistics')
     AND object_oid IN (SELECT unnest($1::oid[])
                        UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = ANY ($1::oid[])
                        UNION ALL SELECT oid FROM pg_statistic_ext WHERE stxrelid = ANY ($1::oid[]))`)

/**
 * The objects in the ledger, of any manifest, that are these relations, their indexes and their extended statistics. It leaves the
 * session's transaction under `readingPath`.
 */
export async function recordedUnder(session: Session, oids: readonly number[]): Promise<readonly ObjectId[]> {
  const { state } = await findLedger(session)
  if (state !== 'ready') return []
  const rows = await session.query<{ address: string }>(attachedQuery, [oids])
  return rows.flatMap(({ address }) => idOf(address) ?? [])
}

/** Records the new identities of objects that have been replaced, in the same transaction. */
export async function updateIdentities(session: Session, live: LiveState): Promise<void> {
  if (live.size === 0) return
  await lockLedger(session, 'ROW EXCLUSIVE', ['object'])
  const rows = Array.from(live, ([address, { oid, digest }]) => ({ address, oid, digest }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET object_oid = r.oid, digest = r.digest
               FROM pg_catalog.jsonb_to_recordset($1) AS r(address text, oid oid, digest text)
              WHERE o.address = r.address`),
    [JSON.stringify(rows)],
  )
}
