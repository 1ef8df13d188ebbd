// Counts in words, in one way for plans, reports and the history.

import type { Counts } from '../../core/counts.ts'
import { numberText } from '../../core/some-of.ts'
import { counted } from './layout.ts'

type Shown = Omit<Counts, 'load'> & Partial<Counts>

const operations = ['create', 'alter', 'replace', 'drop'] as const
const participles = { create: 'created', alter: 'altered', replace: 'replaced', drop: 'dropped' } as const

/** `2 to create, 1 to drop · 3 to record · loads 2 copies from the source`, in parts. */
export function plannedParts(counts: Shown): readonly string[] {
  const changes = operations.flatMap((op) => (counts[op] > 0 ? [`${numberText(counts[op])} to ${op}`] : []))
  const [recorded, { load = 0 }] = [recordedIn(counts), counts]
  return [
    changes.join(', '),
    recorded > 0 ? `${numberText(recorded)} to record` : '',
    load > 0 ? `loads ${counted(load, 'copy', 'copies')} from the source` : '',
  ].filter((part) => part !== '')
}

/** `2 created, 1 dropped, 3 recorded, 2 loaded`. */
export function doneText(counts: Counts): string {
  const changes = operations.map((op) => [counts[op], participles[op]] as const)
  const all = [...changes, [recordedIn(counts), 'recorded'] as const, [counts.load, 'loaded'] as const]
  return all.flatMap(([count, done]) => (count > 0 ? [`${numberText(count)} ${done}`] : [])).join(', ')
}

/**
 * What was planned and not done. A copy that was not loaded is empty; an object that was not replaced still serves readers.
 * @param loads the first loads that failed; that of a replacement is part of it
 */
export function missedText(planned: Counts, applied: Counts, loads: number): string {
  const missed = operations.flatMap((op) => {
    const count = planned[op] - applied[op]
    return count > 0 ? [`${counted(count, 'object')} not ${participles[op]}`] : []
  })
  return [...(loads > 0 ? [`${counted(loads, 'copy', 'copies')} could not be loaded`] : []), ...missed].join(', ')
}

/** How many objects have a change of the ledger alone. */
function recordedIn({ adopt, release }: Shown): number {
  return adopt + release
}
