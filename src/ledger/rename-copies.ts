// Moves what the ledger has of copies to their new names: their policies, and their refreshes, so that a rename keeps the age.

import { idOf, type Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'

interface Renamed {
  /** The key of a copy. */
  readonly before: Key
  readonly address: Key
}

/** @param rekeyed the new keys of all renamed objects, by their old ones */
export async function renameCopies(session: Session, manifest: string, rekeyed: ReadonlyMap<Key, Key>): Promise<void> {
  await renamePolicies(session, renamedCopiesOf(rekeyed))
  const copies = Array.from(rekeyed, ([before, address]) => ({ before, address }))
  await renameRefreshes(
    session,
    manifest,
    copies.filter(({ before }) => ['materializedView', 'table'].includes(idOf(before)?.kind ?? '')),
  )
}

/** A policy is stored under the name of its copy. */
function renamedCopiesOf(rekeyed: ReadonlyMap<Key, Key>): readonly Renamed[] {
  return Array.from(rekeyed, ([from, to]): readonly Renamed[] => {
    const [before, address] = [copyOf(from), copyOf(to)]
    return before && address ? [{ before, address }] : []
  }).flat()
}

function copyOf(key: Key): Key | undefined {
  const id = idOf(key)
  return id?.kind === 'refreshPolicy' ? kindOf(id).belongsTo?.ownerOf(id) : undefined
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
  await session.query(
    trusted(`UPDATE fdwsync.refresh f SET address = r.address
               FROM pg_catalog.jsonb_to_recordset($2) AS r(before text, address text)
              WHERE f.manifest = $1 AND f.address = r.before`),
    [manifest, JSON.stringify(renamed)],
  )
}
