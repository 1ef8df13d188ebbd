// Reads what any manifest owns, for status.

import { groupBy } from '../core/data.ts'
import { FdwsyncError } from '../core/errors.ts'
import { idOf, type Key, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readCanonical } from '../kinds/recorded.ts'
import { type EntryRow, entryColumns, fromObjects, type LedgerEntry, toEntry } from './read.ts'
import { findLedger } from './trust.ts'

/** Like {@link readCanonicalForms}, but of any manifest. Runs within the session's transaction. The caller has found the ledger. */
export async function readFormsOfAll(
  session: Session,
  keys: readonly Key[],
): Promise<ReadonlyMap<string, ReadonlyMap<Key, unknown>>> {
  if (keys.length === 0) return new Map()
  const rows = await session.query<{ manifest: string; address: Key; canonical: unknown }>(
    trusted('SELECT manifest, address, canonical FROM fdwsync.object WHERE address = ANY ($1::text[])'),
    [keys],
  )
  const byManifest = groupBy(rows, ({ manifest }) => manifest)
  return new Map(
    Array.from(byManifest, ([manifest, all]) => [
      manifest,
      new Map(all.map(({ address, canonical }) => [address, readCanonical(address, canonical)])),
    ]),
  )
}

/** An object that a manifest owns. */
export interface Owned {
  readonly manifest: string
  readonly id: ObjectId
  /** Undefined if it is proven to be in place. */
  readonly entry: LedgerEntry | undefined
}

/**
 * Reads everything that any manifest owns, within the session's transaction.
 * @param proven the manifest whose objects are proven to be in place, so that only their ids are read
 */
export async function readOwned(
  session: Session,
  proven: string | undefined,
): Promise<{ readonly exists: boolean; readonly owned: readonly Owned[] }> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: `the ledger cannot be read: ${found.problem.message}` })
  if (found.state !== 'ready') return { exists: false, owned: [] }
  const rows = await session.query<EntryRow>(
    trusted(`SELECT ${entryColumns} FROM ${fromObjects} WHERE manifest IS DISTINCT FROM $1 ORDER BY manifest`),
    [proven ?? null],
  )
  const compared = rows.flatMap((row) => {
    const id = idOf(row.address)
    return id ? [{ manifest: row.manifest, id, entry: toEntry(session, id, row) }] : []
  })
  return {
    exists: true,
    owned: proven === undefined ? compared : [...compared, ...(await readProven(session, proven))],
  }
}

async function readProven(session: Session, manifest: string): Promise<readonly Owned[]> {
  const rows = await session.query<{ address: string }>(
    trusted('SELECT address FROM fdwsync.object WHERE manifest = $1'),
    [manifest],
  )
  return rows.flatMap(({ address }) => {
    const id = idOf(address)
    return id ? [{ manifest, id, entry: undefined }] : []
  })
}
