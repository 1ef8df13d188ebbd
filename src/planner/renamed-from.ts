import type { DeclaredObject, LiveObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'
import { possibleKeys, relationsRead } from '../parser/relations-read.ts'
import type { Renamed } from './renamed-in-database.ts'

/** What `renamed_from` comes to, given what is there. */
export interface Renaming {
  readonly objects: Renamed['objects']
  /** What entries of the ledger are of from now on, by the keys that they have. */
  readonly rekeyed: ReadonlyMap<Key, ObjectId>
  readonly refusals: readonly Refusal[]
}

interface Asked {
  readonly id: ObjectId
  readonly key: Key
  readonly old: ObjectId
  readonly oldKey: Key
}

/** The keys of what declared objects were called before. */
export function formerKeys(declared: readonly DeclaredObject[]): readonly Key[] {
  return declared.flatMap(({ renamedFrom }) => (renamedFrom ? [keyOf(renamedFrom)] : []))
}

/**
 * Finds what is to be renamed: what has the old name, while nothing has the new one. Once that is done, as the ledger
 * knows, `renamed_from` says nothing any more, whatever gets the old name then.
 */
export async function resolveRenamedFrom(
  session: Session,
  declared: readonly DeclaredObject[],
  ledger: Ledger,
  salt: string,
): Promise<Renaming> {
  const asked = declared.flatMap(({ id, renamedFrom: old }): readonly Asked[] =>
    old ? [{ id, key: keyOf(id), old, oldKey: keyOf(old) }] : [],
  )
  const isDone = ({ key, oldKey }: Asked) => ledger.entries.has(key) && !ledger.entries.has(oldKey)
  const open = asked.filter((each) => !isDone(each))
  if (open.length === 0) return { objects: new Map(), rekeyed: new Map(), refusals: [] }
  const ids = open.flatMap(({ id, old }) => [id, old])
  const { live, occupied } = await readCatalog(session, ids, salt)
  const refusals: Refusal[] = []
  const objects = new Map<Key, ObjectId>()
  const moved: Asked[] = []
  for (const each of open) {
    const { id, key, old, oldKey } = each
    const isOurs = ledger.entries.has(oldKey)
    const [owner] = ledger.otherOwners.get(oldKey) ?? []
    if (live.has(key) && live.has(oldKey)) refusals.push(bothThere(id, old))
    else if (live.has(key) || occupied.has(key)) continue
    else if (live.has(oldKey) && !isOurs && owner !== undefined) refusals.push(ownedByAnother(id, old, owner))
    else {
      if (live.has(oldKey)) objects.set(key, old)
      if (isOurs) moved.push(each)
    }
  }
  return { objects, rekeyed: rekeyedEntries(moved, ledger), refusals }
}

/** Queries that name what is renamed as it is called today: they would be fine now, and not once it is done. */
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

function bothThere(id: ObjectId, old: ObjectId): Refusal {
  const reason = `it is to be renamed from ${titleOf(old)}, and both are there`
  const hint = 'Drop or rename one of the two, or remove renamed_from: then what is no longer declared is dropped.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}

function ownedByAnother(id: ObjectId, old: ObjectId, owner: string): Refusal {
  const reason = `it is to be renamed from ${titleOf(old)}, which belongs to the manifest "${owner}"`
  const hint = "Make that one this manifest's under the name that it has, with --take-over, and rename it then."
  return { code: 'object/owned-elsewhere', key: keyOf(id), title: titleOf(id), reason, hint }
}

/** Of what is renamed, and of what has its name in its own: the user mappings of a server. */
function rekeyedEntries(moved: readonly Asked[], { entries }: Ledger): ReadonlyMap<Key, ObjectId> {
  const own = new Map(moved.map(({ id, oldKey }) => [oldKey, id]))
  const along = Array.from(entries.values(), ({ id }): readonly (readonly [Key, ObjectId])[] => {
    const { belongsTo } = kindOf(id)
    const renamed = belongsTo && own.get(belongsTo.ownerOf(id))
    return renamed ? [[keyOf(id), belongsTo.under(id, renamed)]] : []
  })
  return new Map([...own, ...along.flat()])
}

/** The ledger as it is once its entries have the keys of what they stand for. */
export function rekeyLedger(ledger: Ledger, { rekeyed }: Renaming): Ledger {
  if (rekeyed.size === 0) return ledger
  const entries = new Map<Key, LedgerEntry>()
  // What had the name is gone: it gives way to what gets it.
  const ordered = [...ledger.entries].sort(([left], [right]) => Number(rekeyed.has(left)) - Number(rekeyed.has(right)))
  for (const [key, entry] of ordered) {
    const id = rekeyed.get(key) ?? entry.id
    entries.set(keyOf(id), { ...entry, id })
  }
  return { ...ledger, entries }
}

/** Presents relations whose columns are renamed as they are once that is done, and their declarations of before too. */
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
      const family = inherited(object, from, catalog)
      if (names.has(to)) refusals.push(...(recorded?.has(to) ? [] : [bothColumns(object, from, to)]))
      else if (family) refusals.push(familyColumn(object, from, family))
      else renamed.set(from, to)
    }
    if (renamed.size === 0) continue
    live.set(key, { ...object, spec: withColumns(object.spec, renamed), renamedColumns: renamed })
    if (entry) entries.set(key, { ...entry, declared: withColumns(entry.declared, renamed) })
  }
  return { catalog: { ...catalog, live }, ledger: { ...ledger, entries }, refusals }
}

/** What else has the column: by PostgreSQL it has one name in a whole family of tables. */
function inherited(object: LiveObject, column: string, { live }: CatalogReading): string | undefined {
  const isOfOthers = ({ id, spec }: LiveObject) => kindOf(id).renaming?.inheritedColumns?.(spec).has(column) ?? false
  if (isOfOthers(object)) return 'its parent'
  const heir = [...live.values()].find((other) => other.needs.includes(keyOf(object.id)) && isOfOthers(other))
  return heir && titleOf(heir.id)
}

function familyColumn({ id }: LiveObject, column: string, family: string): Refusal {
  const reason = `its column "${column}" can not be renamed by fdwsync, since ${family} has the same`
  const hint = 'Rename it by hand, in the topmost table, and remove renamed_from.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}

function bothColumns({ id }: LiveObject, from: string, to: string): Refusal {
  const reason = `its column "${to}" is to be renamed from "${from}", and it has both`
  const hint = 'Remove renamed_from: then the column that is no longer declared is dropped.'
  return { code: 'manifest/invalid-rename', key: keyOf(id), title: titleOf(id), reason, hint }
}
