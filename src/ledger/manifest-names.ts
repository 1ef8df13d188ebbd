// The manifests that the ledger knows.

import { FdwsyncError } from '../core/errors.ts'
import type { ManifestSummary } from '../core/manifest-summary.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { findLedger } from './trust.ts'

/**
 * The names of the manifests that own something, or were applied. Runs within the session's transaction.
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

/**
 * What each manifest owns, and when it was applied. Runs within the session's transaction.
 * @throws FdwsyncError if this role cannot read the ledger, or it is not trusted
 */
export async function readManifestSummaries(session: Session): Promise<readonly ManifestSummary[]> {
  const names = await readManifestNames(session)
  if (names.length === 0) return []
  return session.query<ManifestSummary>(summaries)
}

// An older ledger lacks some columns. Reading the rows as JSON allows for that.
const summaries = trusted(`
  SELECT m.manifest, coalesce(o.objects, 0) AS objects, coalesce(o.by_kind, '{}') AS "byKind",
         to_json(a.first)#>>'{}' AS "firstApplied", to_json(a.last)#>>'{}' AS "lastApplied",
         greatest(0, extract(epoch FROM now() - a.last))::float8 AS "secondsAgo",
         a.newest ->> 'outcome' AS outcome, a.newest ->> 'applied_by' AS "appliedBy", a.newest ->> 'git_commit' AS commit
    FROM (SELECT manifest FROM fdwsync.object UNION SELECT manifest FROM fdwsync.apply) AS m
    LEFT JOIN (SELECT manifest, sum(count)::int AS objects, jsonb_object_agg(kind, count) AS by_kind
                 FROM (SELECT manifest, address::json ->> 0 AS kind, count(*) AS count FROM fdwsync.object GROUP BY 1, 2) AS kinds
                GROUP BY 1) AS o USING (manifest)
    LEFT JOIN (SELECT manifest, min(started_at) AS first, max(started_at) AS last,
                      (array_agg(to_jsonb(apply) ORDER BY started_at DESC, id))[1] AS newest
                 FROM fdwsync.apply GROUP BY 1) AS a USING (manifest)
   ORDER BY m.manifest`)
