import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { dataDigest, type RunDigests } from '../introspector/digests.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { type Ledger, readLedger } from '../ledger/read.ts'
import { formerKeys, type Renaming, rekeyLedger, resolveRenamedFrom, withColumnsRenamed } from './renamed-from.ts'
import { detectManualRenames } from './renamed-in-database.ts'

/** All that a plan is made from. */
export interface TargetReading {
  readonly catalog: CatalogReading
  readonly ledger: Ledger
  readonly renaming: Renaming
}

/** Reads all that a plan is made from, within the session's transaction. */
export async function readOwnedAndDeclared(
  session: Session,
  manifest: string,
  declared: readonly DeclaredObject[],
  digests: RunDigests,
): Promise<TargetReading> {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const recorded = await readLedger(session, manifest, [...keys, ...formerKeys(declared)])
  const renaming = await resolveRenamedFrom(session, declared, recorded, digests.salt)
  const ledger = rekeyLedger(recorded, renaming)
  const ids = new Map(declared.map(({ id }) => [keyOf(id), id]))
  for (const [key, { id }] of ledger.entries) ids.set(key, id)
  const catalog = await readCatalog(session, ids.values(), digests.salt)
  const renamed = { objects: renaming.objects, keys: new Set([...renaming.rekeyed.values()].map(keyOf)) }
  const moved = await detectManualRenames(session, catalog, ledger, keys, digests.salt, renamed)
  const { refusals, ...read } = withColumnsRenamed(moved, ledger, declared)
  return { ...read, renaming: { ...renaming, refusals: [...renaming.refusals, ...refusals] } }
}

/** A digest of what is there but for some objects: equal means that a plan made from the one holds for the other. */
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

/** What tells whether somebody has changed an object. */
export function stateOf({ oid, digest, spec, elsewhere }: LiveObject): readonly unknown[] {
  const said = digest === null ? withoutSecrets(spec) : withoutDefinition(spec)
  return [oid, digest, said, ...(elsewhere ? [keyOf(elsewhere)] : [])]
}

/** By key: the server gives rows in any order, and in another one when its statistics change. */
function sorted<Value>(
  map: ReadonlyMap<Key, Value>,
  part: (entry: readonly [Key, Value]) => unknown,
): readonly unknown[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1)).map(part)
}

/** What the digest stands for is not read while another session has the object locked. */
function withoutDefinition(spec: unknown): unknown {
  const unread = new Set(['query', 'expression', 'where', 'definition'])
  return JSON.parse(JSON.stringify(spec), (name, value: unknown) => (unread.has(name) ? null : value))
}

/** The digest of a secret has the salt of the run, and so is another every time. */
function withoutSecrets(spec: unknown): unknown {
  return JSON.parse(JSON.stringify(spec), (_key, value: unknown) => (isDigest(value) ? null : value))
}

function isDigest(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).join() === 'digest'
}
