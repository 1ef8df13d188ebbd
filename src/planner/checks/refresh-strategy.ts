// Which strategy a manifest declares for a copy.

import type { WantedObject } from '../../core/change.ts'
import { type CopyId, type Key, keyOf } from '../../core/object.ts'
import { defaultPolicy, type RefreshPolicy, type RefreshStrategy } from '../../core/refresh-policy.ts'

export function strategyOf({ schema, name }: CopyId, wanted: ReadonlyMap<Key, WantedObject>): RefreshStrategy {
  const policy = wanted.get(keyOf({ kind: 'refreshPolicy', schema, name }))?.spec
  return ((policy as RefreshPolicy | undefined) ?? defaultPolicy).strategy // of the kind of the id
}
