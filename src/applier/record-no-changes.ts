import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { openLedger } from '../ledger/open.ts'
import { findLedger } from '../ledger/trust.ts'
import { recordDependencyDigests } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

/**
 * Notes in the ledger what a plan with nothing to do has proven, so that the next one need not find it out again. Where
 * that can't be it is left: it is no more than a shortcut.
 */
export async function recordNoChanges(connect: Connect, inHand: PlanInHand): Promise<void> {
  if (!inHand.proof && inHand.proven.size === 0) return
  try {
    const session = await connect('ledger')
    try {
      await writeProof(session, inHand)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
  }
}

async function writeProof(session: Session, { plan, proof, proven }: PlanInHand): Promise<void> {
  await session.run(trusted("BEGIN; SET LOCAL lock_timeout = '1s'"))
  const found = await findLedger(session)
  if (found.state !== 'ready') return
  await openLedger(session)
  await recordDependencyDigests(session, plan.manifest, proven)
  if (proof) {
    const { manifest, digest, head, objectCount, catalogState, sourceState } = proof
    await session.query(
      trusted(`
        INSERT INTO fdwsync.proof AS p (manifest, manifest_digest, tool_version, server_major, head, object_count, catalog_state, source_state, proven_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, pg_catalog.now())
        ON CONFLICT (manifest) DO UPDATE
           SET manifest_digest = excluded.manifest_digest, tool_version = excluded.tool_version, server_major = excluded.server_major,
               head = excluded.head, object_count = excluded.object_count, catalog_state = excluded.catalog_state,
               source_state = excluded.source_state, proven_at = excluded.proven_at`),
      [
        manifest,
        digest,
        toolVersion,
        Math.trunc(session.serverVersion / 10_000),
        JSON.stringify(head),
        objectCount,
        catalogState,
        sourceState,
      ],
    )
  }
  await session.run(trusted('COMMIT'))
}
