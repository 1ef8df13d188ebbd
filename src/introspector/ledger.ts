import { FdwsyncError } from '../core/errors.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { join, qualified, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { distrustQuery, ledgerTables, ledgerVersion } from './ledger-schema.ts'

/** What the ledger has of one object. */
export interface LedgerEntry {
  readonly id: ObjectId
  readonly oid: number
  /** Made by fdwsync, rather than found and adopted. */
  readonly made: boolean
  /** The declaration as last applied, without its secrets. */
  readonly declared: unknown
  readonly digest: string | null
  readonly serverMajor: number
}

export interface Ledger {
  /** False where the database has none yet. */
  readonly exists: boolean
  readonly entries: ReadonlyMap<Key, LedgerEntry>
  /** Which other manifests have an object that this one declares or has. */
  readonly others: ReadonlyMap<Key, readonly string[]>
}

interface Row {
  readonly manifest: string
  readonly address: string
  readonly object_oid: number
  readonly made: boolean
  readonly declared: unknown
  readonly digest: string | null
  readonly server_major: number
}

/**
 * Reads what a manifest owns, within the session's transaction, and who else has what it declares.
 * @throws FdwsyncError if somebody else prepared the schema, or a newer release wrote it.
 */
export async function readLedger(session: Session, manifest: string, declared: Iterable<Key>): Promise<Ledger> {
  if (!(await trustLedger(session, 'ACCESS SHARE'))) return { exists: false, entries: new Map(), others: new Map() }
  const rows = await session.query<Row>(
    trusted(`SELECT manifest, address, object_oid, made, declared, digest, server_major FROM fdwsync.object
              WHERE manifest OPERATOR(pg_catalog.=) $1 OR address OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])
                 OR address IN (SELECT address FROM fdwsync.object WHERE manifest OPERATOR(pg_catalog.=) $1)`),
    [manifest, [...declared]],
  )
  const entries = new Map<Key, LedgerEntry>()
  const others = new Map<Key, string[]>()
  for (const row of rows) {
    const id = idOf(row.address)
    // An address of a kind that this release does not know was written by a newer one: not ours to judge.
    if (!id) continue
    const key = keyOf(id)
    if (row.manifest === manifest) entries.set(key, toEntry(id, row))
    else others.set(key, [...(others.get(key) ?? []), row.manifest])
  }
  return { exists: true, entries, others }
}

export interface OwnedEntry {
  readonly manifest: string
  readonly entry: LedgerEntry
}

/** Everything that any manifest owns, within the session's transaction. */
export async function readOwned(
  session: Session,
): Promise<{ readonly exists: boolean; readonly entries: readonly OwnedEntry[] }> {
  if (!(await trustLedger(session, 'ACCESS SHARE'))) return { exists: false, entries: [] }
  const rows = await session.query<Row>(
    trusted(
      'SELECT manifest, address, object_oid, made, declared, digest, server_major FROM fdwsync.object ORDER BY manifest',
    ),
  )
  const entries = rows.flatMap((row) => {
    const id = idOf(row.address)
    return id ? [{ manifest: row.manifest, entry: toEntry(id, row) }] : []
  })
  return { exists: true, entries }
}

/**
 * Locks the ledger's tables, so that nobody can add a trigger or rule to them meanwhile, and makes sure that they are
 * what fdwsync made. False if there is no ledger. Nothing of the ledger may be read or written before.
 */
export async function trustLedger(session: Session, lock: 'ACCESS SHARE' | 'ROW EXCLUSIVE'): Promise<boolean> {
  const [found] = await session.query<{ tables: number; schema: boolean }>(
    trusted(`SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = 'fdwsync' AND c.relname IN ('apply', 'object', 'version'))::int AS tables,
                    EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'fdwsync') AS schema`),
  )
  if (!found?.schema) return false
  await refuseIfDistrusted(session)
  if (found.tables === 0) {
    throw new FdwsyncError({
      message: 'the schema "fdwsync" exists, but not the ledger that fdwsync keeps in it',
      hint: 'Drop the schema, or rename it: fdwsync makes it anew when it applies.',
    })
  }
  if (lock !== 'ACCESS SHARE') {
    const tables = join(
      ledgerTables.map((table) => qualified('fdwsync', table)),
      ', ',
    )
    await session.run(sql`LOCK TABLE ${tables} IN ${trusted(lock)} MODE`)
    await refuseIfDistrusted(session)
  }
  await checkVersion(session)
  return true
}

async function refuseIfDistrusted(session: Session): Promise<void> {
  const reasons = await session.query<{ reason: string }>(distrustQuery)
  if (reasons.length === 0) return
  throw new FdwsyncError({
    message: `the ledger in schema "fdwsync" is not to be trusted: ${reasons.map(({ reason }) => reason).join('; ')}`,
    hint: 'It could run code of theirs as this role. Find out who made it; then drop the schema, or run fdwsync as its owner.',
  })
}

async function checkVersion(session: Session): Promise<void> {
  const [row] = await session.query<{ version: number }>(trusted('SELECT version FROM fdwsync.version'))
  if (row?.version === ledgerVersion) return
  throw new FdwsyncError({
    message: `the ledger in schema "fdwsync" is of version ${row?.version ?? 'unknown'}, and this fdwsync knows version ${ledgerVersion}`,
    hint: 'Use the release of fdwsync that wrote it, or a newer one.',
  })
}

function toEntry(id: ObjectId, row: Row): LedgerEntry {
  return {
    id,
    oid: row.object_oid,
    made: row.made,
    declared: row.declared,
    digest: row.digest,
    serverMajor: row.server_major,
  }
}
