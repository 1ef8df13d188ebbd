// Finds out from the whole plan which copies cannot be altered in place after all: see alter-in-place.ts.

import type { Key } from '../core/object.ts'
import type { ReplacedNevertheless } from './alter-in-place.ts'
import type { Comparison } from './comparison.ts'
import type { Impact } from './impact.ts'
import { copiesLoadedBy } from './loaded-copies.ts'

/**
 * The copies altered in place that must be replaced after all: something depends on what is altered, or the plan loads copies that
 * would read a column which is still empty.
 */
export function toReplaceAfterAll({ inPlace, changes }: Comparison, impact: Impact): ReplacedNevertheless {
  const altered = changes.flatMap(({ key }) => (inPlace.has(key) ? [key] : []))
  if (altered.length === 0) return new Map()
  const changeOf = new Map(impact.changes.map((change) => [change.key, change]))
  const refused = new Set(impact.refusals.map(({ key }) => key))
  const readersOf = loadedReaders(impact)
  return new Map(
    altered.flatMap((key) => {
      const change = changeOf.get(key)
      if (change?.op !== 'alter' || refused.has(key)) return [[key, []] as const]
      const readers = change.fields.some(({ isEmptyAtFirst }) => isEmptyAtFirst) ? readersOf(key) : []
      return readers.length > 0 ? [[key, readers] as const] : []
    }),
  )
}

/** Finds the copies that the plan loads from a relation, directly or through unmanaged views. */
function loadedReaders({ changes, steps, throughViews }: Impact): (key: Key) => readonly Key[] {
  const loaded = copiesLoadedBy(steps)
  const reads = changes.flatMap((change) => {
    if (!('to' in change) || !loaded.has(change.key)) return []
    const needs = change.to.needs.flatMap((need) => [need, ...(throughViews.get(need) ?? [])])
    return [{ key: change.key, needs: new Set(needs) }]
  })
  return (key) => reads.flatMap((reader) => (reader.needs.has(key) ? [reader.key] : []))
}
