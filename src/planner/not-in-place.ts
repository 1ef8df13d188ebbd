// Finds out from the whole plan which copies cannot be altered in place after all: see alter-in-place.ts.

import type { Key } from '../core/object.ts'
import type { Comparison } from './comparison.ts'
import type { Impact } from './impact.ts'
import { copiesLoadedBy } from './loaded-copies.ts'

/**
 * The copies altered in place that must be replaced after all: something depends on what is altered, or the plan loads a copy that
 * would read a column which is still empty.
 */
export function toReplaceAfterAll({ inPlace, changes }: Comparison, impact: Impact): readonly Key[] {
  const altered = changes.flatMap(({ key }) => (inPlace.has(key) ? [key] : []))
  if (altered.length === 0) return []
  const changeOf = new Map(impact.changes.map((change) => [change.key, change]))
  const refused = new Set(impact.refusals.map(({ key }) => key))
  const read = readByLoads(impact)
  return altered.filter((key) => {
    const change = changeOf.get(key)
    const isAltered = change?.op === 'alter' && !refused.has(key)
    return !isAltered || (read.has(key) && change.fields.some(({ isEmptyAtFirst }) => isEmptyAtFirst))
  })
}

function readByLoads({ changes, steps, throughViews }: Impact): ReadonlySet<Key> {
  const loaded = copiesLoadedBy(steps)
  const needs = changes.flatMap((change) => ('to' in change && loaded.has(change.key) ? change.to.needs : []))
  return new Set(needs.flatMap((need) => [need, ...(throughViews.get(need) ?? [])]))
}
