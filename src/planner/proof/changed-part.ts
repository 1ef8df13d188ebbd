// Finds the part of a manifest that a plan has to read and compare, if only the manifest has changed since the proof. The rest is
// as it was when a plan had nothing to do: its declarations and the state of the catalog are the same.

import type { DeclaredObject } from '../../core/change.ts'
import { sameData } from '../../core/data.ts'
import { ignoredOf } from '../../core/ignored.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { Plan } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { hasParents, parentsIn } from '../../kinds/foreign-table/parents.ts'
import { kindOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import { isDigestedKind, readCatalogState } from '../../ledger/catalog-state.ts'
import { readLastProof } from '../../ledger/manifest-proof.ts'
import { nameUnmanagedRelations, readOwnedDependents } from '../../ledger/owned-dependents.ts'
import type { FoundLedger } from '../../ledger/trust.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import { declarationDigest } from './declarations.ts'
import { comparedPart, isProvable, namesOf } from './proof.ts'

export interface ChangedPart {
  /** The objects to read from the target: declared ones, and those in the ledger that are no longer declared. */
  readonly keys: ReadonlySet<Key>
  /** The objects that may change: those whose declarations have changed, and what depends on them. */
  readonly affected: ReadonlySet<Key>
  /** How many declared objects are not in the part. */
  readonly leftOut: number
  /** The names with which the state of the catalog was computed. */
  readonly names: readonly string[]
  /** The state of the catalog, which is that of the proof. */
  readonly state: string
}

/**
 * Undefined if everything has to be read: there is no proof, the catalog or another part of the manifest has changed, or what changes
 * may concern any object.
 */
export async function readChangedPart(
  session: Session,
  found: FoundLedger,
  manifest: ParsedManifest,
  declared: readonly DeclaredObject[],
): Promise<ChangedPart | undefined> {
  if (!isProvable(manifest) || manifest.requests.length > 0 || declared.some(concernsOthers)) return undefined
  const { name, search_path: searchPath = ['public'] } = manifest.manifest
  const proof = await readLastProof(session, found, name)
  if (!proof || proof.warnings.length > 0 || proof.sourceState !== null) return undefined
  const changed = changedSince(proof.declarations, proof.names, declared)
  if (!changed || changed.size > declared.length / 2) return undefined
  if (!sameData(comparedPart(manifest.written, declared), proof.head)) return undefined
  const { names } = proof
  const state = await readCatalogState(session, { manifest: name, searchPath, names })
  if (state.digest !== proof.catalogState) return undefined
  const affected = withChildren([...changed, ...(await readOwnedDependents(session, name, changed))], declared)
  const inSql = namesOf(declared.filter(({ id }) => affected.has(keyOf(id))))
  if (!inSql || (await nameUnmanagedRelations(session, name, inSql))) return undefined
  const keys = withNeeds(affected, declared)
  const leftOut = keys ? declared.filter(({ id }) => !keys.has(keyOf(id))).length : 0
  if (!keys || leftOut === 0) return undefined
  return { keys, affected, leftOut, names, state: state.digest }
}

/** Whether a plan of the part equals a plan of everything. Its refusals and warnings may concern the rest, so it must have none. */
export function isConclusive(
  { refusals, undetermined, warnings, changes, steps }: Plan,
  { affected }: ChangedPart,
): boolean {
  return (
    refusals.length + undetermined.length + warnings.length === 0 &&
    steps.every(({ stage }) => stage !== 'prepare') &&
    changes.every(({ change }) => affected.has(change.key) || (change.op === 'replace' && change.isUnmanaged))
  )
}

/** Kinds of which a changed object affects only what depends on it. A new type, in contrast, can change what any SQL means. */
const changeable: ReadonlySet<ObjectId['kind'] | undefined> = new Set([
  'foreignTable',
  'materializedView',
  'table',
  'index',
  'refreshPolicy',
])

/**
 * Whether plans with this object have to read everything: something else may change the object at any time, or it is checked
 * together with others, as the copies of a group are.
 */
function concernsOthers(object: DeclaredObject): boolean {
  return ignoredOf(object.spec).length > 0 || asKind(object, 'refreshPolicy')?.spec.group !== undefined
}

/**
 * The objects whose declarations have changed or are gone. Undefined if that may affect objects whose declarations are the same.
 */
function changedSince(
  before: Readonly<Record<Key, string | null>>,
  names: readonly string[],
  declared: readonly DeclaredObject[],
): ReadonlySet<Key> | undefined {
  const gone = new Set(Object.keys(before) as Key[]) // the ledger has addresses, which are keys
  const changed = new Set<Key>()
  const inSql = new Set(names)
  for (const object of declared) {
    const { id, renamedFrom, renamedColumns } = object
    const key = keyOf(id)
    gone.delete(key)
    const isNew = !Object.hasOwn(before, key)
    if (!isDigestedKind(id.kind)) {
      // The first table, for example, also declares the schema for the views with the queries of tables.
      if (isNew) return undefined
      continue
    }
    const digest = declarationDigest(object)
    if (digest !== undefined && before[key] === digest) continue
    // SQL may find a new relation instead of the one that it has found so far.
    const isFoundByName = isNew && 'name' in id && inSql.has(id.name)
    if (renamedFrom || renamedColumns || isFoundByName || joinsParents(object)) return undefined
    changed.add(key)
  }
  const all = [...changed, ...gone]
  return all.every((key) => changeable.has(idOf(key)?.kind)) ? new Set(all) : undefined
}

/** Once a table has joined a parent, whatever reads the parent reads the rows of the table too. */
function joinsParents(object: DeclaredObject): boolean {
  const table = asKind(object, 'foreignTable')?.spec
  return table !== undefined && hasParents(parentsIn(table))
}

/** The objects, with those that are declared as part of them, such as indexes and policies. */
function withChildren(keys: readonly Key[], declared: readonly DeclaredObject[]): ReadonlySet<Key> {
  const all = new Set(keys)
  for (let size = 0; size < all.size; ) {
    size = all.size
    for (const object of declared)
      if (isDigestedKind(object.id.kind) && needsOf(object).some((need) => all.has(need))) all.add(keyOf(object.id))
  }
  return all
}

/** The objects, with everything that they need or could name. Undefined if it cannot be determined what they name. */
function withNeeds(affected: ReadonlySet<Key>, declared: readonly DeclaredObject[]): ReadonlySet<Key> | undefined {
  const objects = new Map(declared.map((object) => [keyOf(object.id), object]))
  const keys = new Set([
    ...affected,
    ...[...objects.values()].flatMap(({ id }) => (isDigestedKind(id.kind) ? [] : [keyOf(id)])),
  ])
  const named = new Map<string, Key[]>()
  for (const { id } of declared) {
    if (!('name' in id)) continue
    const same = named.get(id.name)
    if (same) same.push(keyOf(id))
    else named.set(id.name, [keyOf(id)])
  }
  for (const key of keys) {
    const object = objects.get(key)
    if (!object) continue
    const names = namesOf([object])
    if (!names) return undefined
    for (const need of [...needsOf(object), ...names.flatMap((name) => named.get(name) ?? [])])
      if (objects.has(need)) keys.add(need)
  }
  return keys
}

function needsOf({ id, needs }: DeclaredObject): readonly Key[] {
  return [...needs, ...(kindOf(id).belongsTo?.ownersOf(id) ?? [])]
}
