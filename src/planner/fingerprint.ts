// The fingerprint of a plan: a digest of everything in the target that the plan depends on. If the digest changes, the plan is
// stale.

import type { LiveObject } from '../core/change.ts'
import { ignoredOf, withoutIgnored } from '../core/ignored.ts'
import type { Key } from '../core/object.ts'
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

/** As {@link fingerprintOf}, but the same for every role that reads the target: it leaves out what is hidden from some roles. */
export function fingerprintForAnyRole({ catalog, ledger, state }: TargetState): string {
  const shown = Array.from(catalog.live, ([key, live]): readonly [Key, LiveObject] =>
    kindOf(live.id).secrets?.hidden ? [key, { ...live, digest: null, spec: {} }] : [key, live],
  )
  return fingerprintOf({ ledger, state, catalog: { ...catalog, live: new Map(shown) } })
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
