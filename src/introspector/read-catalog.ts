import type { LiveObject, LiveState } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { literal, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { AnyKind, CatalogRow } from '../kinds/kind.ts'
import { kinds } from '../kinds/registry.ts'
import { readingPath } from './transaction-settings.ts'

export interface CatalogReading {
  readonly live: LiveState
  /** Names of wanted objects under which something of another kind stands, and what it is. */
  readonly occupied: ReadonlyMap<Key, string>
  /** Objects that are renamed: the keys that they are live under, by those of their names of today. */
  readonly declaredKeys?: ReadonlyMap<Key, Key>
  /** What was read under the names of today, with those that the manifest gives. */
  withDeclaredNames?(object: LiveObject): LiveObject
}

// A relation with an AccessExclusive lock, taken or waited for, and all views that read it, keep pg_get_viewdef waiting:
// a running REFRESH does that for as long as it takes. Which they are is asked first, and their text is not.
const noteLocked: Sql = trusted(`
  WITH RECURSIVE locked(oid) AS (
    SELECT relation FROM pg_locks
     WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION
    SELECT r.ev_class
      FROM locked
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = locked.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid
  )
  SELECT set_config('fdwsync.locked', coalesce(array_agg(oid)::text, '{}'), true) FROM locked`)

/**
 * Reads the objects of the given addresses, within the session's transaction. One query a kind, however many objects.
 * An address that is not in the result does not exist: a query that fails is an error, never an empty result.
 */
export async function readCatalog(session: Session, ids: Iterable<ObjectId>, salt: string): Promise<CatalogReading> {
  const wanted = groupBy(ids, ({ kind }) => kind)
  await session.run(sql`${readingPath}; SET LOCAL fdwsync.salt = ${literal(salt)}`)
  await session.query(noteLocked)
  const live = new Map<Key, LiveObject>()
  const occupied = new Map<Key, string>()
  for (const kind of kinds) {
    const ofKind = wanted.get(kind.kind)
    if (!ofKind) continue
    for (const row of await session.query<CatalogRow<unknown> & { id: ObjectId }>(kind.catalogQuery, [
      JSON.stringify(ofKind),
    ])) {
      if (row.occupied_by) occupied.set(keyOf(row.id), row.occupied_by)
      else live.set(keyOf(row.id), fromRow(kind, row))
    }
  }
  return { live, occupied }
}

function fromRow(kind: AnyKind, row: CatalogRow<unknown> & { readonly id: ObjectId }): LiveObject {
  return {
    id: row.id,
    spec: row.spec,
    needs: (row.needs ?? []).map(keyOf),
    oid: row.oid,
    catalog: kind.catalog,
    digest: row.digest ?? null,
    locked: row.locked ?? false,
  }
}
