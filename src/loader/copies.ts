// Reads the copies that a refresh brings up to date: their order, and the facts by which strategies are chosen.

import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type CopyId, idOf, isCopyId, type Key, keyOf } from '../core/object.ts'
import { ident, trusted } from '../core/sql.ts'
import { type StrategyState, unknownState } from '../core/strategy-state.ts'
import type { Session } from '../db/session.ts'
import { readDependents, readDependentsOfViews } from '../dependents/dependents.ts'
import { readByPlainViews } from '../dependents/read-through-views.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { titleOf } from '../kinds/registry.ts'
import type { LastLoads } from '../ledger/last-loads.ts'
import { type CopyRow, readCopyRows } from './copy-rows.ts'
import { readSources, sourcesRead } from './read-sources.ts'
import type { Copy, CopyFacts, LackedPrivilege, TableFacts } from './strategies/strategy.ts'
import { readTableFacts } from './table-facts.ts'

/** A copy that is to be refreshed. */
export interface RefreshTarget {
  readonly id: CopyId
  readonly key: Key
  readonly title: string
  /** Undefined if it does not exist. */
  readonly copy: Copy | undefined
  /** How to connect to the sources that it reads. */
  readonly sources: readonly ConnectivityProbe[]
  /** The other targets that it reads, directly or through plain views. */
  readonly reads: readonly Key[]
  /** All copies that read it directly, targets or not: they refer to it by its OID. */
  readonly readers: readonly { readonly key: Key; readonly title: string }[]
}

interface MappingRow {
  readonly server: string
  readonly owner: string
  readonly mapping: number | null
}

// The user mapping of each role, or else that of PUBLIC.
const mappingsQuery = trusted(`
  SELECT s.srvname AS server, r.rolname AS owner,
         (SELECT m.umid FROM pg_user_mappings m WHERE m.srvid = s.oid AND m.umuser IN (r.oid, 0) ORDER BY m.umuser DESC LIMIT 1) AS mapping
    FROM pg_foreign_server s, pg_roles r WHERE s.srvname = ANY ($1::name[]) AND r.rolname = ANY ($2::name[])`)

export interface KnownOfLedger {
  readonly lastLoads: LastLoads
  readonly states: ReadonlyMap<Key, StrategyState>
  /** Why the ledger cannot be used, if it exists. */
  readonly ledgerProblem: string | undefined
}

/** For callers to whom the ledger does not matter. */
export const unknownOfLedger: KnownOfLedger = { lastLoads: new Map(), states: new Map(), ledgerProblem: undefined }

/**
 * Each copy comes after those that it reads.
 * @param readOfLedger called in the transaction that reads the rest, under `readingPath`
 */
export async function readTargets(
  session: Session,
  ids: readonly CopyId[],
  readOfLedger: () => Promise<KnownOfLedger>,
): Promise<readonly RefreshTarget[]> {
  return inSnapshot(session, async () => {
    const rows = await readCopyRows(session, ids)
    const ofLedger = await readOfLedger()
    const copies = [...rows.values()]
    const tables = copies.flatMap(({ oid, table }) => (table ? [{ oid, spec: table }] : []))
    const throughViews = await readByPlainViews(session, copies)
    const factsOfTables = await readTableFacts(session, tables)
    const sourcesOf = await readSources(session, ids)
    const mappings = await readMappings(session, [...sourcesOf.values()].flat(), copies)
    const all = await (tables.length === 0 ? readDependentsOfViews : readDependents)(session, copies)
    const dependents = groupBy(all, ({ on }) => on)
    const targets = ids.map((id): RefreshTarget => {
      const key = keyOf(id)
      const row = rows.get(key)
      const own = dependents.get(key) ?? []
      const sources = sourcesRead(sourcesOf, id)
      const connections = mappings.filter(
        ({ server, owner }) => owner === row?.owner && sources.some(({ source }) => source === server),
      )
      const known = { ...ofLedger, dependents: own, connections, session, tables: factsOfTables }
      const reads = (row?.reads ?? []).flatMap((need) => [need, ...(throughViews.get(need) ?? [])])
      return { id, key, title: titleOf(id), sources, copy: row && copyOf(row, known), reads, readers: readersIn(own) }
    })
    return inOrder(targets)
  })
}

/** The user mappings by which the owners of copies read the sources. */
async function readMappings(
  session: Session,
  sources: readonly ConnectivityProbe[],
  copies: readonly CopyRow[],
): Promise<readonly MappingRow[]> {
  const servers = new Set(sources.map(({ source }) => source))
  const owners = new Set(copies.map(({ owner }) => owner))
  return servers.size === 0 ? [] : session.query<MappingRow>(mappingsQuery, [[...servers], [...owners]])
}

