// The copies that read other rows once a plan is applied, for example because a server has another host. What their last refreshes
// have found does not hold for these: the watermark that was reached, the answer of skip_if_same.

import type { Change, LiveObject, WantedObject } from '../../core/change.ts'
import { groupBy, sameData } from '../../core/data.ts'
import {
  type CopyId,
  type DbObject,
  idOf,
  isCopyId,
  type Key,
  keyOf,
  type Relation,
  relationKey,
} from '../../core/object.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import type { ObjectName } from '../../kinds/facets/names.ts'
import { plainOption } from '../../kinds/facets/options.ts'
import { parentsIn, parentsOf } from '../../kinds/foreign-table/parents.ts'
import { asKind } from '../../kinds/specs.ts'
import type { UserMappingSpec } from '../../kinds/user-mapping.ts'
import { connectionOf, remoteOf } from './what-is-read.ts'

/** Options of postgres_fdw and libpq that decide how rows are read, and not which ones. */
const tuning: ReadonlySet<string> = new Set([
  'analyze_sampling',
  'application_name',
  'async_capable',
  'batch_size',
  'connect_timeout',
  'extensions',
  'fdw_startup_cost',
  'fdw_tuple_cost',
  'fetch_size',
  'keep_connections',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'parallel_abort',
  'parallel_commit',
  'sslmode',
  'sslrootcert',
  'tcp_user_timeout',
  'truncatable',
  'updatable',
  'use_remote_estimate',
])

/** Finds existing copies. Reads through functions do not count: functions may read anything. */
export async function copiesOfOtherRows(
  session: Session,
  changes: readonly Change[],
  wanted: ReadonlyMap<Key, WantedObject>,
): Promise<readonly Key[]> {
  const created = new Set(changes.flatMap(({ op, key }) => (op === 'create' ? [key] : [])))
  const copies = Array.from(wanted.values(), ({ id }) => id).flatMap((id) =>
    isCopyId(id) && !created.has(keyOf(id)) ? [id] : [],
  )
  const tables = copies.length === 0 ? [] : tablesOfOtherRows(changes, wanted)
  return tables.length === 0 ? [] : readersOf(session, tables, copies)
}

/** The objects through which other rows are read once they are changed: servers, and foreign tables. */
export function objectsOfOtherRows(changes: readonly Change[]): readonly Key[] {
  return changes.filter(readsOtherRows).map(({ key }) => {
    const server = serverOf(key)
    return server === undefined ? key : keyOf({ kind: 'server', name: server })
  })
}

/**
 * The foreign tables, and the parents that they leave. Parents that they join are found anyway, since parents show the rows of
 * their children.
 */
function tablesOfOtherRows(changes: readonly Change[], wanted: ReadonlyMap<Key, WantedObject>): readonly ObjectName[] {
  const changed = changes.filter(readsOtherRows)
  const before = changed.flatMap((change) => ('from' in change ? [change.from] : []))
  const after = changed.flatMap((change) => ('to' in change ? [change.to] : []))
  const servers = new Set(changed.flatMap(({ key }) => serverOf(key) ?? []))
  const onServers = foreignTables([...wanted.values()]).filter(({ spec }) => servers.has(spec.server))
  const tables = [...foreignTables(after), ...onServers].map(({ id }) => id)
  const formerParents = foreignTables(before).flatMap(({ spec }) => parentsOf(parentsIn(spec)))
  return [...tables, ...formerParents]
}

function foreignTables(objects: readonly DbObject[]) {
  return objects.flatMap((object) => asKind(object, 'foreignTable') ?? [])
}

/** Whether the object itself, or what inherits from it, may have other rows than before. */
function readsOtherRows(change: Change): boolean {
  switch (change.op) {
    case 'create':
      return change.renamesAside ? readsOtherRows(change.renamesAside) : appears(change.to)
    case 'drop':
      return change.renamedAsideFor === undefined && appears(change.from)
    case 'alter':
    case 'replace':
      return !sameData(rowsOf(change.from, change.to), rowsOf(change.to, change.from))
    case 'adopt':
    case 'release':
      return false
  }
}

