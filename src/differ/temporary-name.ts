// The name of an object that leaves its own to another one, until it is dropped.

import { currentIdOf, type LiveObject } from '../core/change.ts'
import type { ObjectId } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'

/**
 * Undefined if objects of its kind cannot be renamed for that.
 * @param suffix random, so that no role can take the name before
 */
export function temporaryName(live: LiveObject, suffix: string): ObjectId | undefined {
  const { oid } = live
  const id = currentIdOf(live)
  return kindOf(id).aside?.called(id, `fdwsync_old_${suffix}_${oid}`)
}

/** Whether a name, perhaps after that of its schema, is the temporary one of that object. */
export function isTemporaryName(name: string, oid: number): boolean {
  return new RegExp(`(?:^|\\.)fdwsync_old_[0-9a-z]+_${oid}$`).test(name)
}
