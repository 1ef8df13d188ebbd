// Adds to what a plan reports its place in the manifest, for annotations on a pull request, for example.

import type { Place } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import type { PlanContext } from './context.ts'

export function addPlaces(plan: Plan, { declared, resolved }: Pick<PlanContext, 'declared' | 'resolved'>): Plan {
  const paths = new Map(declared.map(({ id, path }) => [keyOf(id), path]))
  const at = (key: Key | undefined): { readonly place?: Place } => {
    const path = key === undefined ? undefined : paths.get(key)
    return path ? { place: resolved.expanded.place(path) } : {}
  }
  return {
    ...plan,
    changes: plan.changes.map((planned) =>
      planned.hazards.length > 0 ? { ...planned, ...at(planned.change.key) } : planned,
    ),
    refusals: plan.refusals.map((refusal) => ({ ...refusal, ...at(refusal.key) })),
    undetermined: plan.undetermined.map((each) => ({ ...each, ...at(each.key) })),
    warnings: plan.warnings.map((warning) => ({ ...warning, ...at(warning.key) })),
  }
}
