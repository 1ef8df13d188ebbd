// What the last apply of a manifest could not import from its sources. Commands that contact no source report it.

import { groupBy } from '../core/data.ts'
import { idOf, keyOf } from '../core/object.ts'
import type { NotImported } from '../core/report.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { findLedger } from './trust.ts'

/** Records it with the last apply of the manifest, within the session's transaction. */
export async function recordNotImported(
  session: Session,
  manifest: string,
  notImported: readonly NotImported[],
): Promise<void> {
  const rows = notImported.map(({ key: address, title, reason }) => ({ address, title, reason }))
  await session.query(
    trusted(`UPDATE fdwsync.apply SET not_imported = $2
              WHERE id = (SELECT id FROM fdwsync.apply WHERE manifest = $1 ORDER BY started_at DESC, id DESC LIMIT 1)
                AND not_imported IS DISTINCT FROM $2`),
    [manifest, JSON.stringify(rows)],
  )
}

/**
 * By the name of the manifest; empty if this role cannot read the ledger. Within the session's transaction.
 * @param only the manifest to read about. Default: all
 */
export async function readNotImported(
  session: Session,
  only?: string,
): Promise<ReadonlyMap<string, readonly NotImported[]>> {
  const { state } = await findLedger(session)
  if (state !== 'ready') return new Map()
  // An older ledger lacks the column. Reading the row as JSON allows for that.
  const rows = await session.query<{ manifest: string; address: string; title: string; reason: string }>(
    trusted(`
      SELECT manifest, part ->> 'address' AS address, part ->> 'title' AS title, part ->> 'reason' AS reason
        FROM (SELECT DISTINCT ON (manifest) manifest, r -> 'not_imported' AS recorded
                FROM fdwsync.apply a, LATERAL to_jsonb(a) AS r
               WHERE jsonb_typeof(r -> 'not_imported') = 'array' AND manifest = coalesce($1, manifest)
               ORDER BY manifest, started_at DESC, id DESC) AS last,
             LATERAL jsonb_array_elements(recorded) AS part`),
    [only ?? null],
  )
  const all = rows.flatMap(({ manifest, address, title, reason }) => {
    const id = idOf(address)
    return id ? [{ manifest, key: keyOf(id), title, reason }] : []
  })
  return groupBy(all, ({ manifest }) => manifest)
}