function readersIn(dependents: readonly Dependent[]): RefreshTarget['readers'] {
  return dependents.flatMap((dependent) => {
    const { key, description: title } = dependent
    return key !== undefined && isSwappedAlong(dependent) ? [{ key, title }] : []
  })
}

/** Each target after those that it reads; of these, it names only targets. */
function inOrder(targets: readonly RefreshTarget[]): readonly RefreshTarget[] {
  const ordered = topologicalOrder(
    targets,
    ({ key }) => key,
    ({ reads }) => reads,
  )
  const keys = new Set(targets.map(({ key }) => key))
  return ordered.map((target) => ({
    ...target,
    reads: [...new Set(target.reads)].filter((key) => keys.has(key) && key !== target.key),
  }))
}

interface Known extends KnownOfLedger {
  readonly dependents: readonly Dependent[]
  readonly connections: CopyFacts['connections']
  readonly session: Session
  /** The facts of tables, by OID. */
  readonly tables: ReadonlyMap<number, TableFacts>
}

function copyOf(row: CopyRow, known: Known): Copy {
  const { dependents, connections, session, tables, lastLoads, states, ledgerProblem } = known
  const { id, key, oid } = row
  const swapObstacleOfAnyRole = boundDependent(dependents) ?? boundParent(row)
  const facts: CopyFacts = {
    isPopulated: row.isPopulated,
    hasUniqueIndex: row.hasUniqueIndex,
    lackedByOwner: lackedForConcurrently(row, session),
    table: tables.get(oid),
    bytes: row.bytes,
    owner: row.owner,
    connections,
    isOwnerAvailable: row.setsOwner,
    swapObstacle: missingRight(row, session) ?? ledgerProblem ?? swapObstacleOfAnyRole,
    swapObstacleOfAnyRole,
    lastMilliseconds: lastLoads.get(key) ?? {},
    state: states.get(key) ?? unknownState,
  }
  return { id, key, title: titleOf(id), oid, facts }
}

/** Its owner creates a temporary table, and names the copy. */
function lackedForConcurrently(row: CopyRow, { database }: Session): LackedPrivilege | undefined {
  if (!row.ownerUsesSchema) return lacked('USAGE', 'schema', row.id.schema)
  return row.ownerCreatesTemporary ? undefined : lacked('TEMPORARY', 'database', database)

  function lacked(privilege: string, kind: 'schema' | 'database', name: string): LackedPrivilege {
    const owner = ident(row.owner)
    return {
      reason: `its owner ${owner} has no ${privilege} on ${kind} ${ident(name)}`,
      hint: `GRANT ${privilege} ON ${kind.toUpperCase()} ${ident(name)} TO ${owner};`,
    }
  }
}

/** Why this role may not drop the copy and create another one in its place. */
function missingRight(row: CopyRow, { user, database }: Session): string | undefined {
  if (!row.actsAsOwner) return `${ident(user)} is no member of its owner ${ident(row.owner)}`
  if (!row.createsInDatabase) return `${ident(user)} has no CREATE on database ${ident(database)}`
  if (!row.createsInSchema) return `${ident(user)} has no CREATE on its schema`
  return row.writesLedger ? undefined : `${ident(user)} has no UPDATE on fdwsync.object, which has its OID`
}

/**
 * The dependent that would keep PostgreSQL from dropping the copy. Plain views do not count, since they are repointed, nor do
 * copies, which are swapped along.
 */
function boundDependent(dependents: readonly Dependent[]): string | undefined {
  const bound = dependents.find((dependent) => !isSwappedAlong(dependent) && !isRepointed(dependent))
  if (bound === undefined) return undefined
  return typeof bound.view?.otherOwner === 'string'
    ? `this role may not alter ${bound.description}, which reads it`
    : `${bound.description} depends on it`
}

function boundParent({ parent }: CopyRow): string | undefined {
  return parent === null ? undefined : `its successor would not be a child of ${parent}`
}

function isRepointed({ view }: Dependent): boolean {
  return view?.otherOwner === null && view.whyNotRepointed === null
}

/**
 * Whether a dependent is a copy that can be swapped along. If it stores whole rows of the other, it could not: the row type of the
 * successor is another one.
 */
function isSwappedAlong({ key, storesValues }: Dependent): boolean {
  const id = key === undefined ? undefined : idOf(key)
  return storesValues !== true && id !== undefined && isCopyId(id)
}
