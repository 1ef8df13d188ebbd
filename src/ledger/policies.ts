// Reads refresh policies as they were last applied.

import { type CopyId, type IdOf, type Key, keyOf } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'

/** The policies by copy, without copies that have the default one. The caller has found a ledger that this role can read. */
export async function readPolicies(
  session: Session,
  copies: readonly CopyId[],
): Promise<ReadonlyMap<Key, RefreshPolicy>> {
  const { live } = await readCatalog(session, copies.map(policyId), '')
  const policies = copies.map((copy): readonly (readonly [Key, RefreshPolicy])[] => {
    const found = live.get(keyOf(policyId(copy)))
    return found ? [[keyOf(copy), found.spec as RefreshPolicy]] : [] // of the kind of the id
  })
  return new Map(policies.flat())
}

function policyId({ schema, name }: CopyId): IdOf<'refreshPolicy'> {
  return { kind: 'refreshPolicy', schema, name }
}
