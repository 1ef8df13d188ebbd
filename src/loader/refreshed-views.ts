// Reads the views to refresh: their order, and whether REFRESH CONCURRENTLY is possible.

import { topologicalOrder } from '../core/graph.ts'
import { type IdOf, type Key, keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { readByPlainViews } from '../dependents/read-through-views.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { titleOf } from '../kinds/registry.ts'

export type ViewId = IdOf<'materializedView'>

export interface RefreshedView {
  readonly id: ViewId
  readonly key: Key
  readonly title: string
  readonly exists: boolean
  /** Whether it is refreshed with REFRESH CONCURRENTLY, which does not block readers. */
  readonly concurrently: boolean
  /** The other views of this refresh that it reads, directly or through plain views. */
  readonly reads: readonly Key[]
}

// REFRESH CONCURRENTLY requires a populated view, and a unique index on plain columns that covers all rows.
const concurrentQuery = trusted(`
  SELECT c.oid FROM pg_catalog.pg_class c
   WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relispopulated
     AND EXISTS (SELECT FROM pg_catalog.pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL)`)

/** Each view comes after the views that it reads. */
export async function readRefreshedViews(session: Session, ids: readonly ViewId[]): Promise<readonly RefreshedView[]> {
  await begin(session, { isolation: 'REPEATABLE READ', readOnly: true, lockTimeoutMilliseconds: 5000 })
  try {
    const { live } = await readCatalog(session, ids, '')
    const oids = Array.from(live.values(), ({ oid }) => oid)
    const throughViews = await readByPlainViews(session, [...live.values()])
    const concurrent = new Set((await session.query<{ oid: number }>(concurrentQuery, [oids])).map(({ oid }) => oid))
    const views = ids.map((id): RefreshedView => {
      const key = keyOf(id)
      const object = live.get(key)
      const concurrently = object !== undefined && concurrent.has(object.oid)
      const reads = (object?.needs ?? []).flatMap((need) => [need, ...(throughViews.get(need) ?? [])])
      return { id, key, title: titleOf(id), exists: object !== undefined, concurrently, reads }
    })
    const ordered = topologicalOrder(
      views,
      ({ key }) => key,
      ({ reads }) => reads,
    )
    const keys = new Set(views.map(({ key }) => key))
    return ordered.map((view) => ({ ...view, reads: view.reads.filter((key) => keys.has(key)) }))
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}
