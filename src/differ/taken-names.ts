// Names that one object leaves to another of a different kind: relations, indexes and types of a schema share one namespace.

import type { Change } from '../core/change.ts'
import { type Key, namespaceOf, type ObjectId, relationKey } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'

/** What is created, by its shared name. */
export type NameTakers = ReadonlyMap<string, Key>

export function nameTakers(changes: readonly Change[]): NameTakers {
  return new Map(
    changes.flatMap((change) => {
      const name = change.op === 'create' && !change.instead ? sharedName(change.to.id) : undefined
      return name === undefined ? [] : [[name, change.key] as const]
    }),
  )
}

/** What is created under the name of an object. */
export function takerOf(id: ObjectId, takers: NameTakers): Key | undefined {
  const name = sharedName(id)
  return name === undefined ? undefined : takers.get(name)
}

/** Undefined if only objects of its own kind can be in its way. */
export function sharedName(id: ObjectId): string | undefined {
  const isShared = ['pg_class', 'pg_type'].includes(kindOf(id).catalog)
  const schema = namespaceOf(id)
  return isShared && schema !== undefined && 'name' in id ? relationKey(schema, id.name) : undefined
}
