// The history of applies, from the ledger.

import { FdwsyncError } from '../core/errors.ts'
import type { ApplyDetails, History, RefreshHistory } from '../core/history.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'
import { readApplies, readSteps } from '../ledger/history.ts'
import { type RefreshHistoryFilter, readRefreshHistory } from '../ledger/refresh-history.ts'
import { requireKnownManifest } from './known-manifest.ts'

export interface HistoryOptions {
  /** Default: all manifests. */
  readonly manifest?: string | undefined
  /** Whether the ledger must know the manifest, so that a misspelled name is an error. */
  readonly mustExist?: boolean
  readonly limit: number
}

/**
 * Lists who applied what to a database, from where, and with what result, newest first. Changes nothing.
 * @throws FdwsyncError if this role may not read the ledger
 */
export function history(session: Session, options: HistoryOptions): Promise<History> {
  return reading(session, async () => {
    if (options.mustExist && options.manifest !== undefined) await requireKnownManifest(session, options.manifest)
    return readApplies(session, options)
  })
}

/**
 * Lists how copies were refreshed and loaded, newest first. Changes nothing.
 * @throws FdwsyncError if this role may not read the ledger
 */
export function refreshHistory(session: Session, filter: RefreshHistoryFilter): Promise<RefreshHistory> {
  return reading(session, () => readRefreshHistory(session, filter))
}

/**
 * Shows one apply with its steps.
 * @param id the id, or its beginning
 * @throws FdwsyncError if no apply, or several, match
 */
export function applyDetails(session: Session, id: string): Promise<ApplyDetails> {
  return reading(session, async () => {
    const { database, applies, more } = await readApplies(session, { id: id.toLowerCase(), limit: 5 })
    const [apply, second] = applies
    if (!apply) {
      const hint = 'Run fdwsync history without an id to list them.'
      throw new FdwsyncError({
        code: 'usage/unknown-name',
        message: `no apply has an id that begins with "${id}"`,
        hint,
      })
    }
    if (second) {
      const hint = `${applies.map((each) => each.id).join(', ')}${more ? ' …' : ''}`
      throw new FdwsyncError({
        code: 'usage/ambiguous-name',
        message: `several applies have an id that begins with "${id}"`,
        hint,
      })
    }
    return { database, apply, ...(await readSteps(session, apply.id)) }
  })
}

function reading<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const mode = { isolation: 'REPEATABLE READ', readOnly: true, lockTimeoutMilliseconds: 5000 } as const
  return rolledBack(session, beginStatement(session.serverVersion, mode), work)
}
