// Marks materialized views whose data has to be loaded once more, although their definitions have not changed.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { lockLedger } from './trust.ts'

/** Marks views as outdated, in the transaction that alters what their data rests on. Recording them once more removes the mark. */
export async function recordOutdated(
  session: Session,
  manifest: string,
  outdatedBy: ReadonlyMap<Key, readonly string[]>,
): Promise<void> {
  if (outdatedBy.size === 0) return
  const rows = Array.from(outdatedBy, ([address, outdated_by]) => ({ address, outdated_by }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET outdated_by = r.outdated_by
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, outdated_by text[])
              WHERE o.manifest = $1 AND o.address = r.address`),
    [manifest, JSON.stringify(rows)],
  )
}

/** Removes the marks of copies that were refreshed, where this role may. The caller has found the ledger to be trusted. */
export async function clearOutdated(session: Session, manifest: string, refreshed: readonly Key[]): Promise<void> {
  if (refreshed.length === 0) return
  const marked = await session.query<{ address: Key }>(
    trusted(`SELECT address FROM fdwsync.object
              WHERE manifest = $1 AND address = ANY ($2::text[]) AND outdated_by IS NOT NULL
                AND has_table_privilege('fdwsync.object', 'UPDATE')`),
    [manifest, refreshed],
  )
  if (marked.length === 0) return
  await lockLedger(session, 'ROW EXCLUSIVE', ['object'])
  await session.query(
    trusted('UPDATE fdwsync.object SET outdated_by = NULL WHERE manifest = $1 AND address = ANY ($2::text[])'),
    [manifest, marked.map(({ address }) => address)],
  )
}
