// Marks materialized views whose data has to be loaded once more, although their definitions have not changed.

import type { Key } from '../core/object.ts'
import { literal, type Sql, sql, textArray, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { lockLedger } from './trust.ts'

/** A statement that marks views as outdated. Recording them once more removes the mark. */
export function markOutdated(manifest: string, outdatedBy: ReadonlyMap<Key, readonly string[]>): Sql {
  const rows = Array.from(outdatedBy, ([address, outdated_by]) => ({ address, outdated_by }))
  return sql`UPDATE fdwsync.object o SET outdated_by = r.outdated_by
               FROM pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(rows))}) AS r(address text, outdated_by text[])
              WHERE o.manifest = ${literal(manifest)} AND o.address = r.address`
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
  await session.run(
    removeMarks(
      manifest,
      marked.map(({ address }) => address),
    ),
  )
}

/** A statement that removes the marks of copies, for the transaction that loads them. */
export function removeMarks(manifest: string, copies: readonly Key[]): Sql {
  return sql`UPDATE fdwsync.object SET outdated_by = NULL
              WHERE manifest = ${literal(manifest)} AND address = ANY (${textArray(copies)})`
}
