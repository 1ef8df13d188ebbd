// The fingerprint of a plan: a digest of everything in the target that the plan depends on. If the digest changes, the plan is
// stale.

import type { LiveObject } from '../core/change.ts'
import { ignoredOf, withoutIgnored } from '../core/ignored.ts'
import type { DbObject, Key } from '../core/object.ts'
import { listDigest } from '../introspector/digests.ts'
import { stateOf } from '../introspector/object-state.ts'
import { kindOf } from '../kinds/registry.ts'
import type { TargetState } from './target.ts'

/**
 * Equal fingerprints mean that a plan based on one state is valid for the other.
 * @param except the objects to leave out
 */
export function fingerprintOf(
  { catalog, ledger, state: stateOfRest }: TargetState,
  except: ReadonlySet<Key> = new Set(),
): string {
  return listDigest(state())

  function* state(): Iterable<unknown> {
    for (const [key, object] of sorted(catalog.live)) {
      if (except.has(key)) continue
      yield ['live', key, ...stateOf(withoutIgnoredParts(object, ledger.entries.get(key)?.declared))]
    }
    for (const entry of sorted(catalog.occupied)) yield ['occupied', ...entry]
    for (const [key, { oid, declared }] of sorted(ledger.entries))
      if (!except.has(key)) yield ['ledger', key, oid, declared]
    for (const [key, manifests] of sorted(ledger.otherOwners)) yield ['owners', key, [...manifests].sort()]
    if (stateOfRest !== undefined) yield ['state', stateOfRest]
  }
}

/**
 * For a saved plan: a digest of each object that it changes, and of whatever these need. The digests are the same for every role that
 * reads the target, and stay the same if a refresh swaps a copy, since the ledger then has the identity of its successor.
 */
export function digestsToSave(
  { catalog, ledger }: TargetState,
  changed: Iterable<Key>,
  wanted: ReadonlyMap<Key, DbObject>,
): ReadonlyMap<Key, string> {
  const keys = new Set(changed)
  for (const key of keys)
    for (const need of [...(wanted.get(key)?.needs ?? []), ...(catalog.live.get(key)?.needs ?? [])]) keys.add(need)
  return new Map([...keys].sort().map((key) => [key, listDigest(state(key))]))

  function* state(key: Key): Iterable<unknown> {
    const [object, entry] = [catalog.live.get(key), ledger.entries.get(key)]
    const isAsRecorded = entry && object && entry.oid === object.oid && entry.digest === object.digest
    const identity = isAsRecorded ? { oid: 0, digest: 'recorded' } : {}
    if (object) yield ['live', ...stateOf(forAnyRole({ ...withoutIgnoredParts(object, entry?.declared), ...identity }))]
    if (catalog.occupied.has(key)) yield ['occupied', catalog.occupied.get(key)]
    if (entry) yield ['ledger', isAsRecorded ? 0 : entry.oid, entry.declared]
    if (ledger.otherOwners.has(key)) yield ['owners', [...(ledger.otherOwners.get(key) ?? [])].sort()]
  }
}

/** Without what is hidden from some roles. */
function forAnyRole(object: LiveObject): LiveObject {
  return kindOf(object.id).secrets?.hidden ? { ...object, digest: null, spec: {} } : object
}

/** What something else manages may change between a plan and its apply. */
function withoutIgnoredParts(object: LiveObject, declared: unknown): LiveObject {
  const ignored = ignoredOf(declared)
  return ignored.length === 0 ? object : { ...object, digest: null, spec: withoutIgnored(object.spec, ignored) }
}

/** By key, since the server returns rows in any order, and in another one once its statistics change. */
function sorted<Value>(map: ReadonlyMap<Key, Value>): readonly (readonly [Key, Value])[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1))
}
