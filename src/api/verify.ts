// Compares the contents of copies with what their sources have now.

import { keyOf } from '../core/object.ts'
import type { VerifyReport } from '../core/verification.ts'
import type { Session } from '../db/session.ts'
import { requireWritable } from '../db/writable.ts'
import { titleOf } from '../kinds/registry.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import { type VerifyOptions, verifyCopies } from '../loader/verify.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import { type CopyState, copiesToRefresh } from './copies-to-refresh.ts'

/**
 * @param names as patterns of psql: see copies-to-refresh.ts. If there are none: all copies
 * @param only those in one of these states; if there are none, in any
 * @throws FdwsyncError if a name matches no copy, or the server is read-only: comparing creates temporary objects
 */
export async function verify(
  session: Session,
  parsed: ParsedManifest,
  { names, only }: { readonly names: readonly string[]; readonly only: readonly CopyState[] },
  options: Pick<VerifyOptions, 'connect' | 'signal' | 'sourceTimeoutMilliseconds' | 'hidden'>,
): Promise<VerifyReport> {
  const { name, search_path: searchPath = ['public'] } = parsed.manifest
  await requireWritable(session)
  const { ids, policies } = await copiesToRefresh(session, parsed, names, only)
  const maxConnections = maxConnectionsOf(parsed.manifest)
  const found = await verifyCopies(session, ids, {
    ...options,
    policies,
    maxConnections,
    searchPathOf: () => searchPath,
  })
  const copies = ids.flatMap((id) => {
    const verification = found.get(keyOf(id))
    return verification ? [{ key: keyOf(id), title: titleOf(id), verification }] : []
  })
  return { manifest: name, copies }
}
