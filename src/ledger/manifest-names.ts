// The names of the manifests that the ledger knows.

import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { findLedger } from './trust.ts'

/**
 * Those that own something, and those that were applied before. Within the session's transaction.
 * @throws FdwsyncError if this role cannot read the ledger, or it is not trusted
 */
export async function readManifestNames(session: Session): Promise<readonly string[]> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: `the ledger cannot be read: ${found.problem.message}` })
  if (found.state !== 'ready') return []
  const rows = await session.query<{ manifest: string }>(
    trusted('SELECT manifest FROM fdwsync.object UNION SELECT manifest FROM fdwsync.apply ORDER BY 1'),
  )
  return rows.map(({ manifest }) => manifest)
}
