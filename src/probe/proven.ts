// Skips the probe for objects that the ledger proves to be unchanged.

import type { DeclaredObject, LiveObject, LiveState } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import { keyOf } from '../core/object.ts'
import { namesInSql } from '../introspector/sql-names.ts'
import { areDeclaredAlike } from '../kinds/recorded.ts'
import { kindOf, parentOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { byName } from './found-by-name.ts'
import { differences, isKnown, type ProbeRun, recordWanted } from './run.ts'

/**
 * Determines what is wanted of objects that are unchanged, have an unchanged dependency digest, and read nothing that this
 * plan creates or changes. Returns their keys.
 */
export function settleProven(run: ProbeRun): ReadonlySet<Key> {
  const { reading, ledger, dependencyDigests, unresolved } = run.input
  const candidates = new Map(
    [...run.settled].filter(
      ([key]) =>
        !unresolved.has(key) &&
        dependencyDigests.has(key) &&
        ledger.entries.get(key)?.dependencyDigest === dependencyDigests.get(key),
    ),
  )
  if (candidates.size === 0) return new Set()
  const unstable = unstableKeys(run, candidates)
  // A new type or extension can change the meaning of any SQL, and readers do not find a renamed relation by its name.
  const isRenamed =
    reading.declaredKeys?.size || [...reading.live.values()].some(({ renamedColumns }) => renamedColumns)
  if (isRenamed || [...unstable].some((key) => isFoundByName(run, key))) return new Set()
  const fresh = new Set([...unstable].filter((key) => !reading.live.has(key)).flatMap((key) => nameOf(run, key)))
  // Probing a child, such as an index, takes a stand-in of its parent.
  const parentsToProbe = new Set(
    [...run.settled].flatMap(([key, object]) => (candidates.has(key) ? [] : (parentOf(object) ?? []))),
  )
  for (let isSettled = false; !isSettled; ) {
    isSettled = true
    // An object that must be probed can pass on a change to its readers. So repeat until nothing else is affected.
    for (const [key, object] of run.settled) {
      if (unstable.has(key)) continue
      const needs = reading.live.get(key)?.needs ?? []
      const mustProbe = candidates.has(key) && parentsToProbe.has(key)
      if (!mustProbe && !needs.some((need) => unstable.has(need)) && !mentions(object, fresh)) continue
      candidates.delete(key)
      unstable.add(key)
      isSettled = false
    }
  }
  for (const [key, object] of candidates) {
    const live = reading.live.get(key)
    if (live) recordAsLive(run, object, live)
  }
  return new Set(candidates.keys())
}

/** Records that what is wanted is what exists. */
export function recordAsLive(run: ProbeRun, object: DeclaredObject, live: LiveObject): void {
  const { probe: how } = kindOf(object.id)
  if (how.how !== 'read-back') return
  const known = live.needs.filter((need) => isKnown(run, need))
  recordWanted(run, object, how.wanted(live.spec, object.spec, undefined, undefined), known)
}

/** Whether neither the object nor its declaration has changed since the last apply. */
export function isUnchanged({ input, settled }: ProbeRun, { id }: DeclaredObject, live: LiveObject): boolean {
  const key = keyOf(id)
  const entry = input.ledger.entries.get(key)
  return (
    live.digest !== null &&
    entry?.digest === live.digest &&
    areDeclaredAlike(id, entry.declared, settled.get(key)?.written)
  )
}

/** Objects that do not exist, or that visibly differ from their declaration, as far as that needs no server. */
function unstableKeys(run: ProbeRun, candidates: ReadonlyMap<Key, DeclaredObject>): Set<Key> {
  const unstable = new Set<Key>()
  for (const [key, object] of run.settled) {
    const live = run.input.reading.live.get(key)
    if (candidates.has(key)) continue
    if (!live || differences(run, object, live).length > 0) unstable.add(key)
  }
  return unstable
}

/** Whether its SQL contains a name that a new object will have, and so could refer to that object. */
function mentions({ id, spec }: DeclaredObject, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false
  const mentioned = namesInSql(kindOf(id).sqlFragments?.(spec) ?? [])
  return mentioned === undefined || mentioned.some((name) => names.has(name))
}

function isFoundByName(run: ProbeRun, key: Key): boolean {
  const id = run.settled.get(key)?.id
  return id !== undefined && byName(id) !== undefined
}

function nameOf(run: ProbeRun, key: Key): readonly string[] {
  const id = run.settled.get(key)?.id
  return id && 'name' in id ? [id.name] : []
}

/** Objects that are unchanged since the last apply, so that only their dependency digest can differ. */
export function unchangedSince(
  declared: readonly DeclaredObject[],
  live: LiveState,
  ledger: Ledger,
): readonly DeclaredObject[] {
  return declared.filter(({ id, spec }) => {
    const key = keyOf(id)
    const [entry, object] = [ledger.entries.get(key), live.get(key)]
    if (!entry || !object || object.locked || object.digest === null || !kindOf(id).sqlFragments) return false
    return entry.oid === object.oid && entry.digest === object.digest && areDeclaredAlike(id, entry.declared, spec)
  })
}
