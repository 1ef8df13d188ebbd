// Chooses the strategy by which each copy is refreshed, or refuses to refresh it. Pure.

import type { Key } from '../core/object.ts'
import { defaultPolicy, type RefreshPolicy, type RefreshStrategy } from '../core/refresh-policy.ts'
import type { RefreshTarget } from './copies.ts'
import { type Choice, chooseStrategy, indexHint } from './strategies/auto.ts'
import { strategyNamed } from './strategies/strategies.ts'
import type { Copy, CopyFacts } from './strategies/strategy.ts'

/** Why a copy is not refreshed. */
export interface RefreshRefusal {
  readonly reason: string
  readonly hint: string
}

export type PlannedCopy =
  | { readonly target: RefreshTarget; readonly copy: Copy; readonly policy: RefreshPolicy; readonly choice: Choice }
  | { readonly target: RefreshTarget; readonly refusal: RefreshRefusal }

export interface RefreshRequest {
  /** Each comes after those that it reads. */
  readonly targets: readonly RefreshTarget[]
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** The strategy for all copies of this run. Undefined: the strategies of their policies. */
  readonly strategy: RefreshStrategy | undefined
}

/** @param unswappable reasons why copies cannot be swapped, beside those that their facts show */
export function chooseStrategies(
  request: RefreshRequest,
  unswappable: ReadonlyMap<Key, string>,
): readonly PlannedCopy[] {
  const { targets, strategy } = request
  const obstacles = swapObstacles(request, unswappable)
  const obstaclesOfAuto = swapObstacles({ targets, policies: new Map(), strategy: undefined }, unswappable)
  const reason = strategy === undefined ? 'as declared' : 'as asked for'
  const planned = new Map(
    targets.map((target) => {
      const policy = policyOf(request, target.key)
      // Copies that are swapped together also fail together, so they are only if the policy asks for it.
      const choice =
        policy.strategy === 'auto'
          ? chooseFreely(target, policy, obstaclesOfAuto.get(target.key))
          : requireStrategy(target, policy, { strategy: policy.strategy, reason }, obstacles.get(target.key))
      return [target.key, choice] as const
    }),
  )
  for (const { key, title, readers } of targets) {
    if (!isSwapped(planned.get(key))) continue
    for (const reader of readers) {
      const other = planned.get(reader.key)
      if (!other || !('choice' in other) || isSwapped(other)) continue
      planned.set(reader.key, { ...other, choice: { strategy: 'swap', reason: `it reads ${title}, which is swapped` } })
    }
  }
  return [...planned.values()]
}

export function isSwapped(planned: PlannedCopy | undefined): boolean {
  return planned !== undefined && 'choice' in planned && planned.choice.strategy === 'swap'
}

function policyOf({ policies, strategy }: RefreshRequest, key: Key): RefreshPolicy {
  const policy = policies.get(key) ?? defaultPolicy
  return strategy === undefined ? policy : { ...policy, strategy }
}

/** By the key of each target, why it cannot be swapped together with its readers. */
function swapObstacles(
  request: RefreshRequest,
  unswappable: ReadonlyMap<Key, string>,
): ReadonlyMap<Key, string | undefined> {
  const obstacles = new Map<Key, string | undefined>()
  const obstacleOfReader = ({ key, title }: RefreshTarget['readers'][number]) => {
    if (!obstacles.has(key)) return `${title} reads it, and is not refreshed with it`
    const { strategy } = policyOf(request, key)
    if (strategy !== 'auto' && strategy !== 'swap') return `${title} reads it, and has the strategy ${strategy}`
    const obstacle = obstacles.get(key)
    return obstacle && `${title} reads it, and cannot be swapped: ${obstacle}`
  }
  // Readers come first.
  for (const { key, copy, readers } of request.targets.toReversed()) {
    const own = copy?.facts.swapObstacle ?? unswappable.get(key)
    obstacles.set(key, own ?? readers.map(obstacleOfReader).find((obstacle) => obstacle !== undefined))
  }
  return obstacles
}

const missing: RefreshRefusal = { reason: 'missing from the database', hint: 'Run fdwsync apply first.' }

/** @param obstacle why it cannot be swapped, be it together with its readers */
function chooseFreely(target: RefreshTarget, policy: RefreshPolicy, obstacle: string | undefined): PlannedCopy {
  const { copy, readers } = target
  if (!copy) return { target, refusal: missing }
  const [reader] = readers
  const swapObstacle = copy.facts.swapObstacle ?? (reader && `${reader.title} reads it, and would be swapped with it`)
  const choice = chooseStrategy({ ...copy.facts, swapObstacle }, policy)
  if (choice.strategy !== 'swap' || obstacle === undefined) return { target, copy, policy, choice }
  return { target, refusal: { reason: `${choice.reason}, and it cannot be swapped: ${obstacle}`, hint: keyHint } }
}

/** For a table that nothing but a swap can refresh. */
const keyHint =
  'Declare a primary key, with which only rows that differ are written. If copies of the manifest read it, refresh them with it (NAME+).'

function requireStrategy(
  target: RefreshTarget,
  policy: RefreshPolicy,
  required: Choice,
  swapObstacle: string | undefined,
): PlannedCopy {
  const { copy } = target
  if (!copy) return { target, refusal: missing }
  const { strategy } = required
  const facts = { ...copy.facts, swapObstacle }
  const obstacle = strategyNamed(strategy).obstacle(facts, policy)
  if (obstacle === undefined) return { target, copy, policy, choice: required }
  // The first load needs no unique index, and no reader waits for it.
  if (strategy === 'concurrently' && !facts.isPopulated)
    return { target, copy, policy, choice: chooseStrategy(facts, policy) }
  return {
    target,
    refusal: { reason: `it cannot be refreshed by strategy ${strategy}: ${obstacle}`, hint: hintFor(strategy, facts) },
  }
}

function hintFor(strategy: RefreshStrategy, { table }: CopyFacts): string {
  if (strategy === 'concurrently' && !table) return indexHint
  if (strategy === 'swap' && table?.key.length === 0) return keyHint
  return 'Use another strategy, or auto, which chooses one.'
}
