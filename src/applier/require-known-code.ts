// Requires that what an apply has created refers only to untrusted code that the plan has shown. Another role can plant a function
// between the plan and the apply, or become the owner of one.

import type { WantedObject } from '../core/change.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { declaredParent, type ReferencedCode, readReferencedCode } from '../introspector/referenced-code.ts'
import { titleOf } from '../kinds/registry.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

/** An object as the transaction has created it, perhaps in a scratch schema. */
export interface Created {
  readonly wanted: WantedObject
  readonly catalog: string
  readonly oid: number
}

/**
 * The session must be in a transaction under `readingPath`, and no data may have been loaded yet.
 * @throws FdwsyncError with the exit code for a stale plan
 */
export async function requireKnownCode(
  session: Session,
  created: readonly Created[],
  { plan, wanted, declared, trustedRoles, code }: PlanInHand,
): Promise<void> {
  const users = created.map(({ wanted: { id, declared }, catalog, oid }) => {
    const object = { id, spec: declared }
    return { object, catalog, oid, parent: declaredParent(object, wanted) }
  })
  const found = await readReferencedCode(session, users, { searchPath: plan.searchPath, trustedRoles, declared })
  for (const { id } of created.map((object) => object.wanted)) {
    const shown = code.get(keyOf(id)) ?? []
    const isShown = ({ title, owner }: ReferencedCode) =>
      shown.some((reference) => !reference.isTrusted && reference.title === title && reference.owner === owner)
    const unknown = found.get(keyOf(id))?.find((reference) => !reference.isTrusted && !isShown(reference))
    if (!unknown) continue
    throw new FdwsyncError(
      {
        code: 'plan/stale',
        message: `the plan is stale: ${titleOf(id)} would now use ${unknown.title}, which belongs to ${unknown.owner}`,
        hint: 'This transaction was rolled back. Plan again.',
      },
      exitCode.stale,
    )
  }
}
