// The changes of a plan as it lists them: in order, each with its cause and its hazards.

import type { Change } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Hazard, PlannedChange, Predecessor, Step } from '../core/plan.ts'
import { type Policy, underPolicy } from '../core/policy.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { type CauseInput, type ExplainedChange, explainChanges } from './cause.ts'
import { isOnlineReplacement } from './changes.ts'
import { otherOwners } from './diff.ts'
import { displayOrder } from './steps/order.ts'

export interface PlannedChangesInput extends CauseInput {
  readonly steps: readonly Step[]
  readonly policy: Policy | undefined
  /** By OID. */
  readonly predecessors: ReadonlyMap<number, Predecessor>
  /** Those that no step has, by object. */
  readonly hazards: readonly ReadonlyMap<Key, readonly Hazard[]>[]
}

export function plannedChanges(input: PlannedChangesInput): readonly PlannedChange[] {
  const hazards = hazardsByKey(input.steps)
  const explained = explainChanges(input)
  return displayOrder(input.changes).map((change) =>
    plannedChange(
      change,
      input,
      [hazards, ...input.hazards].flatMap((some) => some.get(change.key) ?? []),
      explained(change),
    ),
  )
}

type ObjectHazards = Pick<PlannedChange, 'hazards'> & { readonly key: Key }

/** The hazards of each object from all of its steps. A replacement step has several objects. */
function hazardsByKey(steps: readonly Step[]): ReadonlyMap<Key, readonly Hazard[]> {
  const objects = groupBy(
    steps.flatMap((step): readonly ObjectHazards[] => (step.action === 'replace' ? step.members : [step])),
    ({ key }) => key,
  )
  return new Map(Array.from(objects, ([key, all]) => [key, all.flatMap(({ hazards }) => hazards)]))
}

function plannedChange(
  change: Change,
  input: PlannedChangesInput,
  hazards: readonly Hazard[],
  explained: ExplainedChange,
): PlannedChange {
  const id = idOf(change.key)
  const kind = id && kindOf(id)
  const wanted = change.op === 'create' || change.op === 'replace' ? change.to : undefined
  const predecessor = change.op === 'replace' ? input.predecessors.get(change.from.oid) : undefined
  return {
    title: id ? titleOf(id) : change.key,
    summary: wanted ? (kind?.display?.summary?.(wanted.declared) ?? '') : '',
    details: change.op === 'create' ? (kind?.display?.details?.(change.to.declared) ?? []) : [],
    hazards: underPolicy(uniqueHazards(hazards), input.policy),
    ...(predecessor ? { predecessor } : {}),
    beside: isOnlineReplacement(change),
    takenFrom: takenFrom(change, input.ledger),
    ...explained,
  }
}

/** The other manifests that lose the object to this one. */
function takenFrom(change: Change, ledger: Ledger): readonly string[] {
  if (!('to' in change) || (change.op === 'replace' && change.isUnmanaged)) return []
  return otherOwners(change.to, ledger)
}

function uniqueHazards(hazards: readonly Hazard[]): readonly Hazard[] {
  return [...new Map(hazards.map((hazard) => [`${hazard.name} ${hazard.detail}`, hazard])).values()]
}
