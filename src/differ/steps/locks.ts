import { idOf, type Key } from '../../core/object.ts'
import type { Step } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'

/** The ledger, which may have to be made, and the catalog. */
const always = 50

/** How many locks the largest transaction of a plan holds at its end, about: a server has room for so many only. */
export function locksNeeded(steps: readonly Step[]): number {
  const definitions = sum(steps.filter(({ stage }) => stage === 'define').map(locksOf))
  const builds = steps.filter(({ stage }) => stage === 'build').map(locksOf)
  return builds.reduce((most, locks) => Math.max(most, locks), definitions) + always
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
