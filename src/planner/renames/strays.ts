// Finds objects that an apply has created and that belong to no declared object any more: user mappings after two servers have
// swapped their names by hand, and the source view of a table that was dropped by hand.

import { type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { Session } from '../../db/session.ts'
import { type CatalogReading, readCatalog } from '../../introspector/read-catalog.ts'
import { sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import { declaredKinds } from '../../kinds/registry.ts'
import type { Ledger } from '../../ledger/read.ts'
import { isAnotherDatabase, withoutOwned } from './renamed-in-database.ts'

/** Finds them, so that they are dropped. */
export async function withStrays(
  session: Session,
  catalog: CatalogReading,
  ledger: Ledger,
  declared: ReadonlySet<Key>,
  salt: string,
): Promise<CatalogReading> {
  const stray = [...(await strayBelongings(session, catalog, ledger, declared)), ...sourceViewsLeft(catalog, ledger)]
  if (stray.length === 0) return catalog
  const { live } = await readCatalog(session, stray, salt)
  return { ...catalog, live: new Map([...catalog.live, ...live]), strays: new Set(live.keys()) }
}

/**
 * Objects in the ledger whose names no longer exist, but whose OIDs belong to objects that no manifest declares. They cannot be
 * moved back, so they are dropped, and created where they are declared.
 */
async function strayBelongings(
  session: Session,
  catalog: CatalogReading,
  ledger: Ledger,
  declared: ReadonlySet<Key>,
): Promise<Iterable<ObjectId>> {
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
  return (await withoutOwned(session, found, declared, ledger)).values()
}

/** The names that the source views of missing tables would have. They still depend on what they read. */
function sourceViewsLeft({ live, renamedAway }: CatalogReading, { entries }: Ledger): readonly ObjectId[] {
  return Array.from(entries, ([key, { id }]): readonly ObjectId[] =>
    id.kind === 'table' && !live.has(key) && !renamedAway?.has(key) ? [{ kind: 'view', ...sourceViewOf(id) }] : [],
  ).flat()
}
