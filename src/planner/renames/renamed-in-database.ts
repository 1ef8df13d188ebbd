// Renames that were done in the database. The OIDs in the ledger show which object has which name now. The rest of a plan sees
// these objects under their declared names.

import type { LiveObject } from '../../core/change.ts'
import { inverse } from '../../core/data.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../../core/object.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { type CatalogReading, readCatalog } from '../../introspector/read-catalog.ts'
import { findSourceViewsOf, type RenamedTable } from '../../kinds/facets/copy/source-view.ts'
import { declaredKinds, kindOf } from '../../kinds/registry.ts'
import type { Ledger } from '../../ledger/read.ts'
import { renameSchemas } from '../../parser/requalify.ts'

/** What the manifest renames: the present ids, by the keys that the objects will have. */
export interface Renamed {
  readonly objects: ReadonlyMap<Key, ObjectId>
  /** The keys that ledger entries will have, whatever their objects are called now. */
  readonly keys: ReadonlySet<Key>
}

/** What the target has under the declared names, and under those in the ledger. */
interface NamedTarget {
  readonly catalog: CatalogReading
  readonly ledger: Ledger
  readonly declared: ReadonlySet<Key>
  readonly renamed: Renamed
  readonly salt: string
}

/**
 * Finds objects that were renamed or moved to another schema: they no longer exist under the name in the ledger, but another object
 * has their OID. They are presented under their declared names, together with everything that was moved along with them. So are
 * objects that the manifest renames.
 */
export async function detectManualRenames(session: Session, target: NamedTarget): Promise<CatalogReading> {
  const { catalog, ledger, declared, renamed } = target
  const isLost = (key: Key) => !catalog.live.has(key) && !catalog.occupied.has(key)
  const lost = [...declared].filter((key) => isLost(key) && ledger.entries.has(key) && !renamed.objects.has(key))
  const isPointless = lost.length === 0 || isAnotherDatabase(catalog, ledger)
  const found = isPointless ? new Map<Key, ObjectId>() : await locate(session, lost, ledger)
  const unowned = await withoutOwned(session, found, declared, ledger)
  const all = new Map([...unowned, ...renamed.objects])
  if (all.size === 0) return catalog
  const known = new Set([...declared, ...ledger.entries.keys()])
  const names = namesOf(all, [...known].filter(isLost))
  const renamedTables = withoutSourceViews(names, renamed, ledger)
  const live = await readUnderDeclaredNames(session, target, names, renamedTables)
  const declaredKeys = new Map(Array.from(names.current, ([key, id]) => [keyOf(id), key]))
  const withDeclaredNames = (object: LiveObject) => withNames(object, names.declared)
  const occupied = new Map([...catalog.occupied].filter(([key]) => !live.has(key)))
  return { ...catalog, live, occupied, declaredKeys, renamedSchemas: names.schemas, renamedTables, withDeclaredNames }
}

/** The live objects, with those that have other names now under their declared names. */
async function readUnderDeclaredNames(
  session: Session,
  { catalog, renamed, salt }: NamedTarget,
  names: Names,
  renamedTables: readonly RenamedTable[],
): Promise<Map<Key, LiveObject>> {
  // The indexes and statistics of such a table could not be recognized before.
  const occupying = renamedTables.length === 0 ? [] : [...catalog.occupied.keys()].flatMap((key) => idOf(key) ?? [])
  await session.run(findSourceViewsOf(renamedTables))
  const elsewhere = await readCatalog(session, [...names.current.values(), ...occupying], salt)
  await session.run(findSourceViewsOf([]))
  const live = new Map(Array.from(catalog.live, ([key, object]) => [key, withNames(object, names.declared)]))
  for (const key of occupying.map(keyOf)) {
    const object = elsewhere.live.get(key)
    if (object) live.set(key, withNames(object, names.declared))
  }
  for (const [key, current] of names.current) {
    const object = elsewhere.live.get(keyOf(current))
    const id = idOf(key)
    if (!object || !id) continue
    const renamedObject = underDeclaredName(object, id, names)
    if (isOnUnmovedParent(renamedObject)) continue
    const isRenamedByManifest = renamed.objects.has(key) || renamed.keys.has(key)
    live.set(key, isRenamedByManifest ? { ...renamedObject, isRenamedByManifest } : renamedObject)
  }
  const declaredSchemas = inverse(names.schemas)
  for (const [key, object] of live) live.set(key, await withDeclaredSchemas(object, declaredSchemas))
  for (const [key, object] of live) {
    const readsRenamed = object.needs.some((need) => isRenamedManually(live.get(need)))
    if (readsRenamed) live.set(key, { ...object, readsRenamed })
  }
  return live
}

