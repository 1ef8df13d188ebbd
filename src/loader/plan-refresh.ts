// Plans a refresh: which copies share a transaction, in which order, and by which strategy each is refreshed. Pure.

import { groupBy } from '../core/data.ts'
import { disjointSets } from '../core/graph.ts'
import type { Key } from '../core/object.ts'
import { whyNotOneMoment } from '../core/one-moment.ts'
import {
  chooseStrategies,
  isSwapped,
  type PlannedCopy,
  type RefreshRefusal,
  type RefreshRequest,
} from './choose-strategies.ts'

/** Copies that are refreshed in one transaction. Most units have one copy. */
export interface RefreshUnit {
  readonly id: Key
  /** Each comes after those that it reads. */
  readonly copies: readonly PlannedCopy[]
  /** The units that must have ended before. */
  readonly after: readonly Key[]
}

/** The units, each after those that it needs. */
export function planRefresh(request: RefreshRequest): readonly RefreshUnit[] {
  const unswappable = new Map<Key, string>()
  for (;;) {
    const planned = chooseStrategies(request, unswappable)
    const units = unitsOf(request, planned)
    const inCircle = unitsInCircles(units)
    if (inCircle.length === 0) return units.map(requireOneMoment)
    // A copy that is swapped with its readers would wait for one that reads it through a view, and that one for the copy.
    const culprits = inCircle.flatMap(({ copies }) =>
      copies.filter((each) => isSwapped(each) && each.target.readers.length > 0),
    )
    // The others are groups with a copy between two of their members.
    if (culprits.length === 0)
      return units.map((unit) => (inCircle.includes(unit) ? refuseUnit(unit, circle) : requireOneMoment(unit)))
    for (const { target } of culprits)
      unswappable.set(target.key, 'a copy that is refreshed with it reads it through a view too')
  }
}

const circle: RefreshRefusal = {
  reason: 'a copy outside of a group reads one of its members, and another member reads that copy',
  hint: 'Add the copy between to the group.',
}

function refuseUnit(unit: RefreshUnit, refusal: RefreshRefusal): RefreshUnit {
  return { ...unit, after: [], copies: unit.copies.map(({ target }) => ({ target, refusal })) }
}

/** Refuses a group that postgres_fdw cannot read in one snapshot. */
function requireOneMoment(unit: RefreshUnit): RefreshUnit {
  const groups = groupBy(
    unit.copies.flatMap((each) => ('policy' in each && each.policy.group !== undefined ? [each] : [])),
    ({ policy }) => policy.group,
  )
  for (const [group = '', copies] of groups) {
    const members = copies.map(({ copy: { title, facts } }) => ({ title, connections: facts.connections }))
    const problem = whyNotOneMoment(group, members)
    if (problem) return refuseUnit(unit, { reason: problem.reason, hint: problem.hint })
  }
  return unit
}

function unitsOf({ policies }: RefreshRequest, planned: readonly PlannedCopy[]): readonly RefreshUnit[] {
  const byKey = new Map(planned.map((each) => [each.target.key, each]))
  const sets = disjointSets<PlannedCopy>()
  for (const each of planned) {
    if (isSwapped(each)) sets.unite([each, ...each.target.readers.flatMap(({ key }) => byKey.get(key) ?? [])])
  }
  const groups = groupBy(
    planned.filter(({ target }) => policies.get(target.key)?.group !== undefined),
    ({ target }) => policies.get(target.key)?.group,
  )
  for (const group of groups.values()) sets.unite(group)
  const members = [...groupBy(planned, sets.find)].map(([{ target }, copies]) => ({ id: target.key, copies }))
  const unitOf = new Map(members.flatMap(({ id, copies }) => copies.map(({ target }) => [target.key, id] as const)))
  return members.map(({ id, copies }) => {
    const after = new Set(copies.flatMap(({ target }) => target.reads.flatMap((key) => unitOf.get(key) ?? [])))
    return { id, copies, after: [...after].filter((other) => other !== id) }
  })
}

/** The units that wait for themselves through others. */
function unitsInCircles(units: readonly RefreshUnit[]): readonly RefreshUnit[] {
  const remaining = new Map(units.map((unit) => [unit.id, unit]))
  for (;;) {
    const free = [...remaining.values()].filter(({ after }) => after.every((id) => !remaining.has(id)))
    if (free.length === 0) return [...remaining.values()]
    for (const { id } of free) remaining.delete(id)
  }
}
