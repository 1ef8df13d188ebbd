// The refresh policy of each copy that a manifest declares.

import { type IdOf, type Key, keyOf } from '../../core/object.ts'
import { mergeStanzas, policyOf, type RefreshPolicy } from '../../core/refresh-policy.ts'
import { views } from '../checks/walk.ts'
import type { Manifest } from '../manifest.ts'

/** By copy. In an expanded manifest, the copies of mirrors have what those declare: see mirrors.ts. */
export function refreshPolicies(manifest: Manifest): ReadonlyMap<Key, RefreshPolicy> {
  return new Map(
    views(manifest).map(({ schema, name, view }) => {
      const id: IdOf<'materializedView'> = { kind: 'materializedView', schema, name }
      return [keyOf(id), policyOf(mergeStanzas(view.refresh, manifest.refresh))]
    }),
  )
}
