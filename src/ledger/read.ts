import { FdwsyncError, type Problem } from '../core/errors.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { findLedger } from './trust.ts'

/** What the ledger has of one object. */
export interface LedgerEntry {
  readonly id: ObjectId
  readonly oid: number
  /** Made by fdwsync, rather than found and adopted. */
  readonly made: boolean
  /** The declaration as last applied, without its secrets. */
  readonly declared: unknown
  readonly digest: string | null
  /** Of all that its meaning depended on when it was last proven to be as declared. */
  readonly closure: string | null
  readonly serverMajor: number
  /** Of what was imported or mirrored: what its source has said of it. */
  readonly source: SourceRecord | null
}

export interface Ledger {
  readonly isThere: boolean
  /**
   * Why it could not be read, if there is one that this role may not read: then who owns what is not known, and nothing
   * is adopted or dropped.
   */
  readonly unknown: Required<Pick<Problem, 'code' | 'message' | 'hint'>> | undefined
  readonly entries: ReadonlyMap<Key, LedgerEntry>
  /** Which other manifests have an object that this one declares or has. */
  readonly others: ReadonlyMap<Key, readonly string[]>
  /** What is protected as another manifest declares it. */
  readonly protectedByOthers: ReadonlySet<Key>
}

interface Row {
  readonly manifest: string
  readonly address: string
  readonly object_oid: number
  readonly made: boolean
  readonly declared: unknown
  readonly digest: string | null
  readonly closure: string | null
  readonly server_major: number
  readonly source: SourceRecord | null
}

/** A ledger of an older version has no such columns. */
const newerColumns = `pg_catalog.to_jsonb(object) OPERATOR(pg_catalog.->>) 'closure' AS closure,
  pg_catalog.to_jsonb(object) OPERATOR(pg_catalog.->) 'source' AS source`

const columns = `manifest, address, object_oid, made, declared, digest, server_major, ${newerColumns}`

/**
 * Reads what a manifest owns, within the session's transaction, and who else has what it declares.
 * @throws FdwsyncError if somebody else prepared the schema, or a newer release wrote it.
 */
export function readLedger(session: Session, manifest: string, declared: Iterable<Key>): Promise<Ledger> {
  const query = trusted(`
    SELECT ${columns} FROM fdwsync.object
     WHERE manifest OPERATOR(pg_catalog.=) $1 OR address OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])
        OR address IN (SELECT address FROM fdwsync.object WHERE manifest OPERATOR(pg_catalog.=) $1)`)
  return ledgerOf(session, manifest, query, [manifest, [...declared]])
}

/** As {@link readLedger}, of some objects alone. */
export function readLedgerOf(session: Session, manifest: string, keys: Iterable<Key>): Promise<Ledger> {
  const query = trusted(`
    SELECT ${columns} FROM fdwsync.object WHERE address OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])`)
  return ledgerOf(session, manifest, query, [[...keys]])
}

async function ledgerOf(
  session: Session,
  manifest: string,
  query: Sql,
  parameters: readonly unknown[],
): Promise<Ledger> {
  const found = await findLedger(session)
  if (found.state !== 'there') {
    const unknown = found.state === 'unreadable' ? found.problem : undefined
    return { isThere: false, unknown, entries: new Map(), others: new Map(), protectedByOthers: new Set() }
  }
  const rows = await session.query<Row>(query, parameters)
  const entries = new Map<Key, LedgerEntry>()
  const others = new Map<Key, string[]>()
  const protectedByOthers = new Set<Key>()
  for (const row of rows) {
    const id = idOf(row.address)
    // An address of a kind that this release does not know was written by a newer one: not ours to judge.
    if (!id) continue
    const key = keyOf(id)
    if (row.manifest === manifest) entries.set(key, toEntry(id, row))
    else {
      others.set(key, [...(others.get(key) ?? []), row.manifest])
      if (isProtected(row.declared)) protectedByOthers.add(key)
    }
  }
  return { isThere: true, unknown: undefined, entries, others, protectedByOthers }
}

export interface OwnedEntry {
  readonly manifest: string
  readonly entry: LedgerEntry
}

/** Everything that any manifest owns, within the session's transaction. */
export async function readOwned(
  session: Session,
): Promise<{ readonly exists: boolean; readonly entries: readonly OwnedEntry[] }> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: `the ledger can not be read: ${found.problem.message}` })
  if (found.state !== 'there') return { exists: false, entries: [] }
  const rows = await session.query<Row>(trusted(`SELECT ${columns} FROM fdwsync.object ORDER BY manifest`))
  const entries = rows.flatMap((row) => {
    const id = idOf(row.address)
    return id ? [{ manifest: row.manifest, entry: toEntry(id, row) }] : []
  })
  return { exists: true, entries }
}

function toEntry(id: ObjectId, row: Row): LedgerEntry {
  return {
    id,
    oid: row.object_oid,
    made: row.made,
    declared: row.declared,
    digest: row.digest,
    closure: row.closure,
    serverMajor: row.server_major,
    source: row.source,
  }
}

/**
 * What the ledger keeps of an object that was imported or mirrored: what was asked of the source, and what it said, before
 * anything that the manifest says of it. So a plan can tell whether the source has changed since, or the manifest.
 */
export interface SourceRecord {
  readonly asked: SourceRequest
  /** As a manifest would spell it out. */
  readonly said: unknown
  /** Of an index: the table that it is on at the source. */
  readonly table?: string
}

export type SourceRequest = Pick<
  ImportRequest,
  'server' | 'remoteSchema' | 'options' | 'except' | 'withIndexes' | 'copiesTypes'
> & {
  /** Null: everything. */
  readonly limitTo: readonly string[] | null
}
