// The fingerprint of a plan: a digest of everything in the target that the plan depends on. If it is another one, the plan is stale.

import type { Key } from '../core/object.ts'
import { dataDigest } from '../introspector/digests.ts'
import { stateOf } from '../introspector/object-state.ts'
import type { TargetReading } from './target.ts'

/** Equal fingerprints mean that a plan based on the one state is valid for the other. `except` are objects to leave out. */
export function fingerprintOf(
  { catalog, ledger }: Pick<TargetReading, 'catalog' | 'ledger'>,
  except: ReadonlySet<Key> = new Set(),
): string {
  const others = <Value>(all: ReadonlyMap<Key, Value>) => new Map([...all].filter(([key]) => !except.has(key)))
  return dataDigest({
    live: sorted(others(catalog.live), ([key, object]) => [key, ...stateOf(object)]),
    occupied: sorted(catalog.occupied, (entry) => entry),
    ledger: sorted(others(ledger.entries), ([key, { oid, declared }]) => [key, oid, declared]),
    others: sorted(ledger.otherOwners, ([key, manifests]) => [key, [...manifests].sort()]),
  })
}

/** By key, since the server returns rows in any order, and in another one once its statistics change. */
function sorted<Value>(
  map: ReadonlyMap<Key, Value>,
  part: (entry: readonly [Key, Value]) => unknown,
): readonly unknown[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1)).map(part)
}