/**
 * Finds objects that were renamed and are no longer declared. Whoever renamed them may want to keep them, so they are only
 * released.
 */
export async function withRenamedAway(
  session: Session,
  catalog: CatalogReading,
  ledger: Ledger,
  declared: ReadonlySet<Key>,
): Promise<CatalogReading> {
  const lost = [...ledger.entries.keys()].filter((key) => !declared.has(key) && !catalog.live.has(key))
  if (lost.length === 0 || isAnotherDatabase(catalog, ledger)) return catalog
  const found = await locate(session, lost, ledger)
  return { ...catalog, renamedAway: await withoutOwned(session, found, declared, ledger) }
}

/** Presents objects whose columns were renamed as they will be once the columns have their declared names again. */
export function withColumnsRenamedBack(catalog: CatalogReading): CatalogReading {
  const live = new Map(
    Array.from(catalog.live, ([key, object]) => {
      const { renaming } = kindOf(object.id)
      const renamedColumns = renaming?.columnsRenamedByHand?.(object.spec)
      if (!renaming?.withColumns || !renamedColumns?.size) return [key, object]
      const spec = renaming.withColumns(object.spec, renamedColumns)
      return [key, { ...object, spec, renamedColumns, haveColumnsDrifted: true } as const]
    }),
  )
  return { ...catalog, live }
}

/** The tables that were renamed by hand. Their source views were not renamed with them. */
function withoutSourceViews({ current }: Names, { objects }: Renamed, { entries }: Ledger): readonly RenamedTable[] {
  return [...current].flatMap(([key, is]) => {
    const [was, entry] = [idOf(key), entries.get(key)]
    const isTable = was?.kind === 'table' && is.kind === 'table' && !objects.has(key)
    return isTable && entry ? [{ oid: entry.oid, was, is }] : []
  })
}

/** A query also names what the manifest does not declare, which was moved along with its schema. */
async function withDeclaredSchemas(object: LiveObject, declared: ReadonlyMap<string, string>): Promise<LiveObject> {
  const { query } = kindOf(object.id)
  if (!query || object.locked || declared.size === 0) return object
  return { ...object, spec: query.withText(object.spec, await renameSchemas(query.text(object.spec), declared)) }
}

/** Objects that the manifest renames do not count, since its queries use their new names. */
function isRenamedManually(object: LiveObject | undefined): boolean {
  return object?.elsewhere !== undefined && !object.isRenamedByManifest
}

/** After a restore, OIDs belong to other objects. Then none of the objects that exist has its recorded OID. */
export function isAnotherDatabase({ live }: CatalogReading, { entries }: Ledger): boolean {
  const matches = [...entries].flatMap(([key, { id, oid }]) => {
    const object = kindOf(id).renaming && live.get(key)
    return object ? [object.oid === oid] : []
  })
  return matches.length > 0 && !matches.includes(true)
}

/** The present ids of lost objects. */
async function locate(session: Session, lost: readonly Key[], { entries }: Ledger): Promise<Map<Key, ObjectId>> {
  const found = new Map<Key, ObjectId>()
  for (const { kind, renaming } of declaredKinds) {
    const oids = new Map<number, Key>()
    for (const key of lost) {
      const entry = entries.get(key)
      if (entry?.id.kind === kind) oids.set(entry.oid, key)
    }
    if (!renaming || oids.size === 0) continue
    const rows = await session.query<{ oid: number; id: ObjectId }>(renaming.namesQuery, [[...oids.keys()]])
    for (const { oid, id } of rows) {
      const key = oids.get(oid)
      if (key !== undefined) found.set(key, id)
    }
  }
  return found
}

/** Leaves out objects whose present names a manifest owns or declares. They belong to that manifest, whatever their OIDs. */
export async function withoutOwned(
  session: Session,
  found: ReadonlyMap<Key, ObjectId>,
  declared: ReadonlySet<Key>,
  { entries }: Ledger,
): Promise<ReadonlyMap<Key, ObjectId>> {
  const names = [...found.values()].map(keyOf)
  if (names.length === 0) return found
  const rows = await session.query<{ address: string }>(
    trusted('SELECT address FROM fdwsync.object WHERE address = ANY ($1::text[])'),
    [names],
  )
  const ownedByAny = new Set<string>(rows.map(({ address }) => address))
  const isOwned = (key: Key) => declared.has(key) || entries.has(key) || ownedByAny.has(key)
  return new Map([...found].filter(([, id]) => !isOwned(keyOf(id))))
}

