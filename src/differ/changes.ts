// What is known of a change by itself.

import type { Change, Replace } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import { parentOf } from '../kinds/registry.ts'

/** Whether the successor is built beside the object, and then swapped in: readers are not blocked. */
export function isOnlineReplacement(change: Change): change is Replace & { how: 'beside' } {
  return change.op === 'replace' && change.how === 'beside'
}

/** The parent of what is changed: of a dropped object the one that it has, else the one that it is to have. */
export function parentOfChange(change: Change): Key | undefined {
  return change.op === 'release' ? undefined : parentOf(change.op === 'drop' ? change.from : change.to)
}
