// The refresh policy of each copy that a manifest declares.

import type { CopyId } from '../../core/object.ts'
import { mergeStanzas, policyOf, type RefreshPolicy } from '../../core/refresh-policy.ts'
import { copiesIn } from '../copies.ts'
import type { Manifest } from '../manifest.ts'

export interface CopyPolicy {
  readonly copy: CopyId
  readonly policy: RefreshPolicy
  readonly path: readonly string[]
}

/** Returns a policy for each copy. In an expanded manifest, copies of a mirror already have its policy: see mirrors.ts. */
export function refreshPolicies(manifest: Manifest): readonly CopyPolicy[] {
  return copiesIn(manifest).map(({ id, declared, path }) => ({
    copy: id,
    policy: policyOf(mergeStanzas(declared.refresh, manifest.refresh)),
    path: [...path, 'refresh'],
  }))
}
