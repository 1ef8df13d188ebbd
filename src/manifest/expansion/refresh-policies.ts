// The refresh policy of each copy that a manifest declares.

import type { CopyId } from '../../core/object.ts'
import { policyOf, type RefreshPolicy } from '../../core/refresh-policy.ts'
import { copiesIn, mergedStanza } from '../copies.ts'
import type { Manifest } from '../manifest.ts'

export interface CopyPolicy {
  readonly copy: CopyId
  readonly policy: RefreshPolicy
  readonly path: readonly string[]
}

/** Returns a policy for each copy. */
export function refreshPolicies(manifest: Manifest): readonly CopyPolicy[] {
  return copiesIn(manifest).map((copy) => ({
    copy: copy.id,
    policy: policyOf(mergedStanza(copy, manifest)),
    path: [...copy.path, 'refresh'],
  }))
}
