// Finds the changes of a plan that an apply has carried out, object by object: a step may change several objects, and an object may
// take several steps.

import type { Change } from '../core/change.ts'
import { type Counts, countsOf } from '../core/counts.ts'
import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import type { Plan, Step } from '../core/plan.ts'
import { parentOfChange } from '../differ/changes.ts'
import { keysOf } from './expected-result.ts'
import type { FinishedStep } from './finished-step.ts'

/** The counts of what was applied. If everything was, they equal those of the plan. */
export function countsOfApplied({ changes, steps }: Plan, finished: readonly FinishedStep[]): Counts {
  const applied = new Set(finished.flatMap(([{ id }, { status }]) => (status === 'applied' ? [id] : [])))
  const isApplied = ({ id }: Step) => applied.has(id)
  const stepsOf = stepsByObject(steps)
  const definitions = steps.filter(({ stage }) => stage === 'define')
  return countsOf({
    changes: changes.filter(({ change }) => (stepsOf(change) ?? definitions).every(isApplied)),
    steps: steps.filter(isApplied),
  })
}

/** The number of objects that the steps change or load, including those that are dropped or replaced with their parents. */
export function countObjects({ changes }: Plan, steps: readonly Step[]): number {
  const stepsOf = stepsByObject(steps)
  return changes.filter(({ change }) => change.op !== 'adopt' && change.op !== 'release' && stepsOf(change)).length
}

/**
 * The steps that change an object: its own, or those that drop or replace its parent. A load counts only if it is the whole change.
 * Undefined for changes without a step, which the transaction of the definitions records.
 */
function stepsByObject(steps: readonly Step[]): (change: Change) => readonly Step[] | undefined {
  const byKey = groupBy(
    steps.flatMap((step) => Array.from(keysOf(step), (key) => ({ key, step }))),
    ({ key }) => key,
  )
  const of = (key: Key | undefined) => (key === undefined ? undefined : byKey.get(key)?.map(({ step }) => step))
  return (change) => {
    const own = of(change.key)
    const definitions = own?.filter(({ action }) => action !== 'populate')
    if (definitions?.length) return definitions
    return own ?? of(parentOfChange(change))
  }
}
