// Marks materialized views whose data has to be loaded again, since their definitions do not show that.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

/** Marks views as outdated, in the transaction that alters what their data rests on. To record them again removes the mark. */
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
