// Decides whether a saved plan is still what an apply would do: the same target, not applied before, nothing changed since.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { idOf } from '../../core/object.ts'
import { someOf } from '../../core/some-of.ts'
import type { Session } from '../../db/session.ts'
import { createRunDigests } from '../../introspector/digests.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { titleOf } from '../../kinds/registry.ts'
import { readApplies } from '../../ledger/history.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import type { PlanInHand } from '../../planner/plan-in-hand.ts'
import { showReferences } from '../../planner/show-references.ts'
import { planJson } from '../../render/json/plan.ts'
import { differencesOf, type SavedPlan } from './document.ts'
import { referencesText, savedFingerprintOf } from './save.ts'
import { readTargetIdentity, requireSameTarget } from './target.ts'

/**
 * Checks a saved plan before anything is planned again.
 * @returns the id for the apply: that of the file, unless an apply with it has failed
 * @throws FdwsyncError if the plan is for another target, or was applied before
 */
export async function requireApplicable(
  session: Session,
  saved: SavedPlan,
  label: string | undefined,
): Promise<string | undefined> {
  requireSameTarget(saved.target, await readTargetIdentity(session, label))
  const { applies } = await inReadOnlyTransaction(session, () => readApplies(session, { id: saved.apply, limit: 1 }))
  const [before] = applies
  if (!before) return saved.apply
  // A failed apply has changed nothing.
  if (before.outcome === 'failed') return undefined
  const isDone = before.outcome === 'applied'
  throw new FdwsyncError(
    {
      code: 'plan/applied',
      message: isDone ? 'this plan has been applied already' : `this plan has had an apply: ${before.outcome}`,
      hint: `Nothing was changed. fdwsync history ${saved.apply.slice(0, 8)} shows that apply. Plan again for what is left.`,
    },
    exitCode.stale,
  )
}

/** @throws FdwsyncError (`exitCode.stale`) if the references resolve to other values than at the time of the plan */
export function requireSameReferences({ manifest }: SavedPlan, { references }: ParsedManifest): void {
  const { references: recorded } = manifest
  const isSame =
    recorded === null
      ? references.length === 0
      : createRunDigests().matchesRecorded(referencesText(references), recorded)
  if (!isSame) throw stale('references of the manifest resolve to other values than when it was planned')
}

/** @throws FdwsyncError (`exitCode.stale`) if planning again does not give the saved plan */
export function requireSamePlan({ plan, fingerprint }: SavedPlan, inHand: PlanInHand): void {
  const differences = differencesOf(plan, planJson(showReferences(inHand)))
  if (differences.length > 0)
    throw stale(`since it was saved, what has to be done has changed: ${someOf(differences, 5)}`)
  const now = savedFingerprintOf(inHand)
  const changed = Object.keys({ ...fingerprint, ...now }).filter((address) => fingerprint[address] !== now[address])
  if (changed.length > 0)
    throw stale(`since it was saved, other sessions have changed: ${someOf(changed.map(titleOfAddress), 5)}`)
}

function titleOfAddress(address: string): string {
  const id = idOf(address)
  return id ? titleOf(id) : address
}

function stale(reason: string): FdwsyncError {
  return new FdwsyncError(
    { code: 'plan/stale', message: `the plan is stale: ${reason}`, hint: 'Nothing was changed. Plan again.' },
    exitCode.stale,
  )
}
