// Tries new and changed servers, user mappings and foreign tables, and what the plan loads, against their sources before it is
// applied. Other sources are not contacted.

import { mapConcurrently } from '../../core/concurrently.ts'
import { uniqueBy } from '../../core/data.ts'
import { idOf, type Key, keyOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import type { RunDigests } from '../../introspector/digests.ts'
import { withoutUnresolvedServers } from '../../manifest/unresolved.ts'
import { unreachableServers } from '../check-sources.ts'
import type { SourceAccess } from '../imports/ask-sources.ts'
import type { ResolvedImports } from '../imports/resolve-imports.ts'
import { readServerContext } from '../server-context.ts'
import { readIndirectReads } from './indirect-reads.ts'
import { type ReadsInput, readsToTry, type ServerReads } from './reads-to-try.ts'
import { tryReads } from './try-reads.ts'

export interface ChangesToTry extends Omit<ReadsInput, 'user' | 'fresh' | 'indirect'> {
  readonly resolved: ResolvedImports
  /** The objects that cannot be tried, since a reference is unresolved. */
  readonly unresolved: ReadonlyMap<Key, unknown>
  readonly digests: RunDigests
  readonly sources: SourceAccess
}

/** How many sources are contacted at once. */
const atOnce = 8

export async function tryChanges(session: Session, input: ChangesToTry): Promise<readonly Warning[]> {
  const { resolved, digests, sources } = input
  if (input.changes.length === 0) return []
  const reported = unreachableServers(resolved)
  const indirect = await readIndirectReads(session, input.wanted)
  const reads = readsToTry({ ...input, user: session.user, fresh: resolved.fresh, indirect }).filter(
    (each) => (isChanged(each) || !reported.has(each.server)) && isResolved(each, input.unresolved),
  )
  if (reads.length === 0) return []
  const servers = reads.map(({ server }) => server)
  const manifest = withoutUnresolvedServers(resolved.expanded)
  const context = await readServerContext(session, manifest, servers, { ...sources, digests })
  const options = { ...sources, context, user: session.user, serverVersion: session.serverVersion }
  const found = await mapConcurrently(reads, atOnce, (each) => tryReads(options, each))
  // Several roles can use one user mapping.
  return uniqueBy(found.flat(), ({ message }) => message)
}

/** Only then is an apply refused. A failed import is no reason to refuse, since the source may just be down. */
function isChanged({ isForConnecting, byRole }: ServerReads): boolean {
  return isForConnecting || byRole.some(({ tables }) => tables.some((table) => table.isChanged))
}

/** A mapping without its password, for example, would only show that the password is missing. */
function isResolved({ server, byRole }: ServerReads, unresolved: ChangesToTry['unresolved']): boolean {
  const isOfServer = (key: Key) => {
    const id = idOf(key)
    return (id?.kind === 'server' && id.name === server) || (id?.kind === 'userMapping' && id.server === server)
  }
  const tables = byRole.flatMap((role) => role.tables.map(({ id }) => keyOf(id)))
  return ![...unresolved.keys()].some(isOfServer) && !tables.some((table) => unresolved.has(table))
}
