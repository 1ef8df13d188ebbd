// What definitions mean for the data of copies, as statements for the ledger: their next refresh must not rely on what earlier ones have found.

import { isCopyId, type Key } from '../core/object.ts'
import type { Plan, PlannedChange } from '../core/plan.ts'
import type { Sql } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import { alteredCopies, markEmptyColumns } from '../ledger/empty-columns.ts'
import { markFormer } from '../ledger/former-refreshes.ts'
import { markOutdated } from '../ledger/outdated-views.ts'
import { readCopiesOfOtherManifests } from '../ledger/owned-dependents.ts'
import { forgetStates } from '../ledger/strategy-states.ts'
import { findLedger } from '../ledger/trust.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { copiesOfOtherRows, objectsOfOtherRows } from '../sources/reads/copies-of-other-rows.ts'

/** Statements for the transaction of the definitions. Runs under `readingPath`, as they do. */
export async function markCopies(
  session: Session,
  { plan, wanted }: Pick<PlanInHand, 'plan' | 'wanted'>,
): Promise<readonly Sql[]> {
  const changes = plan.changes.map(({ change }) => change)
  const outdated = outdatedViews(plan)
  const altered = alteredCopies(changes)
  const withEmptyColumns = altered.flatMap(({ address, added }) => (added.length > 0 ? [address] : []))
  const newlyManaged = plan.changes.flatMap((planned) => (isNewlyManaged(planned) ? [planned.change.key] : []))
  const ofOtherRows = await copiesOfOtherRows(session, changes, wanted)
  const ofOtherManifests = await copiesOfOtherManifests(session, plan.manifest, objectsOfOtherRows(changes))
  const forgotten = [...ofOtherRows, ...ofOtherManifests, ...withEmptyColumns]
  return [
    ...(outdated.size > 0 ? [markOutdated(plan.manifest, outdated)] : []),
    ...(altered.length > 0 ? [markEmptyColumns(plan.manifest, altered)] : []),
    ...(forgotten.length > 0 ? [forgetStates(forgotten)] : []),
    ...(newlyManaged.length > 0 ? [markFormer(newlyManaged)] : []),
  ]
}

async function copiesOfOtherManifests(
  session: Session,
  manifest: string,
  read: readonly Key[],
): Promise<readonly Key[]> {
  if (read.length === 0) return []
  const { state } = await findLedger(session)
  return state === 'ready' ? readCopiesOfOtherManifests(session, manifest, read) : []
}

/** Whether it is a copy that did not exist until now, or that no manifest managed. */
function isNewlyManaged({ change, cause, takenFrom }: PlannedChange): boolean {
  if (change.op === 'create') return isCopyId(change.to.id)
  if (change.op === 'adopt') return isCopyId(change.to.id) && cause === undefined && takenFrom.length === 0
  return change.op === 'alter' && kindOf(change.to.id).adoption?.isUnmanaged(change.from.spec) === true
}

/** What outdates each view that is loaded once more, although nothing in its definition changes. */
export function outdatedViews({ changes }: Plan): ReadonlyMap<Key, readonly string[]> {
  const outdating = changes.map(({ change }) => {
    const fields = change.op === 'replace' ? change.fields : []
    return [change.key, fields.flatMap(({ field, outdates }) => (outdates ? [field] : []))] as const
  })
  return new Map(outdating.filter(([, titles]) => titles.length > 0))
}
