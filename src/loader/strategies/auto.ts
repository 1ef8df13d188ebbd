// Chooses the cheapest strategy with which readers do not wait. Pure.
//
// Compared with a plain REFRESH, CONCURRENTLY takes about
// three times the CPU time, and a swap 1.1 times and a fixed amount for the objects that it creates. So CONCURRENTLY is cheaper
// only for little data. If a REFRESH takes no longer than the longest pause that a swap causes, no other strategy is better.

import type { RefreshPolicy, StrategyName } from '../../core/refresh-policy.ts'
import { compare, planDigests } from './compare.ts'
import { concurrently } from './concurrently.ts'
import type { CopyFacts } from './strategy.ts'
import { swap } from './swap.ts'
import { scopeOf, watermark } from './watermark.ts'

export interface Choice {
  readonly strategy: StrategyName
  /** Why this strategy, as part of a sentence. */
  readonly reason: string
  /** Set if readers wait until the refresh has ended: what would change that. */
  readonly hint?: string
}

/** From this size on, a swap is cheaper than CONCURRENTLY. */
const swapBytes = 2 * 1024 * 1024
/** How long readers may wait. A swap, too, lets them wait up to this long. */
const briefMilliseconds = 60
/** A copy that is larger may take much longer than the last time. */
const briefBytes = 1024 * 1024

export const indexHint =
  'To refresh it while it is read, declare a unique index on plain columns that covers all rows: unique: true, without where.'

export function chooseStrategy(facts: CopyFacts, policy: RefreshPolicy): Choice {
  return facts.table ? chooseForTable(facts, policy) : chooseForView(facts, policy)
}

/** For less data than this, reading all of it is cheaper than a query for digests. */
const comparedBytes = 128 * 1024

/** Readers of a table never wait, so the strategy that reads and writes least is the best one. */
function chooseForTable(facts: CopyFacts, policy: RefreshPolicy): Choice {
  const obstacle = compare.obstacle(facts, policy)
  if (obstacle !== undefined) return { strategy: 'swap', reason: obstacle }
  const unusable = policy.watermark && watermark.obstacle(facts, policy)
  if (policy.watermark && unusable === undefined)
    return { strategy: 'watermark', reason: scopeOf(policy.watermark, facts).reason }
  const { strategy, reason } = chooseWithoutWatermark(facts)
  return { strategy, reason: unusable === undefined ? reason : `${unusable}; ${reason}` }
}

function chooseWithoutWatermark(facts: CopyFacts): Choice {
  if (facts.bytes < comparedBytes) return { strategy: 'merge', reason: 'it is small' }
  const digests = planDigests(facts)
  return 'reason' in digests
    ? { strategy: 'merge', reason: digests.reason }
    : { strategy: 'compare', reason: 'it has a primary key, so only blocks of rows that differ are read' }
}

function chooseForView(facts: CopyFacts, policy: RefreshPolicy): Choice {
  if (!facts.isPopulated) return { strategy: 'plain', reason: 'it holds no data yet, so no reader waits' }
  const obstacle = swap.obstacle(facts, policy)
  if (concurrently.obstacle(facts, policy) === undefined) {
    if (obstacle !== undefined) return { strategy: 'concurrently', reason: `it cannot be swapped: ${obstacle}` }
    return facts.bytes < swapBytes
      ? { strategy: 'concurrently', reason: 'it is small' }
      : { strategy: 'swap', reason: 'for its size, that is cheaper than CONCURRENTLY' }
  }
  if (policy.group === undefined && isBrief(facts))
    return { strategy: 'plain', reason: 'it takes no longer than a swap would let readers wait' }
  const lacked = facts.hasUniqueIndex ? facts.lackedByOwner : undefined
  const { reason, hint } = lacked ?? { reason: 'it has no unique index', hint: indexHint }
  if (obstacle === undefined) return { strategy: 'swap', reason: `${reason}, which CONCURRENTLY needs` }
  return {
    strategy: 'plain',
    reason: `readers wait: ${reason}, which CONCURRENTLY needs, and it cannot be swapped: ${obstacle}`,
    hint,
  }
}

/**
 * Not for a copy with a group, whose readers would also wait for what the transaction does to the other copies. A swap takes longer
 * than a REFRESH. So a quick swap shows that a slow last REFRESH had another reason, such as a busy machine.
 */
function isBrief({ bytes, lastMilliseconds: { plain, swap } }: CopyFacts): boolean {
  const isQuick = (milliseconds: number | undefined) => milliseconds !== undefined && milliseconds < briefMilliseconds
  return bytes < briefBytes && (isQuick(plain) || isQuick(swap))
}
