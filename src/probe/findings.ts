import type { DeclaredObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { titleOf } from '../kinds/registry.ts'
import type { ProbeRun } from './run.ts'

/** A part of something that could not be tried out could not be tried either. */
export function recordUntried(run: ProbeRun, objects: readonly DeclaredObject[]): void {
  const noted = new Set(run.findings.map(({ key }) => key))
  for (const { id, needs } of objects) {
    if (run.wanted.has(keyOf(id)) || noted.has(keyOf(id))) continue
    const missing = needs.find((need) => run.settled.has(need) && !run.wanted.has(need))
    run.findings.push(dependencyFinding(run, id, missing))
  }
}

/** What is to be said of an object of which nothing can be known for the sake of another. */
export function dependencyFinding(run: ProbeRun, id: ObjectId, missing: Key | undefined): ProbeFinding {
  const needed = missing === undefined ? undefined : run.settled.get(missing)
  const reason = needed ? `it needs ${titleOf(needed.id)}` : 'what it needs could not be tried out'
  return { code: 'object/dependency-undetermined', key: keyOf(id), status: 'follows', reason, hint: '' }
}

/** It is shown with a name that only the probe has: of something that people made, and that could not be made anew. */
export function leakFinding(key: Key): ProbeFinding {
  return {
    code: 'object/not-probed',
    key,
    status: 'undetermined',
    reason: 'it uses what this plan changes through something that the manifest does not declare',
    hint: 'Apply the other changes first, without this one.',
  }
}
