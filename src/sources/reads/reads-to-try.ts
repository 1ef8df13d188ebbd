// Finds the reads of foreign tables that a plan affects, by server and role. These are tried before the plan is applied.

import type { Change, LiveObject, LiveState, WantedObject } from '../../core/change.ts'
import { groupBy, sameData } from '../../core/data.ts'
import { type IdOf, idOf, type Key, keyOf } from '../../core/object.ts'
import type { Access } from '../../kinds/facets/access.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { asKind } from '../../kinds/specs.ts'
import type { IndirectRead } from './indirect-reads.ts'
import { connectionOf, remoteOf } from './what-is-read.ts'

export interface ReadsInput {
  readonly changes: readonly Change[]
  /** The copies that the plan loads. */
  readonly loaded: ReadonlySet<Key>
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: LiveState
  /** What is read through other relations that wanted copies name. */
  readonly indirect: ReadonlyMap<Key, readonly IndirectRead[]>
  /** The role that applies. */
  readonly user: string
  /** The tables whose columns were imported from their sources just now. */
  readonly fresh: ReadonlySet<Key>
}

/** What is read from one source. */
export interface ServerReads {
  readonly server: string
  readonly byRole: readonly RoleReads[]
  /** Whether no table is declared. Then a table is read that every PostgreSQL server has. */
  readonly isForConnecting: boolean
  /** User mappings that the plan drops. */
  readonly droppedMappings: readonly IdOf<'userMapping'>[]
}

/** What is read as one role. */
export interface RoleReads {
  readonly role: string
  /** The materialized views that read the tables as this role. If there are none, it is just a role with a user mapping. */
  readonly views: readonly Key[]
  readonly tables: readonly TableRead[]
}

export interface TableRead {
  readonly id: IdOf<'foreignTable'>
  readonly spec: ForeignTableSpec
  /**
   * Whether the plan changes the table, its server or a user mapping. Otherwise only a copy is new or loaded again, and the source
   * may be down at the moment.
   */
  readonly isChanged: boolean
  /** Whether its columns were imported just now, so that their types are those of the source. */
  readonly isFresh: boolean
  /** Whether views read it. Otherwise it is tried as every role with a user mapping, of which one must be able to read it. */
  readonly hasReader: boolean
}

export function readsToTry(input: ReadsInput): readonly ServerReads[] {
  const { changes, wanted, loaded } = input
  const changed = new Set(changes.filter(affectsReading).map(({ key }) => key))
  const servers = serversWithChanges(changes, changed)
  const tables = [...wanted.values()].flatMap((object): readonly TableRead[] => {
    const table = asKind(object, 'foreignTable')
    if (!table) return []
    const { id, spec } = table
    const key = keyOf(id)
    const isChanged = servers.has(spec.server) || changed.has(key)
    return [{ id, spec, isChanged, isFresh: input.fresh.has(key), hasReader: true }]
  })
  const readers = readersByTable(input)
  const dropped = changes.flatMap(({ op, key }) => (op === 'drop' ? [idOf(key)] : [])).filter(isMapping)
  const affected = new Set([...changed, ...loaded])
  const reads = tables.flatMap((table) => readsOf(input, table, readers.get(keyOf(table.id)) ?? [], affected))
  const withTables = groupBy(reads, ({ table }) => table.spec.server)
  const alone = [...servers].filter(
    (server) => !withTables.has(server) && wanted.has(keyOf({ kind: 'server', name: server })),
  )
  return [...withTables.keys(), ...alone].map((server) => ({
    server,
    isForConnecting: !withTables.has(server),
    byRole: withTables.has(server) ? byRole(withTables.get(server) ?? []) : withoutTables(input, server),
    droppedMappings: dropped.filter((id) => id.server === server),
  }))
}

interface Read {
  readonly role: string
  readonly view: Key | undefined
  readonly table: TableRead
}

interface Reader {
  readonly view: Key
  /** The owner of the copy, or of a plain view between the copy and the table. */
  readonly role: string
}

function readsOf(
  input: ReadsInput,
  table: TableRead,
  readers: readonly Reader[],
  affected: ReadonlySet<Key>,
): readonly Read[] {
  const tried = table.isChanged ? readers : readers.filter(({ view }) => affected.has(view))
  if (tried.length > 0 || !table.isChanged) return tried.map((reader) => ({ ...reader, table }))
  const unread = { ...table, hasReader: false }
  return rolesWithMapping(input, table.spec.server).map((role) => ({ role, view: undefined, table: unread }))
}

