// The manifests of a database.

import type { ManifestList } from '../core/manifest-summary.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { readManifestSummaries } from '../ledger/manifest-names.ts'

/**
 * Lists the manifests that own something in a database, or that were applied to it, by name. Changes nothing.
 * @throws FdwsyncError if this role may not read the ledger
 */
export async function listManifests(session: Session): Promise<ManifestList> {
  const manifests = await inReadOnlyTransaction(session, () => readManifestSummaries(session))
  return { database: session.database, manifests }
}
