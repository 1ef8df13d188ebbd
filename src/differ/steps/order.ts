// The orders in which changes can be carried out: definitions after what they need, drops before it.

import type { Change } from '../../core/change.ts'
import { topologicalOrder } from '../../core/graph.ts'
import { kindOf } from '../../kinds/registry.ts'
import { isOnlineReplacement } from '../changes.ts'
import type { DefiningChange, DroppingChange } from './changes.ts'

/** What is created, altered or replaced, each after what it needs. */
export function definitionOrder(changes: readonly Change[]): readonly DefiningChange[] {
  const defining = changes.filter(
    (change) => change.op === 'create' || change.op === 'alter' || change.op === 'replace',
  )
  const ranked = defining.sort((left, right) => kindOf(left.to.id).rank - kindOf(right.to.id).rank)
  return topologicalOrder(
    ranked,
    ({ key }) => key,
    ({ to }) => to.needs,
  )
}

/** What is dropped, each before what it needs. */
export function dropOrder(changes: readonly Change[]): readonly DroppingChange[] {
  const dropping = changes.flatMap((change): readonly DroppingChange[] => {
    if (change.op === 'drop') return [change]
    return change.op === 'replace' && !isOnlineReplacement(change) ? [change] : []
  })
  const ranked = dropping.sort((left, right) => kindOf(left.from.id).rank - kindOf(right.from.id).rank)
  return topologicalOrder(
    ranked,
    ({ key }) => key,
    ({ from }) => from.needs,
  ).toReversed()
}

/** The order in which a plan lists changes: definitions, drops, then those that only write in the ledger. */
export function displayOrder(changes: readonly Change[]): readonly Change[] {
  const drops = dropOrder(changes).filter(({ op }) => op === 'drop')
  const recorded = changes.filter(({ op }) => op === 'adopt' || op === 'release')
  return [...definitionOrder(changes), ...drops, ...recorded]
}
