// Reads refresh policies as they were last applied.

import { type CopyId, type IdOf, type Key, keyOf } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { asKind } from '../kinds/specs.ts'

/** The policies by copy, without copies that have the default one. The caller has found a ledger that this role can read. */
export async function readPolicies(
  session: Session,
  copies: readonly CopyId[],
): Promise<ReadonlyMap<Key, RefreshPolicy>> {
  const { live } = await readCatalog(session, copies.map(policyId), '')
  const policies = copies.map((copy): readonly (readonly [Key, RefreshPolicy])[] => {
    const policy = asKind(live.get(keyOf(policyId(copy))), 'refreshPolicy')?.spec
    return policy ? [[keyOf(copy), policy]] : []
  })
  return new Map(policies.flat())
}

function policyId({ schema, name }: CopyId): IdOf<'refreshPolicy'> {
  return { kind: 'refreshPolicy', schema, name }
}
