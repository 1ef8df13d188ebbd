// Reads what unmanaged plain views read.

import { groupBy } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { CatalogEntry } from './dependents.ts'
import { viewsReading } from './view-reads.ts'

/** For each unmanaged plain view, the relations that it reads, directly or through other plain views. */
export type ReadsThroughViews = ReadonlyMap<Key, readonly Key[]>

const readersQuery = trusted(`
  WITH RECURSIVE ${viewsReading}
  SELECT jsonb_build_object('kind', 'view', 'schema', n.nspname, 'name', c.relname) AS id, what
    FROM reading JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'`)

/**
 * Reads which of the relations each plain view reads. A materialized view must be loaded after everything that it reads,
 * also through plain views. Call it under the reading path.
 */
export async function readByPlainViews(
  session: Session,
  relations: readonly CatalogEntry[],
): Promise<ReadsThroughViews> {
  const keys = new Map(
    relations.flatMap(({ oid, id, catalog }) => (catalog === 'pg_class' ? [[oid, keyOf(id)] as const] : [])),
  )
  if (keys.size === 0) return new Map()
  const rows = await session.query<{ id: ObjectId; what: number }>(readersQuery, [[...keys.keys()]])
  const byView = groupBy(rows, ({ id }) => keyOf(id))
  return new Map(Array.from(byView, ([view, read]) => [view, read.flatMap(({ what }) => keys.get(what) ?? [])]))
}
