// The findings for objects that could not be probed.

import type { DeclaredObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { describeExposure, type SecretExposure, waysOut } from '../db/secrets/exposure.ts'
import { titleOf } from '../kinds/registry.ts'
import type { ProbeRun } from './run.ts'

/** Adds findings for objects that were not reached, because something that they need failed. */
export function recordUnchecked(run: ProbeRun, objects: readonly DeclaredObject[]): void {
  const noted = new Set(run.findings.map(({ key }) => key))
  for (const { id, needs } of objects) {
    if (run.wanted.has(keyOf(id)) || noted.has(keyOf(id))) continue
    const missing = needs.find((need) => run.settled.has(need) && !run.wanted.has(need))
    run.findings.push(dependencyFinding(run, id, missing))
  }
}

/** The finding for an object that is unknown only because another one is. */
export function dependencyFinding(run: ProbeRun, id: ObjectId, missing: Key | undefined): ProbeFinding {
  const needed = missing === undefined ? undefined : run.settled.get(missing)
  const reason = needed ? `it needs ${titleOf(needed.id)}` : 'what it needs could not be checked'
  return { code: 'object/dependency-undetermined', key: keyOf(id), status: 'follows', reason, hint: '' }
}

/**
 * For an object that uses an unmanaged object, such as a function, over something that this plan changes. The probe cannot
 * determine the result, since the unmanaged object refers to the live one, not to the one that the probe has created.
 */
export function leakFinding(key: Key): ProbeFinding {
  return {
    code: 'object/not-probed',
    key,
    status: 'undetermined',
    reason: 'it uses an undeclared object that uses something which this plan changes',
    hint: 'Apply the other changes first, without this one.',
  }
}

/** For an object that the server may accept only with its secrets, which the server would record. */
export function exposureFinding(key: Key, exposing: readonly SecretExposure[]): ProbeFinding {
  return {
    code: 'secret/exposed',
    key,
    status: 'undetermined',
    reason: `whether the server accepts its secrets was not tried: ${describeExposure(exposing)}`,
    hint: waysOut(exposing),
  }
}

export function unresolvedFinding(key: Key, { code, message, hint = '' }: Problem): ProbeFinding {
  return { code, key, status: 'undetermined', reason: `it was not compared: ${message}`, hint }
}

/** The server accepts neither the declaration nor what exists. */
export function unlikeLiveFinding(key: Key, reason: string): ProbeFinding {
  return {
    code: 'object/not-probed',
    key,
    status: 'undetermined',
    reason: `the server no longer accepts the existing object, so a change of it cannot be checked: ${reason}`,
    hint: 'Declare the object as it exists, or correct it by hand first.',
  }
}
