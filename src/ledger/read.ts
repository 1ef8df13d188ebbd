// Reads from the ledger which objects a manifest owns, as last applied. It does not read their live state.

import type { Problem } from '../core/errors.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import { secretOptionsOf } from '../core/secret-options.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { readCanonical } from '../kinds/recorded.ts'
import type { TableIdentity } from '../manifest/expansion/imports.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { isEmptyColumn } from './empty-columns.ts'
import { type FoundLedger, findLedger } from './trust.ts'

/** One object in the ledger. */
export interface LedgerEntry {
  readonly id: ObjectId
  readonly oid: number
  /** False for an object that existed before and was adopted. */
  readonly createdByFdwsync: boolean
  /** The declaration as last applied, without its secrets. */
  readonly declared: unknown
  /** Whether {@link readCanonicalForms} returns its canonical form. An older release recorded none. */
  readonly hasCanonicalForm: boolean
  /** The path under which its SQL was parsed; null if an older release recorded the object. */
  readonly searchPath: readonly string[] | null
  readonly digest: string | null
  /** A digest of everything that its meaning depended on when it last matched its declaration. */
  readonly dependencyDigest: string | null
  /** For an imported or mirrored object: what its source returned. */
  readonly source: SourceRecord | null
  /** The titles of alterations that have outdated its data, if it could not be loaded since. */
  readonly outdatedBy: readonly string[]
}

export interface Ledger {
  readonly exists: boolean
  /** Why this role cannot read the ledger. Ownership is then unknown, and nothing is adopted or dropped. */
  readonly unreadable: Required<Pick<Problem, 'code' | 'message' | 'hint'>> | undefined
  readonly entries: ReadonlyMap<Key, LedgerEntry>
  /** The other manifests that own an object which this one declares or owns. */
  readonly otherOwners: ReadonlyMap<Key, readonly string[]>
  /** Objects that another manifest declares as protected. */
  readonly protectedByOthers: ReadonlySet<Key>
}

export interface EntryRow {
  readonly manifest: string
  readonly address: string
  readonly object_oid: number
  readonly created_by_fdwsync: boolean
  readonly declared: unknown
  readonly has_canonical: boolean
  readonly search_path: readonly string[] | null
  readonly digest: string | null
  readonly closure: string | null
  readonly server_major: number
  readonly source: SourceRecord | OldSourceRecord | null
  readonly outdated_by: readonly string[] | null
}

/** A source record before version 7 of the ledger. */
interface OldSourceRecord {
  readonly asked: SourceRequest
  readonly said: unknown
  readonly table?: string
}

// An older ledger lacks some columns, or has them under another name. Reading the row as JSON allows for both.
export const entryColumns = `manifest, address, object_oid, declared, digest, server_major,
  (coalesce(entry -> 'created_by_fdwsync', entry -> 'made'))::bool AS created_by_fdwsync,
  coalesce(jsonb_typeof(entry -> 'canonical') = 'object', false) AS has_canonical, entry -> 'search_path' AS search_path, entry ->> 'closure' AS closure, entry -> 'source' AS source,
  entry -> 'outdated_by' AS outdated_by`

export const fromObjects = 'fdwsync.object, LATERAL to_jsonb(object) AS entry'

/**
 * Reads what a manifest owns, and which other manifests own what it declares, from the ledger that the session's transaction has found.
 */
export function readLedger(
  session: Session,
  found: FoundLedger,
  manifest: string,
  declared: Iterable<Key>,
): Promise<Ledger> {
  const query = trusted(`
    SELECT ${entryColumns} FROM ${fromObjects}
     WHERE manifest = $1 OR address = ANY ($2::text[])
        OR address IN (SELECT address FROM fdwsync.object WHERE manifest = $1)`)
  return ledgerOf(session, found, manifest, query, [manifest, [...declared]])
}

/** Like {@link readLedger}, but reads only the given objects. */
export function readLedgerOf(
  session: Session,
  found: FoundLedger,
  manifest: string,
  keys: Iterable<Key>,
): Promise<Ledger> {
  const query = trusted(`SELECT ${entryColumns} FROM ${fromObjects} WHERE address = ANY ($1::text[])`)
  return ledgerOf(session, found, manifest, query, [[...keys]])
}

async function ledgerOf(
  session: Session,
  found: FoundLedger,
  manifest: string,
  query: Sql,
  parameters: readonly unknown[],
): Promise<Ledger> {
  if (found.state !== 'ready') {
    const unreadable = found.state === 'unreadable' ? found.problem : undefined
    return { ...emptyLedger, unreadable }
  }
  const rows = await session.query<EntryRow>(query, parameters)
  const entries = new Map<Key, LedgerEntry>()
  const otherOwners = new Map<Key, string[]>()
  const protectedByOthers = new Set<Key>()
  for (const row of rows) {
    const id = idOf(row.address)
    // A newer release wrote it, for a kind that this one does not know. Leave it alone.
    if (!id) continue
    const key = keyOf(id)
    if (row.manifest === manifest) entries.set(key, toEntry(session, id, row))
    else {
      otherOwners.set(key, [...(otherOwners.get(key) ?? []), row.manifest])
      if (isProtected(row.declared)) protectedByOthers.add(key)
    }
  }
  return { exists: true, unreadable: undefined, entries, otherOwners, protectedByOthers }
}

