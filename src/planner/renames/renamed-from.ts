// Renames that the manifest declares with `renamed_from`, of objects and of columns. The rest of a plan sees only the new names.

import type { DeclaredObject, LiveObject } from '../../core/change.ts'
import type { ProbeFinding } from '../../core/finding.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { type CatalogReading, readCatalog } from '../../introspector/read-catalog.ts'
import { kindOf, titleOf, titleWithoutKind } from '../../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../../ledger/read.ts'
import { possibleKeys, relationsRead } from '../../parser/relations-read.ts'
import type { Renamed } from './renamed-in-database.ts'

/** What `renamed_from` means for the objects that exist. */
export interface Renaming {
  readonly objects: Renamed['objects']
  /** The new ids of ledger entries, by their present keys. */
  readonly rekeyed: ReadonlyMap<Key, ObjectId>
  readonly refusals: readonly Refusal[]
}

interface DeclaredRename {
  readonly id: ObjectId
  readonly key: Key
  readonly old: ObjectId
  readonly oldKey: Key
}

/** The keys that declared objects are renamed from. */
export function formerKeys(declared: readonly DeclaredObject[]): readonly Key[] {
  return declared.flatMap(({ renamedFrom }) => (renamedFrom ? [keyOf(renamedFrom)] : []))
}

/**
 * Finds the objects to rename: those with the old name, if nothing has the new one. Once the ledger shows that the rename is done,
 * `renamed_from` has no effect any more, even if something else gets the old name later.
 */
export async function resolveRenamedFrom(
  session: Session,
  declared: readonly DeclaredObject[],
  ledger: Ledger,
  salt: string,
): Promise<Renaming> {
  const renames = declared.flatMap(({ id, renamedFrom: old }): readonly DeclaredRename[] =>
    old ? [{ id, key: keyOf(id), old, oldKey: keyOf(old) }] : [],
  )
  const isDone = ({ key, oldKey }: DeclaredRename) => ledger.entries.has(key) && !ledger.entries.has(oldKey)
  const open = renames.filter((rename) => !isDone(rename))
  if (open.length === 0) return { objects: new Map(), rekeyed: new Map(), refusals: [] }
  const ids = open.flatMap(({ id, old }) => [id, old])
  const { live, occupied } = await readCatalog(session, ids, salt)
  const names = new Set(declared.map(({ id }) => titleWithoutKind(id)))
  const isOfOtherKind = ({ old, oldKey }: DeclaredRename) => occupied.has(oldKey) && !names.has(titleWithoutKind(old))
  const refusals: Refusal[] = []
  const objects = new Map<Key, ObjectId>()
  const owned: DeclaredRename[] = []
  for (const rename of open) {
    const { id, key, old, oldKey } = rename
    const isOwned = ledger.entries.has(oldKey)
    const [owner] = ledger.otherOwners.get(oldKey) ?? []
    if (live.has(key) && live.has(oldKey)) refusals.push(bothExist(id, old))
    else if (live.has(key) || occupied.has(key)) continue
    else if (isOfOtherKind(rename)) refusals.push(otherKind(id, old, occupied.get(oldKey) ?? ''))
    else if (live.has(oldKey) && !isOwned && owner !== undefined) refusals.push(ownedByAnother(id, old, owner))
    else {
      if (live.has(oldKey)) objects.set(key, old)
      if (isOwned) owned.push(rename)
    }
  }
  return { objects, rekeyed: rekeyedEntries(owned, ledger), refusals }
}

/** Queries that use the old name of an object to be renamed. They are valid now, but will not be once it is renamed. */
export async function queriesUsingOldNames(
  declared: readonly DeclaredObject[],
  { objects }: Renaming,
  searchPath: readonly string[],
): Promise<readonly ProbeFinding[]> {
  const titles = new Map(
    Array.from(objects, ([key, old]) => {
      const id = idOf(key)
      return [keyOf(old), { old: titleOf(old), title: id ? titleOf(id) : key }]
    }),
  )
  if (titles.size === 0) return []
  const findings = declared.map(async ({ id, spec }): Promise<readonly ProbeFinding[]> => {
    const query = kindOf(id).query?.text(spec)
    if (query === undefined) return []
    const keys = (await relationsRead(query)).flatMap((name) => possibleKeys(name, searchPath))
    const [former] = keys.flatMap((key) => titles.get(key) ?? [])
    if (!former) return []
    const reason = `it reads ${former.old}, which this manifest renames`
    return [
      {
        code: 'manifest/invalid-rename',
        key: keyOf(id),
        status: 'problem',
        reason,
        hint: `Write the new name: ${former.title}.`,
      },
    ]
  })
  return (await Promise.all(findings)).flat()
}

