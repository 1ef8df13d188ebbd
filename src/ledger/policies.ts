// Reads refresh policies as they were last applied.

import type { IdOf, Key, Relation } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { kindOf } from '../kinds/registry.ts'

/** By copy, without those that have the default policy. The caller has found a ledger that this role can read. */
export async function readPolicies(
  session: Session,
  copies: readonly Relation[],
): Promise<ReadonlyMap<Key, RefreshPolicy>> {
  const ids = copies.map(({ schema, name }): IdOf<'refreshPolicy'> => ({ kind: 'refreshPolicy', schema, name }))
  const { live } = await readCatalog(session, ids, '')
  const policies = Array.from(live.values(), ({ id, spec }): readonly (readonly [Key, RefreshPolicy])[] => {
    const copy = kindOf(id).belongsTo?.ownerOf(id)
    return copy === undefined ? [] : [[copy, spec as RefreshPolicy]] // of the kind of the id
  })
  return new Map(policies.flat())
}
