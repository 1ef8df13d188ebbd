// The identity of the database that a plan was saved for.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { clusterIdentifier } from '../../ledger/history.ts'
import type { SavedTarget } from './document.ts'

export async function readTargetIdentity(session: Session, label: string | undefined): Promise<SavedTarget> {
  const [row] = await session.query<Omit<SavedTarget, 'label'>>(
    sql`SELECT d.datname AS database, d.oid AS "databaseOid", (${await clusterIdentifier(session)})::text AS "systemIdentifier"
          FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
  )
  if (!row) throw new TypeError('the current database is in no catalog')
  return { ...row, label: label ?? null }
}

/** @throws FdwsyncError (`exitCode.refused`) if the plan was saved for another database */
export function requireSameTarget(saved: SavedTarget, now: SavedTarget): void {
  const reason = differenceOf(saved, now)
  if (reason === undefined) return
  const hint = 'Nothing was changed. Plan again for this database, or connect to the other one.'
  throw new FdwsyncError(
    { code: 'plan/other-target', message: `the plan was saved for another target: ${reason}`, hint },
    exitCode.refused,
  )
}

function differenceOf(saved: SavedTarget, now: SavedTarget): string | undefined {
  const named = (label: string | null) => (label === null ? 'none' : `"${label}"`)
  if (saved.label !== now.label) return `its label is ${named(saved.label)}, here it is ${named(now.label)}`
  if (saved.database !== now.database) return `database "${saved.database}", not "${now.database}"`
  // A role that may not read the identifier can still apply what another role has planned.
  const isKnown = saved.systemIdentifier !== null && now.systemIdentifier !== null
  if (isKnown && saved.systemIdentifier !== now.systemIdentifier) {
    return `a database "${saved.database}" of another cluster (system identifier ${saved.systemIdentifier}, not ${now.systemIdentifier})`
  }
  if (saved.databaseOid !== now.databaseOid) return `database "${saved.database}" has been recreated since`
  return undefined
}
