import type { DeclaredObject, LiveState } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import { keyOf } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { differences, isKnown, type ProbeRun, recordWanted } from './run.ts'

/**
 * Settles what the ledger proves: unchanged itself, with an unchanged closure, and reading nothing that this plan makes or
 * changes. Returns the keys of what is settled.
 */
export function settleProven(run: ProbeRun): ReadonlySet<Key> {
  const { reading, ledger, dependencyDigests } = run.input
  const candidates = new Map(
    [...run.settled].filter(
      ([key]) => dependencyDigests.has(key) && ledger.entries.get(key)?.dependencyDigest === dependencyDigests.get(key),
    ),
  )
  if (candidates.size === 0) return new Set()
  const unstable = unstableKeys(run, candidates)
  // A new type or another extension may bring anything, and a renamed relation is not where its readers look for it.
  const isRenamed =
    reading.declaredKeys?.size || [...reading.live.values()].some(({ renamedColumns }) => renamedColumns)
  if (isRenamed || [...unstable].some((key) => isFoundByName(run, key))) return new Set()
  const fresh = [...unstable].filter((key) => !reading.live.has(key)).flatMap((key) => nameOf(run, key))
  // A part is tried out together with its whole.
  const wholes = new Set(
    [...run.settled].flatMap(([key, { id, spec }]) =>
      candidates.has(key) ? [] : (kindOf(id).child?.parentOf(spec, id) ?? []),
    ),
  )
  for (let isSettled = false; !isSettled; ) {
    isSettled = true
    // What is tried out anyway can pass on a change below it as well.
    for (const [key, object] of run.settled) {
      if (unstable.has(key)) continue
      const needs = reading.live.get(key)?.needs ?? []
      const isTried = candidates.has(key) && wholes.has(key)
      if (!isTried && !needs.some((need) => unstable.has(need)) && !mentions(object, fresh)) continue
      candidates.delete(key)
      unstable.add(key)
      isSettled = false
    }
  }
  for (const [key, object] of candidates) {
    const live = reading.live.get(key)
    const { probe: how } = kindOf(object.id)
    if (!live || how.how !== 'read-back') continue
    const known = live.needs.filter((need) => isKnown(run, need))
    recordWanted(run, object, how.wanted(live.spec, object.spec, undefined, undefined), known)
  }
  return new Set(candidates.keys())
}

/** What is not there yet, or not as declared, as far as that can be told without the server. */
function unstableKeys(run: ProbeRun, candidates: ReadonlyMap<Key, DeclaredObject>): Set<Key> {
  const unstable = new Set<Key>()
  for (const [key, object] of run.settled) {
    const live = run.input.reading.live.get(key)
    if (candidates.has(key)) continue
    if (!live || differences(run, object, live).length > 0) unstable.add(key)
  }
  return unstable
}

/** Whether it might find something new in the stead of what it means. */
function mentions({ id, spec }: DeclaredObject, names: readonly string[]): boolean {
  return (kindOf(id).sqlFragments?.(spec) ?? []).some((text) => names.some((name) => text.includes(name)))
}

function isFoundByName(run: ProbeRun, key: Key): boolean {
  const id = run.settled.get(key)?.id
  if (!id) return false
  const { probe: how } = kindOf(id)
  return how.how === 'by-name' || (how.how === 'read-back' && how.byName !== undefined)
}

function nameOf(run: ProbeRun, key: Key): readonly string[] {
  const id = run.settled.get(key)?.id
  return id && 'name' in id ? [id.name] : []
}

/** Objects that are as they were when they were last proven, so that their closure decides. */
export function unchangedSince(
  declared: readonly DeclaredObject[],
  live: LiveState,
  ledger: Ledger,
): readonly DeclaredObject[] {
  return declared.filter(({ id, spec }) => {
    const key = keyOf(id)
    const [entry, object] = [ledger.entries.get(key), live.get(key)]
    if (!entry || !object || object.locked || object.digest === null || !kindOf(id).sqlFragments) return false
    return entry.oid === object.oid && entry.digest === object.digest && sameData(entry.declared, spec)
  })
}
