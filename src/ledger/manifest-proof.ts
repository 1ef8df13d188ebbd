// Reads the proof that a manifest had nothing to do, which lets a plan skip everything else. See `planner/proof/fast-path.ts`.

import type { Key } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import type { Session } from '../db/session.ts'
import { ledgerVersion } from './schema.ts'
import type { FoundLedger } from './trust.ts'

/** A record that a plan found nothing to do, and the state of the catalog and the sources at that time. */
export interface ManifestProof {
  readonly manifest: string
  /** The SHA-256 of the manifest file. */
  readonly digest: string
  /** The part of the manifest that every plan compares, as written: with references, so without secrets. */
  readonly head: unknown
  readonly objectCount: number
  /** From `readCatalogState`. */
  readonly catalogState: string
  /** The names that `catalogState` was computed with. */
  readonly names: readonly string[]
  /** The warnings of the plan, without those of the part that every plan compares. */
  readonly warnings: readonly Warning[]
  /** From `readSourceState`; null if the manifest imports nothing. */
  readonly sourceState: string | null
  /** All objects that the manifest declares, each with a digest of its declaration; null where that must not or need not be kept. */
  readonly declarations: Readonly<Record<Key, string | null>>
}

/**
 * The proof without the digests of single declarations. There are many, and the check whether the whole manifest is unchanged needs
 * none.
 */
export type BriefProof = Omit<ManifestProof, 'declarations'>

/** A proof without the state of the catalog, which is not known yet. */
export type UnprovenManifest = Omit<ManifestProof, 'catalogState'>

const columns = `manifest, manifest_digest AS digest, head, object_count AS "objectCount", catalog_state AS "catalogState", names, warnings,
  source_state AS "sourceState"`

/** Reads the proof of this release for a manifest file and this server's version, within the session's transaction. */
export async function readProof(session: Session, found: FoundLedger, digest: string): Promise<BriefProof | undefined> {
  if (found.state !== 'ready' || found.version < ledgerVersion) return undefined
  const [row] = await session.query<BriefProof>(
    trusted(
      `SELECT ${columns} FROM fdwsync.proof WHERE manifest_digest = $1 AND tool_version = $2 AND server_major = $3`,
    ),
    [digest, toolVersion, majorOf(session)],
  )
  return row
}

/** Reads the last proof of a manifest by this release and for this server's version, whatever its text was. */
export async function readLastProof(
  session: Session,
  found: FoundLedger,
  manifest: string,
): Promise<ManifestProof | undefined> {
  if (found.state !== 'ready' || found.version < ledgerVersion) return undefined
  const [row] = await session.query<ManifestProof>(
    trusted(`SELECT ${columns}, declarations FROM fdwsync.proof
              WHERE manifest = $1 AND tool_version = $2 AND server_major = $3 AND declarations IS NOT NULL`),
    [manifest, toolVersion, majorOf(session)],
  )
  return row
}

/** The warnings of the last proof of a manifest, whatever its text was. */
export async function readReportedWarnings(
  session: Session,
  found: FoundLedger,
  manifest: string,
): Promise<readonly Warning[]> {
  if (found.state !== 'ready' || found.version < ledgerVersion) return []
  const rows = await session.query<{ warnings: readonly Warning[] }>(
    trusted('SELECT warnings FROM fdwsync.proof WHERE manifest = $1'),
    [manifest],
  )
  return rows.flatMap(({ warnings }) => warnings)
}

/** Records a proof, instead of an earlier one of the same manifest, within the session's transaction. */
export async function recordManifestProof(session: Session, proof: ManifestProof): Promise<void> {
  const { manifest, digest, head, objectCount, catalogState, names, warnings, sourceState, declarations } = proof
  await session.query(
    trusted(`
      INSERT INTO fdwsync.proof AS p (manifest, manifest_digest, tool_version, server_major, head, object_count, catalog_state, names,
             warnings, source_state, declarations, proven_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, pg_catalog.now())
      ON CONFLICT (manifest) DO UPDATE
         SET manifest_digest = excluded.manifest_digest, tool_version = excluded.tool_version, server_major = excluded.server_major,
             head = excluded.head, object_count = excluded.object_count, catalog_state = excluded.catalog_state,
             names = excluded.names, warnings = excluded.warnings, source_state = excluded.source_state,
             declarations = excluded.declarations, proven_at = excluded.proven_at`),
    [
      manifest,
      digest,
      toolVersion,
      majorOf(session),
      JSON.stringify(head),
      objectCount,
      catalogState,
      names,
      JSON.stringify(warnings),
      sourceState,
      JSON.stringify(declarations),
    ],
  )
}

function majorOf({ serverVersion }: Session): number {
  return Math.trunc(serverVersion / 10_000)
}