function byRole(reads: readonly Read[]): readonly RoleReads[] {
  return Array.from(
    groupBy(reads, ({ role }) => role),
    ([role, own]) => ({
      role,
      views: [...new Set(own.flatMap(({ view }) => view ?? []))],
      tables: [...new Set(own.map(({ table }) => table))],
    }),
  )
}

/** For a server without declared tables, a table that every PostgreSQL server has shows whether connecting works. */
function withoutTables(input: ReadsInput, server: string): readonly RoleReads[] {
  const id = { kind: 'foreignTable', schema: 'pg_catalog', name: 'pg_class' } as const
  const table = {
    id,
    spec: { server, options: {}, columns: {}, checks: {} },
    isChanged: true,
    isFresh: true,
    hasReader: false,
  }
  return rolesWithMapping(input, server).map((role) => ({ role, views: [], tables: [table] }))
}

/** The servers that change, or have a user mapping that changes. */
function serversWithChanges(changes: readonly Change[], changed: ReadonlySet<Key>): ReadonlySet<string> {
  return new Set(
    changes.flatMap(({ key }) => {
      const id = changed.has(key) ? idOf(key) : undefined
      if (id?.kind === 'server') return [id.name]
      return id?.kind === 'userMapping' ? [id.server] : []
    }),
  )
}

/** The copies that read each foreign table, and as which roles. */
function readersByTable(input: ReadsInput): ReadonlyMap<Key, readonly Reader[]> {
  return groupBy(readsOfCopies(input), ({ table }) => table)
}

/** What copies read, directly or through other relations. Some of it may be no foreign table. */
export function readsOfCopies({
  wanted,
  live,
  user,
  indirect,
}: Pick<ReadsInput, 'wanted' | 'live' | 'user' | 'indirect'>): readonly (Reader & { readonly table: Key })[] {
  return [...wanted].flatMap(([view, object]) => {
    const copy = asKind(object, 'materializedView', 'table')
    if (!copy) return []
    const owner = ownerOf(copy.spec, asKind(live.get(view), 'materializedView', 'table')?.spec, user)
    return copy.needs.flatMap((need) => {
      const others = indirect.get(need) ?? []
      return [
        { table: need, view, role: owner },
        ...others.map(({ table, role }) => ({ table, view, role: role ?? owner })),
      ]
    })
  })
}

function ownerOf({ owner }: Access, live: Access | undefined, user: string): string {
  if (owner === null) return user
  return owner ?? live?.owner ?? user
}

/** If no view reads a table, a role with a user mapping does. */
function rolesWithMapping({ wanted, user }: ReadsInput, server: string): readonly string[] {
  const roles = Array.from(wanted.values(), ({ id }) => id)
    .filter(isMapping)
    .flatMap((id) => (id.server === server ? [id.role ?? user] : []))
  return roles.length > 0 ? [...new Set(roles)] : [user]
}

function isMapping(id: ReturnType<typeof idOf>): id is IdOf<'userMapping'> {
  return id?.kind === 'userMapping'
}

/** Whether a change affects how the source is connected to, what is read from it, or as which role. */
function affectsReading(change: Change): boolean {
  if (idOf(change.key)?.kind === 'userMapping') return change.op !== 'adopt' && change.op !== 'release'
  if (change.op === 'create') return true
  if (change.op !== 'alter' && change.op !== 'replace') return false
  return !sameData(readOf(change.from), readOf(change.to)) || hasNewOwner(change.from, change.to)
}

/** How a server is connected to, or what a foreign table reads. */
function readOf(object: LiveObject | WantedObject) {
  const [server, table] = [asKind(object, 'server'), asKind(object, 'foreignTable')]
  return server ? connectionOf(server.spec) : table && remoteOf(table)
}

function hasNewOwner(from: LiveObject, to: WantedObject): boolean {
  const owner = asKind(to, 'materializedView', 'table')?.spec.owner
  return owner !== undefined && owner !== asKind(from, 'materializedView', 'table')?.spec.owner
}
