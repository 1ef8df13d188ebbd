import type { Change, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Hazard, Plan, PlannedChange, Predecessor, Refusal, Step, Undetermined, Warning } from '../core/plan.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'
import { withCause } from './cause.ts'
import { otherOwners } from './diff.ts'
import { inOrder } from './steps/steps.ts'

export interface PlanInput {
  readonly manifest: string
  readonly searchPath: readonly string[]
  readonly database: Plan['database']
  readonly fingerprint: string
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly changes: readonly Change[]
  readonly dependents: readonly Dependent[]
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

/** Puts a plan together from the changes and the steps that they take: why each is, and what it costs. */
export function planOf(input: PlanInput): Plan {
  const { manifest, searchPath, database, fingerprint, steps, refusals, undetermined, warnings, unchanged } = input
  const hazards = hazardsByKey(steps)
  const changes = inOrder(input.changes).map((change) => planned(change, input, hazards.get(change.key) ?? []))
  return { manifest, searchPath, database, fingerprint, changes, steps, refusals, undetermined, warnings, unchanged }
}

type Part = Pick<PlannedChange, 'hazards'> & { readonly key: Key }

/** What all steps say of each object: a replacement is of several at once. */
function hazardsByKey(steps: readonly Step[]): ReadonlyMap<Key, readonly Hazard[]> {
  const parts = groupBy(
    steps.flatMap((step): readonly Part[] => (step.action === 'replace' ? step.members : [step])),
    ({ key }) => key,
  )
  return new Map(Array.from(parts, ([key, all]) => [key, all.flatMap(({ hazards }) => hazards)]))
}

function planned(change: Change, input: PlanInput, hazards: readonly Hazard[]): PlannedChange {
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
    ...withCause(change, { ...input, live: input.reading.live }),
  }
}

/** The other manifests that lose it to this one. */
function takenFrom(change: Change, ledger: Ledger): readonly string[] {
  if (!('to' in change) || (change.op === 'replace' && change.isUnmanaged)) return []
  return otherOwners(change.to, ledger)
}

function uniqueHazards(hazards: readonly Hazard[]): readonly Hazard[] {
  return [...new Map(hazards.map((hazard) => [`${hazard.name} ${hazard.detail}`, hazard])).values()]
}
