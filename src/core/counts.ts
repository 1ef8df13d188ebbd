// How many objects a plan changes. Every count that is shown or recorded, before or after an apply, comes from here.

import type { Change } from './change.ts'
import type { Plan, Step } from './plan.ts'

/** Objects by the operation on them, and the views whose data is loaded. */
export type Counts = Readonly<Record<Change['op'] | 'load', number>>

export function countsOf({ changes, steps }: Pick<Plan, 'changes' | 'steps'>): Counts {
  const count = (op: Change['op']) => changes.filter(({ change }) => change.op === op).length
  return {
    create: count('create'),
    alter: count('alter'),
    replace: count('replace'),
    drop: count('drop'),
    adopt: count('adopt'),
    release: count('release'),
    load: steps.reduce((sum, step) => sum + loadsOf(step), 0),
  }
}

export const noCounts = countsOf({ changes: [], steps: [] })

/** A replacement without load statements reads nothing. */
function loadsOf(step: Step): number {
  if (step.action === 'replace') return step.members.filter(({ load }) => load.length > 0).length
  return step.action === 'populate' ? 1 : 0
}