function bothExist(id: ObjectId, old: ObjectId): Refusal {
  const reason = `renamed_from: both ${titleOf(old)} and ${titleOf(id)} exist`
  const hint =
    'Drop or rename one of the two. Or remove renamed_from, and the object that is no longer declared is dropped.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}

function otherKind(id: ObjectId, old: ObjectId, found: string): Refusal {
  const reason = `renamed_from: ${titleWithoutKind(old)} is a ${found}`
  const hint = `An object is renamed and changes its kind in two plans. First declare it as ${titleWithoutKind(id)} of its present kind.`
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}

function ownedByAnother(id: ObjectId, old: ObjectId, owner: string): Refusal {
  const reason = `renamed_from: ${titleOf(old)} belongs to the manifest "${owner}"`
  const hint = 'Declare it under its present name and take it over with --take-over, then rename it.'
  return { code: 'object/owned-elsewhere', key: keyOf(id), title: titleOf(id), reason, hint }
}

/** The entries of renamed objects, and of objects whose ids contain a renamed one, such as the user mappings of a server. */
function rekeyedEntries(renames: readonly DeclaredRename[], { entries }: Ledger): ReadonlyMap<Key, ObjectId> {
  const own = new Map(renames.map(({ id, oldKey }) => [oldKey, id]))
  const along = Array.from(entries.values(), ({ id }) => {
    const { belongsTo } = kindOf(id)
    if (!belongsTo) return []
    const owners = belongsTo.ownersOf(id).flatMap((owner) => own.get(owner) ?? [])
    return owners.map((owner) => [keyOf(id), belongsTo.under(id, owner)] as const)
  })
  return new Map([...own, ...along.flat()])
}

/** The ledger as it will be once its entries have their new keys. */
export function rekeyLedger(ledger: Ledger, { rekeyed }: Renaming): Ledger {
  if (rekeyed.size === 0) return ledger
  const entries = new Map<Key, LedgerEntry>()
  // Renamed entries come last, so that they replace an entry of an object that had the name and no longer exists.
  const ordered = [...ledger.entries].sort(([left], [right]) => Number(rekeyed.has(left)) - Number(rekeyed.has(right)))
  for (const [key, entry] of ordered) {
    const id = rekeyed.get(key) ?? entry.id
    entries.set(keyOf(id), { ...entry, id })
  }
  return { ...ledger, entries }
}

/** Presents relations with renamed columns, and their last declarations, as they will be after the rename. */
export function withColumnsRenamed(
  catalog: CatalogReading,
  ledger: Ledger,
  declared: readonly DeclaredObject[],
): { readonly catalog: CatalogReading; readonly ledger: Ledger; readonly refusals: readonly Refusal[] } {
  const live = new Map(catalog.live)
  const entries = new Map(ledger.entries)
  const refusals: Refusal[] = []
  for (const { id, renamedColumns } of declared) {
    const key = keyOf(id)
    const [object, entry] = [live.get(key), entries.get(key)]
    const { columns, renaming } = kindOf(id)
    const withColumns = renaming?.withColumns
    if (!object || !renamedColumns || !columns || !withColumns) continue
    const [names, recorded] = [columns(object.spec), entry ? columns(entry.declared) : undefined]
    const renamed = new Map<string, string>()
    for (const [from, to] of renamedColumns) {
      if (!names.has(from)) continue
      const relative = otherWithColumn(object, from, catalog)
      if (names.has(to)) refusals.push(...(recorded?.has(to) ? [] : [bothColumns(object, from, to)]))
      else if (relative) refusals.push(inheritedColumn(object, from, relative))
      else renamed.set(from, to)
    }
    if (renamed.size === 0) continue
    live.set(key, { ...object, spec: withColumns(object.spec, renamed), renamedColumns: renamed })
    if (entry) entries.set(key, { ...entry, declared: withColumns(entry.declared, renamed) })
  }
  return { catalog: { ...catalog, live }, ledger: { ...ledger, entries }, refusals }
}

/** A parent or child with the same column. PostgreSQL gives it one name in the whole inheritance tree. */
function otherWithColumn(object: LiveObject, column: string, { live }: CatalogReading): string | undefined {
  const isInherited = ({ id, spec }: LiveObject) => kindOf(id).renaming?.inheritedColumns?.(spec).has(column) ?? false
  if (isInherited(object)) return 'its parent'
  const child = [...live.values()].find((other) => other.needs.includes(keyOf(object.id)) && isInherited(other))
  return child && titleOf(child.id)
}

function inheritedColumn({ id }: LiveObject, column: string, relative: string): Refusal {
  const reason = `fdwsync cannot rename its column "${column}", because ${relative} has the same column`
  const hint = 'Rename it by hand in the topmost table, and remove renamed_from.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}

function bothColumns({ id }: LiveObject, from: string, to: string): Refusal {
  const reason = `renamed_from: both columns "${from}" and "${to}" exist`
  const hint = 'Remove renamed_from, and the column that is no longer declared is dropped.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}
