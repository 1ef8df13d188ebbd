// The end of every transaction that changes definitions: verify the result, then record it in the ledger, in the same
// transaction, so that ledger and catalog cannot disagree.

import type { WantedObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { readDependencyDigests } from '../introspector/dependency-digests.ts'
import { forgetObjects, recordObjects, removeFromOtherManifests } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { FoundBeforeSwap } from './before-swap.ts'
import type { ExpectedResult } from './expected-result.ts'
import { verify } from './verify.ts'

/**
 * @param known what was found out before the swap
 * @throws FdwsyncError if the result is not as expected; then the transaction must be rolled back
 */
export async function verifyAndRecord(
  session: Session,
  expected: ExpectedResult,
  inHand: PlanInHand,
  applyId: string,
  known: FoundBeforeSwap,
): Promise<void> {
  const { plan, sourceRecords } = inHand
  const { managed, forgotten } = expected
  const wanted: readonly WantedObject[] = managed.map((object) => object.wanted)
  const live = await verify(session, expected, inHand, known.checked)
  const keys = new Set(wanted.map(({ id }) => keyOf(id)))
  const takenOver = plan.changes.flatMap(({ change, takenFrom }) =>
    takenFrom.length > 0 && keys.has(change.key) ? [change.key] : [],
  )
  await removeFromOtherManifests(session, plan.manifest, takenOver)
  const dependencyDigests =
    known.digests ??
    (await readDependencyDigests(
      session,
      plan.searchPath,
      wanted.map(({ id, declared }) => ({ id, spec: declared })),
    ))
  const { manifest, searchPath } = plan
  const records = { manifest, applyId, objects: managed, live, dependencyDigests, sources: sourceRecords, searchPath }
  await recordObjects(session, records)
  await forgetObjects(session, plan.manifest, forgotten)
}
