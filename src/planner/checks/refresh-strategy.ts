// Which strategy a manifest declares for a copy.

import type { WantedObject } from '../../core/change.ts'
import { type CopyId, type Key, keyOf } from '../../core/object.ts'
import { defaultPolicy, type RefreshStrategy } from '../../core/refresh-policy.ts'
import { asKind } from '../../kinds/specs.ts'

export function strategyOf({ schema, name }: CopyId, wanted: ReadonlyMap<Key, WantedObject>): RefreshStrategy {
  const policy = asKind(wanted.get(keyOf({ kind: 'refreshPolicy', schema, name })), 'refreshPolicy')?.spec
  return (policy ?? defaultPolicy).strategy
}
