// An estimate of the entries that a plan takes in the server's lock table, which is finite.

import { idOf, type Key } from '../../core/object.ts'
import type { Step } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'

/** For the ledger, whose tables may have to be created, and for the catalogs. */
const baseline = 50

/** About how many locks the largest transaction of a plan holds at its end. */
export function locksNeeded(steps: readonly Step[]): number {
  const definitions = sum(steps.filter(({ stage }) => stage === 'define').map(locksOf))
  const builds = steps.filter(({ stage }) => stage === 'build').map(locksOf)
  return builds.reduce((most, locks) => Math.max(most, locks), definitions) + baseline
}

function locksOf(step: Step): number {
  switch (step.action) {
    case 'create':
    case 'alter':
      return locksOfKind(step.key).create
    case 'drop':
      return locksOfKind(step.key).drop
    case 'replace':
      return sum(
        step.members.map(({ key, children }) => locksOfKind(key).create + locksOfKind(key).drop + children.length),
      )
    case 'populate':
      return 1
  }
}

function locksOfKind(key: Key): { readonly create: number; readonly drop: number } {
  const id = idOf(key)
  return id ? kindOf(id).locks : { create: 1, drop: 1 }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
