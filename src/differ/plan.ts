// Assembles a plan from its changes and steps: the cause of each change, and its hazards.

import type { Change } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Hazard, Plan, PlannedChange, Predecessor, Refusal, Step, Undetermined, Warning } from '../core/plan.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'
import { type ExplainedChange, explainChanges } from './cause.ts'
import { otherOwners } from './diff.ts'
import { displayOrder } from './steps/order.ts'

export interface PlanInput {
  readonly manifest: string
  readonly searchPath: readonly string[]
  readonly database: Plan['database']
  readonly fingerprint: string
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
  readonly unchanged: number
  readonly steps: readonly Step[]
  readonly throughViews: ReadsThroughViews
  /** By OID. */
  readonly predecessors: ReadonlyMap<number, Predecessor>
  readonly digests: SecretDigests
  readonly sourceChanges: SourceChanges
}

export function assemblePlan(input: PlanInput): Plan {
  const { manifest, searchPath, database, fingerprint, steps, refusals, undetermined, warnings, unchanged } = input
  const hazards = hazardsByKey(steps)
  const explained = explainChanges({ ...input, live: input.reading.live })
  const changes = displayOrder(input.changes).map((change) =>
    plannedChange(change, input, hazards.get(change.key) ?? [], explained(change)),
  )
  return { manifest, searchPath, database, fingerprint, changes, steps, refusals, undetermined, warnings, unchanged }
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
  input: PlanInput,
  hazards: readonly Hazard[],
  explained: ExplainedChange,
): PlannedChange {
  const id = idOf(change.key)
  const kind = id && kindOf(id)
  const wanted = change.op === 'create' || change.op === 'replace' ? change.to : undefined
  const predecessor = 'from' in change ? input.predecessors.get(change.from.oid) : undefined
  return {
    title: id ? titleOf(id) : change.key,
    summary: wanted ? (kind?.display?.summary?.(wanted.declared) ?? '') : '',
    details: change.op === 'create' ? (kind?.display?.details?.(change.to.declared) ?? []) : [],
    hazards: uniqueHazards(hazards),
    ...(predecessor ? { predecessor } : {}),
    beside: change.op === 'replace' && change.how === 'beside',
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
