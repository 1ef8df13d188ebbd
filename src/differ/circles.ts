// Refuses views that would read themselves through an unmanaged plain view. PostgreSQL accepts such a circle, since a materialized
// view is read as it is, but from then on the view is loaded from its own data.

import type { Change, WantedObject } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { titleOf } from '../kinds/registry.ts'

interface Input {
  readonly changes: readonly Change[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** For each unmanaged plain view, what it reads. */
  readonly throughViews: ReadonlyMap<Key, readonly Key[]>
}

export function refuseCircles({ changes, wanted, throughViews }: Input): readonly Refusal[] {
  if (throughViews.size === 0) return []
  const readsOf = (key: Key) => [...(wanted.get(key)?.needs ?? []), ...(throughViews.get(key) ?? [])]
  return changes.flatMap((change): readonly Refusal[] => {
    if (change.op !== 'replace' || change.isUnmanaged || !change.to.needs.some((need) => throughViews.has(need)))
      return []
    const read = new Set(change.to.needs)
    for (const key of read) for (const next of readsOf(key)) read.add(next)
    if (!read.has(change.key)) return []
    return [
      {
        code: 'manifest/circular-reference',
        key: change.key,
        title: titleOf(change.to.id),
        reason: 'it would read itself, through a view that no manifest declares',
        hint: 'Let its query read something else, or drop that view.',
      },
    ]
  })
}
