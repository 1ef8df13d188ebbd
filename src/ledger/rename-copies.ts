// Moves the policies and the refreshes of copies to their new names, so that a renamed copy keeps its age.

import { idOf, type Key, type KindName } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { markFormer } from './former-refreshes.ts'

interface Renamed {
  readonly before: Key
  readonly address: Key
}

/** @param rekeyed the new keys of all renamed objects, by their old ones */
export async function renameCopies(session: Session, manifest: string, rekeyed: ReadonlyMap<Key, Key>): Promise<void> {
  const renamed = Array.from(rekeyed, ([before, address]) => ({ before, address }))
  const ofKind = (...kinds: readonly KindName[]) =>
    renamed.filter(({ before }) => kinds.some((kind) => kind === idOf(before)?.kind))
  await renamePolicies(session, ofKind('refreshPolicy'))
  await renameRefreshes(session, manifest, ofKind('materializedView', 'table'))
}

async function renamePolicies(session: Session, renamed: readonly Renamed[]): Promise<void> {
  if (renamed.length === 0) return
  // A former copy with one of the new names may have left its policy behind.
  const targets = renamed.map(({ address }) => address)
  await session.query(trusted('DELETE FROM fdwsync.policy WHERE address = ANY ($1::text[])'), [targets])
  await session.query(
    trusted(`UPDATE fdwsync.policy p SET address = r.address
               FROM pg_catalog.jsonb_to_recordset($1) AS r(before text, address text) WHERE p.address = r.before`),
    [JSON.stringify(renamed)],
  )
}

async function renameRefreshes(session: Session, manifest: string, renamed: readonly Renamed[]): Promise<void> {
  if (renamed.length === 0) return
  const before = new Set(renamed.map((each) => each.before))
  const former = renamed.flatMap(({ address }) => (before.has(address) ? [] : [address]))
  if (former.length > 0) await session.run(markFormer(former))
  await session.query(
    trusted(`UPDATE fdwsync.refresh f SET address = r.address
               FROM pg_catalog.jsonb_to_recordset($2) AS r(before text, address text)
              WHERE f.manifest = $1 AND f.address = r.before AND f.is_former IS NULL`),
    [manifest, JSON.stringify(renamed)],
  )
}
