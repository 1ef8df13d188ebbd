// Opens the ledger for writing: creates it, or migrates an older one, and locks its tables.

import { FdwsyncError } from '../core/errors.ts'
import { grantInheritedMembership } from '../core/membership.ts'
import { ident, literal, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { grantToReaders } from './readers.ts'
import { createLedgerSchema, ledgerMigration, ledgerVersion, tablesOfVersion } from './schema.ts'
import { type FoundLedger, findLedger, lockLedger } from './trust.ts'

/**
 * Creates the ledger if it does not exist, migrates an older one, and locks it for writing. It runs in the session's
 * READ COMMITTED transaction, which it leaves under `readingPath`. Because of the locks it stays trusted until that transaction ends.
 */
export async function openLedger(session: Session): Promise<FoundLedger> {
  return openFoundLedger(session, await findLedger(session))
}

/** The same for a ledger that this transaction has found just now. */
export async function openFoundLedger(session: Session, before: FoundLedger): Promise<FoundLedger> {
  if (await lockIfCurrent(session, before)) return before
  // The apply of another manifest may do the same at the same time. No table is locked yet, so the two cannot deadlock.
  await session.run(trusted("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('fdwsync:v1', 0))"))
  const found = await findLedger(session)
  if (await lockIfCurrent(session, found)) return found
  try {
    await migrate(session, found)
    const owner = 'owner' in found ? found.owner : session.user
    const migrated = { state: 'ready', owner, version: ledgerVersion } as const
    // The ledger was migrated as its owner, but this role writes to it.
    if (owner !== session.user) await lockIfCurrent(session, migrated)
    return migrated
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
    throw migrationError(session, found, error)
  }
}

async function lockIfCurrent(session: Session, found: FoundLedger): Promise<boolean> {
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: unusable(found.problem.message) })
  if (found.state !== 'ready' || found.version < ledgerVersion) return false
  try {
    await lockLedger(session, 'ROW EXCLUSIVE')
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
    const grant = grantInheritedMembership(found.owner, session.user, session.serverVersion)
    const hint = `Run fdwsync as its owner, or grant that role: ${grant}`
    throw new FdwsyncError({ code: 'ledger/unwritable', message: unusable(error.message), hint })
  }
  return true
}

/**
 * Acts as the owner of the schema, if this role may. So a role that several roles share owns all tables, whichever of
 * them applied first.
 */
async function migrate(session: Session, found: FoundLedger): Promise<void> {
  if (found.state === 'none') await session.run(createLedgerSchema)
  const version = found.state === 'ready' ? found.version : 0
  if (version > 0) await lockLedger(session, 'ACCESS EXCLUSIVE', tablesOfVersion(version))
  const before = 'owner' in found ? await switchToRole(session, found.owner) : undefined
  // To compile fdwsync.refresh() takes a quarter of all this, and its first call does so anyway. CREATE EXTENSION does the same.
  await session.run(sql`SET LOCAL check_function_bodies = off; ${ledgerMigration(version)}`)
  if (version > 0) await session.run(grantToReaders(version))
  if (before !== undefined) await setRole(session, before)
}

/** Switches to the owner for the rest of the transaction, if this role may. Returns the role to switch back to. */
async function switchToRole(session: Session, owner: string): Promise<string | undefined> {
  // Since PostgreSQL 16 a membership can lack the SET option.
  const privilege = literal(session.serverVersion >= 160_000 ? 'SET' : 'MEMBER')
  const [role] = await session.query<{ before: string }>(
    sql`SELECT pg_catalog.current_setting('role') AS before
         WHERE $1::name <> current_user AND pg_catalog.pg_has_role($1::name, ${privilege})`,
    [owner],
  )
  if (role) await setRole(session, owner)
  return role?.before
}

async function setRole(session: Session, role: string): Promise<void> {
  await session.query(trusted("SELECT pg_catalog.set_config('role', $1, true)"), [role])
}

function unusable(reason: string): string {
  return `the ledger in schema "fdwsync" cannot be used: ${reason}`
}

function migrationError(
  { database, user, serverVersion }: Session,
  found: FoundLedger,
  error: DatabaseError,
): FdwsyncError {
  if (found.state === 'none')
    return new FdwsyncError({
      code: 'ledger/unwritable',
      message: `the ledger cannot be created in schema "fdwsync": ${error.message}`,
      hint: `Grant it: GRANT CREATE ON DATABASE ${ident(database)} TO ${ident(user)}. Nothing was changed.`,
    })
  const owner = 'owner' in found ? found.owner : ''
  return new FdwsyncError({
    code: 'ledger/unwritable',
    message: `the ledger in schema "fdwsync" cannot be migrated: ${error.message}`,
    hint: `Nothing was changed. Apply once as its owner, or grant that role: ${grantInheritedMembership(owner, user, serverVersion)}`,
  })
}
