// How the SQL of other objects finds an object by its name.

import type { ObjectId } from '../core/object.ts'
import type { ByName } from '../kinds/probing.ts'
import { kindOf } from '../kinds/registry.ts'

/** How others find it by name, if they do. */
export function byName(id: ObjectId): ByName | undefined {
  const { probe: how } = kindOf(id)
  if (how.how === 'by-name') return how
  return how.how === 'read-back' ? how.byName : undefined
}

/** Whether the probe can create it in a scratch schema that precedes its own in search_path. */
export function canBeInScratch(id: ObjectId): boolean {
  return byName(id)?.intoSchema !== undefined
}