interface Names {
  /** The current names of renamed schemas, by their declared names. */
  readonly schemas: ReadonlyMap<string, string>
  /** The present ids of renamed objects, and of those in a renamed schema or on a renamed server, by their declared keys. */
  readonly current: ReadonlyMap<Key, ObjectId>
  /** The declared id of an object, given its present one. */
  readonly declared: (id: ObjectId) => ObjectId
}

function namesOf(found: ReadonlyMap<Key, ObjectId>, lost: readonly Key[]): Names {
  const schemas = new Map<string, string>()
  const servers = new Map<string, string>()
  for (const [key, id] of found) {
    const before = idOf(key)
    if (before?.kind === 'schema' && id.kind === 'schema') schemas.set(before.name, id.name)
    if (before?.kind === 'server' && id.kind === 'server') servers.set(before.name, id.name)
  }
  const current = new Map(found)
  for (const key of lost) {
    const id = idOf(key)
    if (!id || current.has(key)) continue
    const moved = withOwner(id, found) ?? moveTo(id, schemas, servers)
    if (moved !== id) current.set(key, moved)
  }
  const back = new Map(Array.from(current, ([key, id]) => [keyOf(id), idOf(key)]))
  const [schemasBack, serversBack] = [inverse(schemas), inverse(servers)]
  return { schemas, current, declared: (id) => back.get(keyOf(id)) ?? moveTo(id, schemasBack, serversBack) }
}

/** The id of an object that belongs to a renamed one. */
function withOwner(id: ObjectId, found: ReadonlyMap<Key, ObjectId>): ObjectId | undefined {
  const { belongsTo } = kindOf(id)
  if (!belongsTo) return undefined
  const [owner] = belongsTo.ownersOf(id).flatMap((key) => found.get(key) ?? [])
  return owner && belongsTo.under(id, owner)
}

/** The id after its schema or server was renamed. */
function moveTo(id: ObjectId, schemas: ReadonlyMap<string, string>, servers: ReadonlyMap<string, string>): ObjectId {
  if ('schema' in id) {
    const schema = schemas.get(id.schema)
    return schema === undefined ? id : { ...id, schema }
  }
  if (!('server' in id)) return id
  const server = servers.get(id.server)
  return server === undefined ? id : { ...id, server }
}

/** The object, with everything that it refers to under declared names. */
export function withNames(object: LiveObject, declared: (id: ObjectId) => ObjectId): LiveObject {
  const needs = object.needs.map((need) => {
    const id = idOf(need)
    return id ? keyOf(declared(id)) : need
  })
  return { ...object, needs, spec: kindOf(object.id).renaming?.withNames?.(object.spec, declared) ?? object.spec }
}

function underDeclaredName(object: LiveObject, id: ObjectId, { declared }: Names): LiveObject {
  const renamed = withNames(object, declared)
  // The name at the time of its own rename: by then its schema and server have been renamed, and an index has moved with its view.
  const [schema, server] = [declared({ kind: 'schema', name: schemaOf(object.id) }), serverOf(object.id)]
  const parent = parentItMovesWith({ id, spec: renamed.spec })
  const schemas = new Map([[schemaOf(object.id), parent ? schemaOf(parent) : nameOf(schema)]])
  const servers = new Map([[server, nameOf(declared({ kind: 'server', name: server }))]])
  const from = kindOf(id).belongsTo ? id : moveTo(object.id, schemas, servers)
  return { ...renamed, id, elsewhere: object.id, ...(keyOf(from) === keyOf(id) ? {} : { renamedFrom: from }) }
}

/** PostgreSQL moves an index to another schema only together with its relation, which here stays where it is. */
function isOnUnmovedParent(object: LiveObject): boolean {
  const parent = parentItMovesWith(object)
  return parent !== undefined && schemaOf(parent) !== schemaOf(object.id)
}

function parentItMovesWith({ id, spec }: Pick<LiveObject, 'id' | 'spec'>): ObjectId | undefined {
  const { child } = kindOf(id)
  return child?.movesWithParent ? idOf(child.parentOf(spec, id)) : undefined
}

function schemaOf(id: ObjectId): string {
  return 'schema' in id ? id.schema : ''
}

function serverOf(id: ObjectId): string {
  return 'server' in id ? id.server : ''
}

function nameOf(id: ObjectId): string {
  return 'name' in id ? id.name : ''
}