const emptyLedger: Ledger = {
  exists: false,
  unreadable: undefined,
  entries: new Map(),
  otherOwners: new Map(),
  protectedByOthers: new Set(),
}

/**
 * Reads how the catalog showed objects when they last matched their declarations. Only changed objects are compared with it, so it
 * is not part of {@link readLedger}.
 */
export async function readCanonicalForms(
  session: Session,
  manifest: string,
  keys: readonly Key[],
): Promise<ReadonlyMap<Key, unknown>> {
  if (keys.length === 0) return new Map()
  return inReadOnlyTransaction(session, async () => {
    const { state } = await findLedger(session)
    if (state !== 'ready') return new Map()
    const rows = await session.query<{ address: Key; canonical: unknown }>(
      trusted('SELECT address, canonical FROM fdwsync.object WHERE manifest = $1 AND address = ANY ($2::text[])'),
      [manifest, keys],
    )
    return new Map(rows.map(({ address, canonical }) => [address, readCanonical(address, canonical)]))
  })
}

/** Who owns what, and which options are secrets, by object. */
export interface Owners {
  readonly manifests: ReadonlyMap<Key, readonly string[]>
  /** The options that manifests call secret. */
  readonly secretOptions: ReadonlyMap<Key, readonly string[]>
}

/** Reads the owners of all objects from the ledger that the session's transaction has found. */
export async function readOwners(session: Session, { state }: FoundLedger): Promise<Owners> {
  const manifests = new Map<Key, string[]>()
  const secretOptions = new Map<Key, readonly string[]>()
  if (state !== 'ready') return { manifests, secretOptions }
  const rows = await session.query<Pick<EntryRow, 'manifest' | 'address' | 'declared'>>(
    trusted(`SELECT manifest, address, jsonb_build_object('secretOptions', declared -> 'secretOptions') AS declared
               FROM fdwsync.object`),
  )
  for (const { manifest, address, declared } of rows) {
    const id = idOf(address)
    if (!id) continue
    const key = keyOf(id)
    manifests.set(key, [...(manifests.get(key) ?? []), manifest])
    const named = secretOptionsOf(declared)
    if (named.length > 0) secretOptions.set(key, [...(secretOptions.get(key) ?? []), ...named])
  }
  return { manifests, secretOptions }
}

/** @param row of a query with {@link entryColumns} */
export function toEntry({ serverVersion }: Session, id: ObjectId, row: EntryRow): LedgerEntry {
  // Another major version may show the same SQL in other words.
  const isComparable = row.server_major === Math.trunc(serverVersion / 10_000)
  return {
    id,
    oid: row.object_oid,
    createdByFdwsync: row.created_by_fdwsync,
    declared: row.declared,
    hasCanonicalForm: row.has_canonical && isComparable,
    searchPath: row.search_path,
    digest: row.digest,
    dependencyDigest: row.closure,
    source: row.source && toSourceRecord(row.source),
    outdatedBy: (row.outdated_by ?? []).filter((mark) => !isEmptyColumn(mark)),
  }
}

function toSourceRecord(source: SourceRecord | OldSourceRecord): SourceRecord {
  if (!('asked' in source)) return source
  const { asked: request, said: response, ...rest } = source
  return { request, response, ...rest }
}

/**
 * The request to the source of an imported or mirrored object, and the response, before any changes by the manifest.
 * A plan compares it with the current response to decide whether the source or the manifest has changed.
 */
export interface SourceRecord {
  readonly request: SourceRequest
  /** The object as a manifest would declare it. Of a table, its primary key, or null if it has none. */
  readonly response: unknown
  /** For a composite type: its attributes in order, which the ledger does not keep in `response`. */
  readonly attributes?: readonly string[]
  /** For an index: its table at the source. */
  readonly table?: string
  /** For a table of a PostgreSQL source: its identity, if the release that asked the source records it. */
  readonly identity?: TableIdentity
}

export type SourceRequest = Pick<
  ImportRequest,
  'server' | 'remoteSchema' | 'options' | 'except' | 'withIndexes' | 'copiesTypes'
> & {
  /** Null if all tables were requested. */
  readonly limitTo: readonly string[] | null
  readonly typesSchema?: string
  /** What a mirror copies. */
  readonly relations?: readonly string[]
  readonly partitions?: string
}
