// Which copies a plan loads.

import type { Key } from '../core/object.ts'
import type { Step } from '../core/plan.ts'

export function copiesLoadedBy(steps: readonly Step[]): ReadonlySet<Key> {
  return new Set(
    steps.flatMap((step) => {
      if (step.action === 'replace') return step.members.flatMap(({ key, load }) => (load.length > 0 ? [key] : []))
      return step.action === 'populate' ? [step.key] : []
    }),
  )
}
