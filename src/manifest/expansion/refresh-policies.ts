// The refresh policy of each copy that a manifest declares.

import type { Relation } from '../../core/object.ts'
import { mergeStanzas, policyOf, type RefreshPolicy } from '../../core/refresh-policy.ts'
import { views } from '../checks/walk.ts'
import type { Manifest } from '../manifest.ts'

export interface CopyPolicy {
  readonly copy: Relation
  readonly policy: RefreshPolicy
}

/** One for each copy. In an expanded manifest, the copies of mirrors have what those declare: see mirrors.ts. */
export function refreshPolicies(manifest: Manifest): readonly CopyPolicy[] {
  return views(manifest).map(({ schema, name, copy }) => ({
    copy: { schema, name },
    policy: policyOf(mergeStanzas(copy.refresh, manifest.refresh)),
  }))
}
