import { trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import type { Session } from '../db/session.ts'
import { ledgerVersion } from './schema.ts'
import { findLedger } from './trust.ts'

/** That nothing was left to do for a manifest, and how the catalog looked then. */
export interface ManifestProof {
  readonly manifest: string
  /** The SHA-256 of the manifest's text. */
  readonly digest: string
  /** What of it is compared each time, as it is written: references are not resolved, so that no secret is in it. */
  readonly head: unknown
  readonly objectCount: number
  /** See `readCatalogState`. */
  readonly catalogState: string
  /** What the sources said of what is imported from them, as a digest; null if nothing is. See `readSourceState`. */
  readonly sourceState: string | null
}

/** The proof for a manifest of that text, by this release and for this server, within the session's transaction. */
export async function readProof(session: Session, digest: string): Promise<ManifestProof | undefined> {
  const found = await findLedger(session)
  if (found.state !== 'there' || found.version < ledgerVersion) return undefined
  const [row] = await session.query<ManifestProof>(
    trusted(`SELECT manifest, manifest_digest AS digest, head, object_count AS "objectCount", catalog_state AS "catalogState",
                    source_state AS "sourceState"
               FROM fdwsync.proof WHERE manifest_digest = $1 AND tool_version = $2 AND server_major = $3`),
    [digest, toolVersion, Math.trunc(session.serverVersion / 10_000)],
  )
  return row
}
