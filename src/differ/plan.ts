import type { Change, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Hazard, Plan, PlannedChange, Refusal, Step, Undetermined } from '../core/plan.ts'
import type { Dependent } from '../introspector/dependents.ts'
import type { Ledger } from '../introspector/ledger.ts'
import type { CatalogReading } from '../introspector/read.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { ReplacementGroup } from './replacements.ts'
import { inOrder, stepsOf } from './steps.ts'

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
  readonly warnings: readonly string[]
  readonly unchanged: number
  readonly populate: boolean
  readonly groups: ReadonlyMap<Key, ReplacementGroup>
  readonly movedQueries: ReadonlyMap<Key, string>
}

/** Puts a plan together from the changes: what is done in which order, why, and what it costs. */
export function planOf(input: PlanInput): Plan {
  const steps = stepsOf({ ...input, live: new Set(input.reading.live.keys()) })
  const { manifest, searchPath, database, fingerprint, refusals, undetermined, warnings, unchanged } = input
  const changes = inOrder(input.changes).map((change) => planned(change, input, steps))
  return { manifest, searchPath, database, fingerprint, changes, steps, refusals, undetermined, warnings, unchanged }
}

/** What a step says of one object: a replacement is of several at once. */
function hazardsFor(key: Key, step: Step): readonly Hazard[] {
  const parts = step.action === 'replace' ? step.members : [step]
  return parts.filter((part) => part.key === key).flatMap(({ hazards }) => hazards)
}

function planned(change: Change, input: PlanInput, steps: readonly Step[]): PlannedChange {
  const id = idOf(change.key)
  const kind = id && kindOf(id)
  const wanted = change.op === 'create' || change.op === 'replace' ? change.to : undefined
  return {
    change,
    title: id ? titleOf(id) : change.key,
    summary: wanted ? (kind?.summary?.(wanted.declared) ?? '') : '',
    details: change.op === 'create' ? (kind?.details?.(change.to.declared) ?? []) : [],
    hazards: uniqueHazards(steps.flatMap((step) => hazardsFor(change.key, step))),
    beside: change.op === 'replace' && change.how === 'beside',
    ...causeOf(change, input),
  }
}

function uniqueHazards(hazards: readonly Hazard[]): readonly Hazard[] {
  return [...new Map(hazards.map((hazard) => [hazard.name, hazard])).values()]
}

/** The ledger has what was declared when it was last applied. The same now: then it was not the manifest that changed. */
function causeOf(change: Change, { ledger, changes }: PlanInput): Pick<PlannedChange, 'cause' | 'because'> {
  const entry = ledger.entries.get(change.key)
  if (!entry) return { cause: undefined, because: [] }
  if (change.op === 'drop' || change.op === 'release' || change.op === 'adopt')
    return { cause: 'manifest', because: [] }
  // A secret is compared with the server's, not with an earlier declaration: which of the two changed is not known.
  if (change.op !== 'create' && change.fields.some(({ to }) => to === '(secret)'))
    return { cause: undefined, because: [] }
  // What holds no data was perhaps never filled.
  if (change.op === 'alter' && change.fields.every(({ effect }) => effect.how === 'populate'))
    return { cause: undefined, because: [] }
  const { recorded } = kindOf(change.to.id)
  const written = recorded ? recorded(change.to.written, undefined, () => '') : change.to.written
  if (!sameData(entry.declared, written)) return { cause: 'manifest', because: [] }
  // Only what has to be replaced takes its definition from what it reads; anything else was altered itself.
  const read =
    change.op === 'replace' ? changes.filter(({ op, key }) => op !== 'adopt' && change.to.needs.includes(key)) : []
  const because = read.flatMap(({ key }) => idOf(key) ?? [])
  return because.length > 0 ? { cause: 'dependency', because: because.map(titleOf) } : { cause: 'drift', because: [] }
}
