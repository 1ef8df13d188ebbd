// Decides which small copies are refreshed in one transaction: everything around a REFRESH takes longer than the REFRESH of an
// empty copy. Pure.

import type { Key } from '../core/object.ts'
import type { RefreshUnit } from './plan-refresh.ts'
import type { ChosenCopy } from './refresh-unit.ts'

/** A copy that is a unit of its own, and known to be small. */
export interface SmallCopy extends ChosenCopy {
  readonly unit: RefreshUnit
  /** How long its last load took. */
  readonly lastMilliseconds: number
}

/** A copy that is larger may take much longer than the last time. */
const smallBytes = 1024 * 1024
/**
 * The duration of a batch, for which readers of its first copy wait. It is also the longest load of a copy that counts as small.
 */
export const batchMilliseconds = 20
const mostCopies = 100
/** A copy with a shorter timeout has to be refreshed on its own, so that it can be cancelled. */
const shortestTimeoutMilliseconds = 1000

/** The small copies, by unit. `timeoutMilliseconds` is that of the run. */
export function smallCopies(
  units: readonly RefreshUnit[],
  timeoutMilliseconds: number | undefined,
): Map<Key, SmallCopy> {
  return new Map(
    units.flatMap((unit) => {
      const small = smallCopyOf(unit)
      const timeout = timeoutMilliseconds ?? small?.policy.timeoutMilliseconds ?? shortestTimeoutMilliseconds
      return small && timeout >= shortestTimeoutMilliseconds ? [[unit.id, small] as const] : []
    }),
  )
}

/** A connection costs as much as many small copies. */
const oneConnectionMilliseconds = 500

/** A lock that all small copies share, if a second connection would take longer than it saves. */
export function lockOfSmall(small: ReadonlyMap<Key, SmallCopy>): readonly string[] {
  const milliseconds = [...small.values()].reduce((sum, { lastMilliseconds }) => sum + lastMilliseconds, 0)
  return milliseconds < oneConnectionMilliseconds ? ['small copies'] : []
}

function smallCopyOf(unit: RefreshUnit): SmallCopy | undefined {
  const [planned, other] = unit.copies
  if (other || !planned || !('choice' in planned) || planned.policy.skipIfSame !== undefined) return undefined
  const { copy, policy, choice } = planned
  const { bytes, lastMilliseconds, isPopulated } = copy.facts
  if (!isPopulated || bytes > smallBytes) return undefined
  if (choice.strategy !== 'plain' && choice.strategy !== 'concurrently') return undefined
  const last = lastMilliseconds[choice.strategy] ?? lastMilliseconds.plain
  if (last === undefined || last > batchMilliseconds) return undefined
  return { copy, policy, choice, unit, lastMilliseconds: last }
}

/**
 * On a busy machine a load may have taken several times as long as it does now. Copies for which a batch has no time wait for the
 * next one.
 */
const chosenMilliseconds = 5 * batchMilliseconds

/** Chooses the candidates that are refreshed along with the first copy. */
export function chooseBatch(
  first: RefreshUnit,
  candidates: Iterable<RefreshUnit>,
  small: ReadonlyMap<Key, SmallCopy>,
): readonly RefreshUnit[] {
  const its = small.get(first.id)
  if (!its) return []
  const source = sourceOf(its)
  const chosen: RefreshUnit[] = []
  let milliseconds = its.lastMilliseconds
  for (const candidate of candidates) {
    if (chosen.length + 1 === mostCopies || milliseconds >= chosenMilliseconds) break
    const next = small.get(candidate.id)
    if (!next || sourceOf(next) !== source || milliseconds + next.lastMilliseconds > chosenMilliseconds) continue
    milliseconds += next.lastMilliseconds
    chosen.push(candidate)
  }
  return chosen
}

/** Copies of one batch are read through the same connections, so that no source gets more of them, or fails the copies of another. */
function sourceOf({ copy }: SmallCopy): string {
  const connections = copy.facts.connections.map(({ server, mapping }) => JSON.stringify([server, mapping]))
  return connections.toSorted().join()
}