/**
 * A user mapping that comes or goes changes as whom its users read. A table that is created may have readers already, if it was
 * dropped by hand.
 */
function appears({ id }: DbObject): boolean {
  return id.kind === 'userMapping' || id.kind === 'foreignTable'
}

/** What decides which rows are read from a server, with a user mapping, or by a foreign table. */
function rowsOf(object: LiveObject | WantedObject, other: DbObject) {
  const server = asKind(object, 'server')
  if (server) return withoutTuning(connectionOf(server.spec))
  const table = asKind(object, 'foreignTable')
  return table ? rowsOfTable(table, asKind(other, 'foreignTable')) : userOf(asKind(object, 'userMapping'))
}

/**
 * Only the columns that it has before and after decide. Whatever reads other columns, or a column with another type, is replaced
 * anyway.
 */
function rowsOfTable(table: Parameters<typeof remoteOf>[0], other: typeof table | undefined) {
  const { columns, ...remote } = withoutTuning(remoteOf(table))
  const kept = Object.entries(columns).filter(([name]) => Object.hasOwn(other?.spec.columns ?? {}, name))
  return {
    ...remote,
    columns: Object.fromEntries(kept.map(([column, { name, options }]) => [column, [name, options]])),
    parents: parentsIn(table.spec),
  }
}

function withoutTuning<Read extends { readonly options: readonly (readonly unknown[])[] }>(read: Read): Read {
  return { ...read, options: read.options.filter(([name]) => !tuning.has(String(name))) }
}

/** The remote user, since another one may see other rows. */
function userOf(mapping: DbObject<'userMapping', UserMappingSpec> | undefined): string | undefined {
  return mapping?.spec.options ? plainOption(mapping.spec.options, 'user') : undefined
}

function serverOf(key: Key): string | undefined {
  const id = idOf(key)
  if (id?.kind === 'server') return id.name
  return id?.kind === 'userMapping' ? id.server : undefined
}

const readsQuery = trusted(`
  WITH RECURSIVE read(copy, oid) AS (
    SELECT wanted.copy, c.oid
      FROM pg_catalog.jsonb_to_recordset($1) AS wanted(copy text, schema text, name text)
      JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    UNION
    SELECT read.copy, next.oid
      FROM read CROSS JOIN LATERAL (
        SELECT d.refobjid
          FROM pg_catalog.pg_rewrite r
          JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
         WHERE r.ev_class = read.oid AND r.rulename = '_RETURN'
         UNION ALL
        SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = read.oid) AS next(oid)
  )
  SELECT read.copy, n.nspname AS schema, c.relname AS name
    FROM read
    JOIN pg_catalog.pg_class c ON c.oid = read.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

/** The readers, also through views, other copies, and the parents of tables. */
async function readersOf(
  session: Session,
  tables: readonly ObjectName[],
  copies: readonly CopyId[],
): Promise<readonly Key[]> {
  const queries = copies.map((id) => ({ copy: keyOf(id), ...(id.kind === 'table' ? sourceViewOf(id) : id) }))
  const reads = await session.query<Relation & { copy: Key }>(readsQuery, [JSON.stringify(queries)])
  const readers = groupBy(reads, relationKeyOf)
  const copyOf = new Map(copies.map((id) => [keyOf(id), id]))
  const found = new Set<Key>()
  const next = tables.map(relationKeyOf)
  for (let read = next.pop(); read !== undefined; read = next.pop()) {
    for (const { copy } of readers.get(read) ?? []) {
      const id = copyOf.get(copy)
      if (!id || found.has(copy)) continue
      found.add(copy)
      next.push(relationKeyOf(id))
    }
  }
  return [...found]
}

function relationKeyOf({ schema, name }: ObjectName): string {
  return relationKey(schema ?? '', name)
}
