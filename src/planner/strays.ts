// Objects that have got to another owner by hand: the user mappings of two servers that have swapped their names.

import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { declaredKinds } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { isAnotherDatabase, withoutOwned } from './renamed-in-database.ts'

/**
 * Finds what the ledger has under a name that nothing has any more, while an object that no manifest declares has its OID. It cannot be
 * moved back, so it is dropped, and created where it is declared.
 */
export async function withStrays(
  session: Session,
  catalog: CatalogReading,
  ledger: Ledger,
  declared: ReadonlySet<Key>,
  salt: string,
): Promise<CatalogReading> {
  const found = new Map<Key, ObjectId>()
  for (const { kind, belongsTo } of declaredKinds) {
    const lost = belongsTo
      ? [...ledger.entries].filter(([key, { id }]) => id.kind === kind && !catalog.live.has(key))
      : []
    if (!belongsTo?.namesQuery || lost.length === 0 || isAnotherDatabase(catalog, ledger)) continue
    const oids = lost.map(([, { oid }]) => oid)
    const rows = await session.query<{ id: ObjectId }>(belongsTo.namesQuery, [oids])
    for (const { id } of rows) found.set(keyOf(id), id)
  }
  const stray = await withoutOwned(session, found, declared, ledger)
  if (stray.size === 0) return catalog
  const { live } = await readCatalog(session, stray.values(), salt)
  return { ...catalog, live: new Map([...catalog.live, ...live]), strays: new Set(live.keys()) }
}
