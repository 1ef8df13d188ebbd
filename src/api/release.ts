// Releases objects: the ledger no longer has them, so fdwsync neither alters nor drops them. The database stays as it is.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import { objectPattern } from '../core/object-pattern.ts'
import type { Connect } from '../db/connect.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindNames, parentOf } from '../kinds/registry.ts'
import { type LedgerEntry, readLedger } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import { type Applied, type Approve, planAndApply } from './apply.ts'
import type { DestroyRequest } from './destroy.ts'
import { requireKnown, withoutObjects } from './known-manifest.ts'

export interface ReleaseRequest extends DestroyRequest {
  /** Names as in psql, with the kind before them if that matters: `shop.orders`, `server:shop`. */
  readonly patterns: readonly string[]
}

/**
 * Releases what matches a pattern, with its children: the indexes and statistics of a view.
 * @throws FdwsyncError if a pattern matches nothing that the manifest manages
 */
export async function release(
  { manifest, mustExist, patterns, ...request }: ReleaseRequest,
  approve: Approve,
): Promise<Applied> {
  if (mustExist) await requireKnown(request.connect, manifest)
  const entries = await managedBy(request.connect, manifest)
  const keys = new Set(patterns.flatMap((pattern) => matching(pattern, manifest, entries)).map(({ id }) => keyOf(id)))
  const isChildOfOne = ({ id, declared }: LedgerEntry) => {
    const parent = parentOf({ id, spec: declared })
    return parent !== undefined && keys.has(parent)
  }
  for (const { id } of entries.filter(isChildOfOne)) keys.add(keyOf(id))
  const releasing = (id: ObjectId) => keys.has(keyOf(id))
  return planAndApply({ ...request, parsed: withoutObjects(manifest), populate: false, releasing }, approve)
}

async function managedBy(connect: Connect, manifest: string): Promise<readonly LedgerEntry[]> {
  const session = await connect('release')
  try {
    const ledger = await inReadOnlyTransaction(session, async () =>
      readLedger(session, await findLedger(session), manifest, []),
    )
    if (ledger.unreadable) {
      const message = `ownership is unknown: ${ledger.unreadable.message}`
      throw new FdwsyncError({ ...ledger.unreadable, message }, exitCode.refused)
    }
    return [...ledger.entries.values()]
  } finally {
    await session.close()
  }
}

function matching(pattern: string, manifest: string, entries: readonly LedgerEntry[]): readonly LedgerEntry[] {
  const matches = objectPattern(pattern, kindNames)
  const found = entries.filter(({ id }) => matches(id))
  if (found.length > 0) return found
  const message = `the manifest "${manifest}" manages nothing that matches "${pattern}"`
  const hint = 'fdwsync status lists what is managed. A name is matched as in psql: shop.orders, or server:shop.'
  throw new FdwsyncError({ code: 'usage/unknown-name', message, hint }, exitCode.usage)
}
