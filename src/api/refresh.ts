// Refreshes the copies of a manifest.

import type { RefreshReport } from '../core/report.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { requireWritable } from '../db/writable.ts'
import { requireLease, withLease } from '../ledger/lease.ts'
import { previewCopies } from '../loader/preview.ts'
import { refreshCopies } from '../loader/refresh.ts'
import type { RefreshOptions } from '../loader/refresh-options.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import { type CopyState, copiesToRefresh } from './copies-to-refresh.ts'

interface Only {
  /** Only copies in one of these states. Default: all. */
  readonly only?: readonly CopyState[]
}

/**
 * @param names as patterns of psql: see copies-to-refresh.ts. If there are none: all copies
 * @throws FdwsyncError if a name matches no copy, or it is unknown which copies are stale
 */
export async function refresh(
  parsed: ParsedManifest,
  names: readonly string[],
  connect: Connect,
  options: Omit<
    RefreshOptions,
    'searchPath' | 'trustedRoles' | 'policies' | 'recording' | 'maxConnections' | 'checkLease'
  > &
    Only,
): Promise<RefreshReport> {
  const { name, search_path: searchPath = ['public'], trusted_roles: trustedRoles = [] } = parsed.manifest
  const session = await connect('refresh')
  try {
    // An apply may replace what a refresh reads, and a refresh may swap what an apply has planned to change.
    return await withLease(connect, name, 'refresh', options, async (lease) => {
      const { ids, policies, recording, notImported } = await copiesToRefresh(
        session,
        parsed,
        names,
        options.only ?? [],
      )
      const maxConnections = maxConnectionsOf(parsed.manifest)
      const checkLease = () => requireLease(lease, 'refresh')
      const context = { ...options, searchPath, trustedRoles, policies, recording, maxConnections, checkLease }
      return { ...(await refreshCopies(name, ids, { lease, session, connect }, context)), notImported }
    })
  } finally {
    await session.close()
  }
}

/** Reports what {@link refresh} would do, how and why, and does nothing. @throws FdwsyncError as that would */
export async function previewRefresh(
  session: Session,
  parsed: ParsedManifest,
  names: readonly string[],
  { strategy, only = [] }: Pick<RefreshOptions, 'strategy'> & Only,
): Promise<RefreshReport> {
  await requireWritable(session)
  const { ids, policies, recording, notImported } = await copiesToRefresh(session, parsed, names, only)
  const views = await previewCopies(session, ids, { policies, recording, strategy })
  return { manifest: parsed.manifest.name, isPreview: true, views, warnings: [], notImported }
}
