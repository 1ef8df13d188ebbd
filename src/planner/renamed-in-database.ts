import type { LiveObject } from '../core/change.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'

/** What a manifest renames: what each is called now, by the key that it is to have. */
export interface Renamed {
  readonly objects: ReadonlyMap<Key, ObjectId>
  /** The keys that it gives to what the ledger has, whatever that is called now. */
  readonly keys: ReadonlySet<Key>
}

/**
 * Finds objects that people have renamed, or moved to another schema: gone under the name that the ledger has, there under
 * another one with the same OID. They are live under the name that is declared, and so is what went along with them. The
 * same goes for what the manifest renames.
 */
export async function detectManualRenames(
  session: Session,
  catalog: CatalogReading,
  ledger: Ledger,
  declared: ReadonlySet<Key>,
  salt: string,
  renamed: Renamed,
): Promise<CatalogReading> {
  const isLost = (key: Key) => !catalog.live.has(key) && !catalog.occupied.has(key)
  const lost = [...declared].filter((key) => isLost(key) && ledger.entries.has(key) && !renamed.objects.has(key))
  const isOther = lost.length === 0 || isAnotherDatabase(catalog, ledger)
  const found = isOther ? new Map<Key, ObjectId>() : await locate(session, lost, ledger)
  const unclaimed = await withoutClaimed(session, found, declared, ledger)
  const all = new Map([...unclaimed, ...renamed.objects])
  if (all.size === 0) return catalog
  const known = new Set([...declared, ...ledger.entries.keys()])
  const names = namesOf(all, [...known].filter(isLost))
  const elsewhere = await readCatalog(session, names.current.values(), salt)
  const live = new Map(Array.from(catalog.live, ([key, object]) => [key, withNames(object, names.declared)]))
  for (const [key, current] of names.current) {
    const object = elsewhere.live.get(keyOf(current))
    const id = idOf(key)
    if (!object || !id) continue
    const home = atHome(object, id, names)
    const isRenamedByManifest = renamed.objects.has(key) || renamed.keys.has(key)
    live.set(key, isRenamedByManifest ? { ...home, isRenamedByManifest } : home)
  }
  for (const [key, object] of live) {
    const readsRenamed = object.needs.some((need) => isRenamedByHand(live.get(need)))
    if (readsRenamed) live.set(key, { ...object, readsRenamed })
  }
  const declaredKeys = new Map(Array.from(names.current, ([key, id]) => [keyOf(id), key]))
  return { ...catalog, live, declaredKeys, withDeclaredNames: (object) => withNames(object, names.declared) }
}

/** What the manifest renames its queries name, too, as it will be called. */
function isRenamedByHand(object: LiveObject | undefined): boolean {
  return object?.elsewhere !== undefined && !object.isRenamedByManifest
}

/** After a restore OIDs mean other objects: then not one of those that are there has the OID that was recorded. */
function isAnotherDatabase({ live }: CatalogReading, { entries }: Ledger): boolean {
  const there = [...entries].flatMap(([key, { oid }]) => {
    const object = live.get(key)
    return object ? [object.oid === oid] : []
  })
  return there.length > 0 && !there.includes(true)
}

/** What lost objects are called now. */
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

/** What a manifest has under that name now is that manifest's, whatever its OID. */
async function withoutClaimed(
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
  const claimed = new Set<string>(rows.map(({ address }) => address))
  const isClaimed = (key: Key) => declared.has(key) || entries.has(key) || claimed.has(key)
  return new Map([...found].filter(([, id]) => !isClaimed(keyOf(id))))
}

interface Names {
  /** What is called what now: those that were renamed, and those that went along with their schema or server. */
  readonly current: ReadonlyMap<Key, ObjectId>
  /** What an object of today's name is called by the manifest. */
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
    const along = inPlaces(id, schemas, servers)
    if (along !== id) current.set(key, along)
  }
  const back = new Map(Array.from(current, ([key, id]) => [keyOf(id), idOf(key)]))
  const [schemasBack, serversBack] = [inverse(schemas), inverse(servers)]
  return { current, declared: (id) => back.get(keyOf(id)) ?? inPlaces(id, schemasBack, serversBack) }
}

/** An object as it is called once its schema or server is called otherwise. */
function inPlaces(id: ObjectId, schemas: ReadonlyMap<string, string>, servers: ReadonlyMap<string, string>): ObjectId {
  if ('schema' in id) {
    const schema = schemas.get(id.schema)
    return schema === undefined ? id : { ...id, schema }
  }
  if (!('server' in id)) return id
  const server = servers.get(id.server)
  return server === undefined ? id : { ...id, server }
}

function inverse(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(Array.from(names, ([from, to]) => [to, from]))
}

/** An object that refers to others by the names that the manifest gives them. */
function withNames(object: LiveObject, declared: Names['declared']): LiveObject {
  const needs = object.needs.map((need) => {
    const id = idOf(need)
    return id ? keyOf(declared(id)) : need
  })
  return { ...object, needs, spec: kindOf(object.id).renaming?.withNames?.(object.spec, declared) ?? object.spec }
}

function atHome(object: LiveObject, id: ObjectId, { declared }: Names): LiveObject {
  const renamed = withNames(object, declared)
  // Where it will be once its schema is called as it should be; an index moves with its view.
  const [schema, server] = [declared({ kind: 'schema', name: schemaOf(object.id) }), serverOf(object.id)]
  const { child } = kindOf(id)
  const whole = child?.movesWithParent ? idOf(child.parentOf(renamed.spec, id)) : undefined
  const home = {
    schemas: new Map([[schemaOf(object.id), whole ? schemaOf(whole) : nameOf(schema)]]),
    servers: new Map([[server, nameOf(declared({ kind: 'server', name: server }))]]),
  }
  const from = inPlaces(object.id, home.schemas, home.servers)
  return { ...renamed, id, elsewhere: object.id, ...(keyOf(from) === keyOf(id) ? {} : { renamedFrom: from }) }
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
