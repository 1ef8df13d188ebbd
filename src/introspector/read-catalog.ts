// Reads the live state of objects from the catalog. Each kind supplies the query.

import type { LiveObject, LiveState } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Secret } from '../core/secret.ts'
import { literal, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { RenamedTable } from '../kinds/facets/copy/source-view.ts'
import type { AnyKind } from '../kinds/kind.ts'
import { kinds } from '../kinds/registry.ts'
import { createRunDigests } from './digests.ts'
import { type RowWithId, readElsewhere } from './read-elsewhere.ts'
import { type NameState, readNameStates } from './relation-names.ts'
import { readingPath } from './transaction-settings.ts'

export interface CatalogReading {
  readonly live: LiveState
  /** Keys whose name is taken by an object of another kind, with a description of that object. */
  readonly occupied: ReadonlyMap<Key, string>
  /** For objects that were renamed in the database: the keys of `live`, by the keys of their current names. */
  readonly declaredKeys?: ReadonlyMap<Key, Key>
  /** The tables that were renamed in the database. */
  readonly renamedTables?: readonly RenamedTable[]
  /** The current ids of what is no longer declared and was renamed in the database, by the keys in the ledger. */
  readonly renamedAway?: ReadonlyMap<Key, ObjectId>
  /** The keys of the objects in `live` that no manifest declares, but which an apply has created: see planner/renames/strays.ts. */
  readonly strays?: ReadonlySet<Key>
  /** The current names of schemas that were renamed in the database, by their declared names. */
  readonly renamedSchemas?: ReadonlyMap<string, string>
  /** Replaces the current names in an object by the declared ones. */
  withDeclaredNames?(object: LiveObject): LiveObject
}

// pg_get_viewdef waits for a relation with an AccessExclusiveLock, held or awaited, and for all views that read it. A
// running REFRESH holds one until it ends. So this finds such relations first, and the catalog queries skip their text.
const lockedNow: Sql = trusted(`
  SELECT relation FROM pg_locks
   WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)

const anyLocked: Sql = sql`
  SELECT set_config('fdwsync.locked', '{}', true), EXISTS (${lockedNow}) AS "isAny"`

const setLocked: Sql = sql`
  WITH RECURSIVE locked(oid) AS (
    ${lockedNow}
    UNION
    SELECT r.ev_class
      FROM locked
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = locked.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid
  )
  SELECT set_config('fdwsync.locked', coalesce(array_agg(oid)::text, '{}'), true) FROM locked`

/**
 * Sets `fdwsync.locked` to the OIDs of relations that another session has locked, for catalog queries. The second query takes
 * PostgreSQL several times longer to plan than the first, which rarely finds anything.
 */
export async function noteLocked(session: Session): Promise<void> {
  const [found] = await session.query<{ isAny: boolean }>(anyLocked)
  if (found?.isAny) await session.query(setLocked)
}

/**
 * Reads objects by their ids, within the session's transaction, with one query per kind of what exists. An object that is not in the
 * result does not exist: a failed query throws, and never returns an empty result.
 * @param scratchSchema where this transaction has created stand-ins. Anybody can give a schema a name like that one's, so
 * queries do not go by prefixes.
 */
export async function readCatalog(
  session: Session,
  ids: Iterable<ObjectId>,
  salt: string,
  scratchSchema = '',
): Promise<CatalogReading> {
  const wanted = groupBy(ids, ({ kind }) => kind)
  const live = new Map<Key, LiveObject>()
  const occupied = new Map<Key, string>()
  const stateOf = await readNameStates(
    session,
    sql`${readingPath}; SET LOCAL fdwsync.salt = ${literal(salt)}; SET LOCAL fdwsync.scratch_schema = ${literal(scratchSchema)}`,
    kinds.filter(isOfNames).flatMap(({ kind }) => wanted.get(kind) ?? []),
  )
  const { ofRun } = createRunDigests(salt)
  const absent = await absentTables(
    session,
    kinds.filter(({ kind }) => wanted.has(kind)).map(({ catalog }) => catalog),
  )
  let isLockedSet = false
  for (const kind of kinds) {
    const { here, elsewhere } = byDatabase(kind, wanted.get(kind.kind) ?? [])
    const ofTarget = absent.has(kind.catalog) ? [] : here
    const rows = new Map<Key, RowWithId>()
    for (const [database, ids] of elsewhere)
      for (const row of await readElsewhere(session, kind, database, ids)) rows.set(keyOf(row.id), row)
    for (const { query, ids } of queriesFor(kind, ofTarget, stateOf, occupied)) {
      if (kind.readsLocked && !isLockedSet) {
        await noteLocked(session)
        isLockedSet = true
      }
      for (const row of await session.query<RowWithId>(query, [JSON.stringify(ids)])) rows.set(keyOf(row.id), row)
    }
    // In the order of the ids, whichever query returned them.
    for (const key of [...ofTarget, ...[...elsewhere.values()].flat()].map(keyOf)) {
      const row = rows.get(key)
      if (row?.occupied_by) occupied.set(key, row.occupied_by)
      else if (row) live.set(key, fromRow(kind, row, ofRun))
    }
  }
  return { live, occupied }
}

// Without USAGE on the schema, to_regclass() would fail.
const absentQuery: Sql = trusted(`
  SELECT name FROM unnest($1::text[]) AS name
   WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = split_part(name, '.', 1) AND c.relname = split_part(name, '.', 2)
                        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))`)

/** The catalogs that are tables with a schema, and do not exist or cannot be read. */
async function absentTables(session: Session, catalogs: readonly string[]): Promise<ReadonlySet<string>> {
  const tables = catalogs.filter((catalog) => catalog.includes('.'))
  if (tables.length === 0) return new Set()
  const rows = await session.query<{ name: string }>(absentQuery, [tables])
  return new Set(rows.map(({ name }) => name))
}

function byDatabase(
  { elsewhere }: AnyKind,
  ids: readonly ObjectId[],
): { readonly here: readonly ObjectId[]; readonly elsewhere: ReadonlyMap<string, readonly ObjectId[]> } {
  if (!elsewhere) return { here: ids, elsewhere: new Map() }
  const databaseOf = (id: ObjectId) => elsewhere.databaseOf(id)
  const inOthers = ids.flatMap((id) => {
    const database = databaseOf(id)
    return database === undefined ? [] : [{ id, database }]
  })
  const grouped = groupBy(inOthers, ({ database }) => database)
  return {
    here: ids.filter((id) => databaseOf(id) === undefined),
    elsewhere: new Map(Array.from(grouped, ([database, all]) => [database, all.map(({ id }) => id)])),
  }
}

interface CatalogQuery {
  readonly query: Sql
  readonly ids: readonly ObjectId[]
}

/** The queries for existing objects. Adds names that belong to types to `occupied`. */
function queriesFor(
  kind: AnyKind,
  ids: readonly ObjectId[],
  stateOf: (id: ObjectId) => NameState,
  occupied: Map<Key, string>,
): readonly CatalogQuery[] {
  if (!isOfNames(kind)) return withIds([{ query: kind.catalogQuery, ids }])
  const byState = groupBy(ids, stateOf)
  const ofState = (state: NameState) => byState.get(state) ?? []
  if (kind.hasRowType) for (const id of ofState('type')) occupied.set(keyOf(id), 'type')
  const types = kind.hasRowType ? [] : ofState('type')
  if (!kind.plainCatalogQuery)
    return withIds([{ query: kind.catalogQuery, ids: [...types, ...ofState('child'), ...ofState('plain')] }])
  return withIds([
    { query: kind.plainCatalogQuery, ids: ofState('plain') },
    { query: kind.catalogQuery, ids: [...types, ...ofState('child')] },
  ])
}

function withIds(queries: readonly CatalogQuery[]): readonly CatalogQuery[] {
  return queries.filter(({ ids }) => ids.length > 0)
}

/** Whether its objects are relations or types, whose names `readNameStates` looks up. */
function isOfNames({ catalog }: AnyKind): boolean {
  return catalog === 'pg_class' || catalog === 'pg_type'
}

function fromRow(kind: AnyKind, row: RowWithId, digestOf: (secret: Secret) => string): LiveObject {
  const spec = kind.expand?.(row.spec) ?? row.spec
  return {
    id: row.id,
    spec: kind.secrets?.hide?.(spec, [], digestOf) ?? spec,
    needs: (row.needs ?? []).map(keyOf),
    oid: row.oid,
    catalog: kind.catalog,
    digest: row.digest ?? null,
    locked: row.locked ?? false,
  }
}
