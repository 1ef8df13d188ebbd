// What is certain to be built beside: relations that are, and all that reads them or consists of their rows.

import type { Change, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import { isOnlineReplacement } from './changes.ts'

/** The keys of what is built beside, before the replacements are added that this requires. */
export function builtBeside(changes: Iterable<Change>, wanted: ReadonlyMap<Key, WantedObject>): ReadonlySet<Key> {
  const beside = new Set<Key>()
  for (const change of changes) if (isOnlineReplacement(change)) beside.add(change.key)
  if (beside.size === 0) return beside
  const needs = Array.from(wanted, ([key, { id, needs }]) =>
    kindOf(id).replacement?.inScratch ? needs.map((need) => ({ key, need })) : [],
  )
  const users = groupBy(needs.flat(), ({ need }) => need)
  for (const key of beside) for (const user of users.get(key) ?? []) beside.add(user.key)
  return beside
}
