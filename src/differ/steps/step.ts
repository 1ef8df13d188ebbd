import type { Change, Replace, WantedObject } from '../../core/change.ts'
import type { Dependent } from '../../core/dependent.ts'
import type { Key } from '../../core/object.ts'
import type { Hazard, StageName } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'
import type { ReplacementGroup } from '../replacements.ts'
import { resultTypeHazards } from './result-type.ts'

export interface StepInput {
  readonly changes: readonly Change[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly dependents: readonly Dependent[]
  /** Live objects that something else is a part of, by key: an index on one of them reads its data. */
  readonly live: ReadonlySet<Key>
  readonly populate: boolean
  /** By member. */
  readonly groups: ReadonlyMap<Key, ReplacementGroup>
  /** The queries of those that read others of their group, which stand elsewhere while they are built. */
  readonly movedQueries: ReadonlyMap<Key, string>
}

export type Making = Extract<Change, { op: 'create' | 'alter' | 'replace' }>

/** The step that builds an object. */
export function buildId(key: Key, input: StepInput): string {
  const group = input.groups.get(key)
  return group ? groupId(group) : stepId('build', key)
}

export function isReplacedBeside(change: Change): boolean {
  return change.op === 'replace' && change.how === 'beside'
}

export function stepId(stage: StageName, key: Key): string {
  return `${stage} ${key}`
}

/** An object, or the whole that it is a part of; of a part that moves both wholes. */
export function locksOf(change: Making | Dropping): readonly Key[] {
  const objects = [...('from' in change ? [change.from] : []), ...('to' in change ? [change.to] : [])]
  return [...new Set(objects.map(({ id, spec }) => kindOf(id).child?.parentOf(spec, id) ?? change.key))]
}

export function hazardsOf(change: Change): readonly Hazard[] {
  if (change.op === 'adopt' || change.op === 'release') return []
  // Its successor is compared with what it sets aside.
  const compared = (change.op === 'create' && change.renamesAside) || change
  const object = compared.op === 'drop' ? compared.from : compared.to
  return [...(kindOf(object.id).hazards?.(compared) ?? []), ...resultTypeHazards(compared)]
}

export type Drop = Extract<Change, { op: 'drop' }>

/** What goes for good, or is made again in its place. */
export type Dropping = Drop | Replace

export function dropId(stage: StageName, key: Key): string {
  return `${stepId(stage, key)} drop`
}

/** A part goes, or is made anew, together with what it is a part of. */
export function goesWithItsWhole(change: Change, { changes }: Pick<StepInput, 'changes'>): boolean {
  const whole = wholeOf(change)
  return whole !== undefined && changes.some(({ key, op }) => key === whole && (op === 'drop' || op === 'replace'))
}

function wholeOf(change: Change): Key | undefined {
  if (change.op === 'adopt' || change.op === 'release') return undefined
  const object = change.op === 'drop' ? change.from : change.to
  return kindOf(object.id).child?.parentOf(object.spec, object.id)
}

export function groupId({ members }: ReplacementGroup): string {
  return stepId('build', members.at(-1)?.key ?? ('' as Key)) // a group has members
}
