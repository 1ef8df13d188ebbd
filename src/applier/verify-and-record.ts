// The end of every transaction that changes definitions: verify the result, then record it in the ledger, in the same
// transaction, so that ledger and catalog cannot disagree.

import type { WantedObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { readDependencyDigests } from '../introspector/dependency-digests.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { forgetObjects, recordObjects, removeFromOtherManifests } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { ExpectedResult } from './expected-result.ts'
import { verify } from './verify.ts'

/** @throws FdwsyncError if the result is not as expected; then the transaction must be rolled back */
export async function verifyAndRecord(
  session: Session,
  { managed, unmanaged, absent, forgotten }: ExpectedResult,
  inHand: PlanInHand,
  applyId: string,
): Promise<void> {
  const { plan, salt, sourceRecords } = inHand
  const wanted: readonly WantedObject[] = managed.map((object) => object.wanted)
  const live = await verify(session, [...wanted, ...unmanaged], absent, createRunDigests(salt))
  const keys = new Set(wanted.map(({ id }) => keyOf(id)))
  const takenOver = plan.changes.flatMap(({ change, takenFrom }) =>
    takenFrom.length > 0 && keys.has(change.key) ? [change.key] : [],
  )
  await removeFromOtherManifests(session, plan.manifest, takenOver)
  const dependencies = await readDependencyDigests(
    session,
    plan.searchPath,
    wanted.map(({ id, declared }) => ({ id, spec: declared })),
  )
  await recordObjects(session, plan.manifest, applyId, managed, live, dependencies, sourceRecords)
  await forgetObjects(session, plan.manifest, forgotten)
}
