// The fingerprint of a plan: a digest of everything in the target that the plan depends on. If it is another one, the plan is stale.

import type { LiveObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import { dataDigest } from '../introspector/digests.ts'
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

/** What of an object shows that another session has changed it. */
export function stateOf({ oid, digest, spec, elsewhere }: LiveObject): readonly unknown[] {
  const shown = digest === null ? spec : withoutDefinition(spec)
  return [oid, digest, comparable(shown), ...(elsewhere ? [keyOf(elsewhere)] : [])]
}

/** By key, since the server returns rows in any order, and in another one once its statistics change. */
function sorted<Value>(
  map: ReadonlyMap<Key, Value>,
  part: (entry: readonly [Key, Value]) => unknown,
): readonly unknown[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1)).map(part)
}

/** The text that the digest covers is not read while another session has the object locked. */
function withoutDefinition(spec: unknown): unknown {
  const unread = new Set(['query', 'expression', 'where', 'definition'])
  return JSON.parse(JSON.stringify(spec), (name, value: unknown) => (unread.has(name) ? null : value))
}

/** The digest of a secret depends on the salt of the run. A privilege list that is stored may grant what the default one does. */
function comparable(spec: unknown): unknown {
  return JSON.parse(JSON.stringify(spec), (key, value: unknown) => (isDigest(value) || key === 'hasAcl' ? null : value))
}

function isDigest(value: unknown): boolean {
  return value !== null && typeof value === 'object' && /^digest(,secret)?$/.test(Object.keys(value).join())
}
