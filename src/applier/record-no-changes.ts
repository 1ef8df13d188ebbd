// Records in the ledger that a plan found nothing to do, so that the next plan need not find it out again.

import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { recordManifestProof } from '../ledger/manifest-proof.ts'
import { recordNotImported } from '../ledger/not-imported.ts'
import { openFoundLedger } from '../ledger/open.ts'
import { findLedger } from '../ledger/trust.ts'
import { recordCanonicalForms, recordDependencyDigests } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

/** Does nothing if the record cannot be written: the next plan only takes longer then. */
export async function recordNoChanges(connect: Connect, inHand: PlanInHand): Promise<void> {
  // Then there is nothing to record, and the ledger is that of this release. Otherwise it may have to be migrated.
  if (inHand.isProven) return
  try {
    const session = await connect('ledger')
    try {
      await write(session, inHand)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
  }
}

async function write(
  session: Session,
  { plan, proof, provenDigests, canonicalForms, notImported }: PlanInHand,
): Promise<void> {
  await begin(session, { lockTimeoutMilliseconds: 1000 })
  const found = await findLedger(session)
  if (found.state !== 'ready') return
  await openFoundLedger(session, found)
  await recordDependencyDigests(session, plan.manifest, provenDigests)
  await recordCanonicalForms(session, plan.manifest, canonicalForms, plan.searchPath)
  if (notImported) await recordNotImported(session, plan.manifest, notImported)
  if (proof) await recordManifestProof(session, proof)
  await session.run(trusted('COMMIT'))
}
