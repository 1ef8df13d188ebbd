// Reports of applies that tests render.

import { type Counts, noCounts } from '../../src/core/counts.ts'
import type { Report, StepReport } from '../../src/core/report.ts'

/** The report of an apply with these steps, each of which changes or loads one object. */
export function reportOf(steps: readonly StepReport[], more: Partial<Report> = {}): Report {
  const counts = (all: readonly StepReport[]): Counts => {
    const count = (action: StepReport['action']) => all.filter((step) => step.action === action).length
    const changes = {
      create: count('create'),
      alter: count('alter'),
      replace: count('replace'),
      drop: count('drop'),
    }
    return { ...noCounts, ...changes, load: count('populate') }
  }
  return {
    manifest: 'm',
    applyId: '0',
    steps,
    planned: counts(steps),
    applied: counts(steps.filter(({ outcome }) => outcome.status === 'applied')),
    warnings: [],
    undetermined: [],
    ...more,
  }
}
