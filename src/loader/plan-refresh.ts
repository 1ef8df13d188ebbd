// Plans a refresh: by which strategy each copy is refreshed, and which copies share a transaction. Pure.

import { groupBy } from '../core/data.ts'
import { disjointSets } from '../core/graph.ts'
import type { Key } from '../core/object.ts'
import { whyNotOneMoment } from '../core/one-moment.ts'
import { defaultPolicy, type RefreshPolicy, type RefreshStrategy } from '../core/refresh-policy.ts'
import type { RefreshTarget } from './copies.ts'
import { type Choice, chooseStrategy, indexHint } from './strategies/auto.ts'
import { strategyNamed } from './strategies/strategies.ts'
import type { Copy } from './strategies/strategy.ts'

/** Why a copy is not refreshed. */
export interface RefreshRefusal {
  readonly reason: string
  readonly hint: string
}

export type PlannedCopy =
  | { readonly target: RefreshTarget; readonly copy: Copy; readonly policy: RefreshPolicy; readonly choice: Choice }
  | { readonly target: RefreshTarget; readonly refusal: RefreshRefusal }

/** Copies that are refreshed in one transaction. Most units have one copy. */
export interface RefreshUnit {
  readonly id: Key
  /** Each comes after those that it reads. */
  readonly copies: readonly PlannedCopy[]
  /** The units that must have ended before. */
  readonly after: readonly Key[]
}

export interface RefreshRequest {
  /** Each comes after those that it reads. */
  readonly targets: readonly RefreshTarget[]
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** The strategy for all copies of this run. Undefined: the strategies of their policies. */
  readonly strategy: RefreshStrategy | undefined
}

/** The units, each after those that it needs. */
export function planRefresh(request: RefreshRequest): readonly RefreshUnit[] {
  const unswappable = new Map<Key, string>()
  for (;;) {
    const planned = chooseForAll(request, unswappable)
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

function isSwapped(planned: PlannedCopy): boolean {
  return 'choice' in planned && planned.choice.strategy === 'swap'
}

function chooseForAll({ targets, policies, strategy }: RefreshRequest, unswappable: ReadonlyMap<Key, string>) {
  const byKey = new Map(targets.map((target) => [target.key, target]))
  const policyOf = (key: Key): RefreshPolicy => {
    const policy = policies.get(key) ?? defaultPolicy
    return strategy === undefined ? policy : { ...policy, strategy }
  }
  const asked = strategy === undefined ? 'as declared' : 'as asked for'
  const obstacles = new Map<Key, string | undefined>()
  const planned = new Map<Key, PlannedCopy>()
  for (const target of targets) planned.set(target.key, choose(target))
  for (const target of targets) {
    if (isSwapped(planned.get(target.key) ?? { target, refusal: missing })) swapReaders(target)
  }
  return [...planned.values()]

  function choose(target: RefreshTarget): PlannedCopy {
    const { copy, key } = target
    if (!copy) return { target, refusal: missing }
    const policy = policyOf(key)
    // Copies that are swapped together also fail together, so they are only if the policy asks for it.
    if (policy.strategy === 'auto') {
      const [reader] = target.readers
      const swapObstacle =
        copy.facts.swapObstacle ?? (reader && `${reader.title} reads it, and would be swapped with it`)
      return { target, copy, policy, choice: chooseStrategy({ ...copy.facts, swapObstacle }, policy) }
    }
    const facts = { ...copy.facts, swapObstacle: obstacleOf(key) }
    const obstacle = strategyNamed(policy.strategy).obstacle(facts, policy)
    if (obstacle === undefined) return { target, copy, policy, choice: { strategy: policy.strategy, reason: asked } }
    // The first load needs no unique index, and no reader waits for it.
    if (policy.strategy === 'concurrently' && !facts.isPopulated)
      return { target, copy, policy, choice: chooseStrategy(facts, policy) }
    const hint =
      policy.strategy === 'concurrently' && !facts.table
        ? indexHint
        : 'Use another strategy, or auto, which chooses one.'
    return { target, refusal: { reason: `it cannot be refreshed by strategy ${policy.strategy}: ${obstacle}`, hint } }
  }

  /** Why a copy cannot be swapped together with its readers. */
  function obstacleOf(key: Key): string | undefined {
    if (!obstacles.has(key)) obstacles.set(key, findObstacle(key))
    return obstacles.get(key)
  }

  function findObstacle(key: Key): string | undefined {
    const target = byKey.get(key)
    const own = target?.copy?.facts.swapObstacle ?? unswappable.get(key)
    if (own !== undefined || !target) return own
    for (const reader of target.readers) {
      if (!byKey.has(reader.key)) return `${reader.title} reads it, and is not refreshed with it`
      const asked = policyOf(reader.key).strategy
      if (asked !== 'auto' && asked !== 'swap') return `${reader.title} reads it, and has the strategy ${asked}`
      const obstacle = obstacleOf(reader.key)
      if (obstacle !== undefined) return `${reader.title} reads it, and cannot be swapped: ${obstacle}`
    }
    return undefined
  }

  function swapReaders({ title, readers }: RefreshTarget): void {
    for (const { key } of readers) {
      const reader = planned.get(key)
      if (!reader || !('choice' in reader) || isSwapped(reader)) continue
      planned.set(key, { ...reader, choice: { strategy: 'swap', reason: `it reads ${title}, which is swapped` } })
      swapReaders(reader.target)
    }
  }
}

const missing: RefreshRefusal = { reason: 'it does not exist', hint: 'Run fdwsync apply first.' }

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
