// Records the proof of a plan that has created everything, from the state of the catalog in the creating transaction. So nothing
// has to be read and compared once more.

import { FdwsyncError } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { type CatalogState, readCatalogState } from '../ledger/catalog-state.ts'
import { recordManifestProof } from '../ledger/manifest-proof.ts'
import { openFoundLedger } from '../ledger/open.ts'
import { findLedger } from '../ledger/trust.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

/**
 * The state of the catalog after the session's transaction has created, verified and recorded everything. No other session can have
 * changed it. If nothing is to be loaded, it is recorded as the proof at once. Undefined if the plan does more than create.
 */
export async function proveDefinitions(session: Session, inHand: PlanInHand): Promise<CatalogState | undefined> {
  const { proofOfCreation: proof } = inHand
  if (!proof) return undefined
  const state = await readState(session, inHand, proof.names)
  if (viewsToLoad(inHand).length === 0) await recordManifestProof(session, { ...proof, catalogState: state.digest })
  return state
}

/**
 * Records the proof once all views are loaded, unless anything else has changed since they were defined.
 * @returns whether the proof was recorded
 */
export async function proveLoads(
  connect: Connect,
  inHand: PlanInHand,
  defined: CatalogState | undefined,
): Promise<boolean> {
  if (!inHand.proofOfCreation || !defined) return false
  if (viewsToLoad(inHand).length === 0) return true
  try {
    const session = await connect('ledger')
    try {
      return await recordIfLoaded(session, inHand, inHand.proofOfCreation, defined)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    return false
  }
}

async function recordIfLoaded(
  session: Session,
  inHand: PlanInHand,
  proof: NonNullable<PlanInHand['proofOfCreation']>,
  defined: CatalogState,
): Promise<boolean> {
  await begin(session, { lockTimeoutMilliseconds: 1000 })
  const found = await findLedger(session)
  if (found.state !== 'ready') return false
  await openFoundLedger(session, found)
  const state = await readState(session, inHand, proof.names)
  const loaded = new Set(viewsToLoad(inHand))
  const expected = defined.unloaded.filter((key) => !loaded.has(key))
  const isAsDefined = state.definitions === defined.definitions && String(state.unloaded) === String(expected)
  if (!isAsDefined) return false
  await recordManifestProof(session, { ...proof, catalogState: state.digest })
  await session.run(trusted('COMMIT'))
  return true
}

function readState(session: Session, { plan }: PlanInHand, names: readonly string[]): Promise<CatalogState> {
  return readCatalogState(session, { manifest: plan.manifest, searchPath: plan.searchPath, names })
}

function viewsToLoad({ plan }: PlanInHand): readonly Key[] {
  return plan.steps.flatMap(({ stage, key }) => (stage === 'populate' ? [key] : []))
}
