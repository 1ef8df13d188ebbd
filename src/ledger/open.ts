import { FdwsyncError } from '../core/errors.ts'
import { ident, literal, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { createLedgerSchema, ledgerMigration, ledgerVersion, tablesOfVersion } from './schema.ts'
import { type FoundLedger, findLedger, lockLedger } from './trust.ts'

/**
 * Makes the ledger if there is none, brings an older one up to date, and locks it for writing. In the session's
 * transaction, of READ COMMITTED, which reads under `readingPath` from then on.
 */
export async function openLedger(session: Session): Promise<void> {
  if (await lockIfCurrent(session)) return
  // An apply of another manifest may be doing the same at this moment. No table is locked yet, so neither waits for both.
  await session.run(trusted("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('fdwsync:v1', 0))"))
  if (await lockIfCurrent(session)) return
  const found = await findLedger(session)
  try {
    await migrate(session, found)
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
    throw forbidden(session, found, error)
  }
}

async function lockIfCurrent(session: Session): Promise<boolean> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: unusable(found.problem.message) })
  if (found.state !== 'there' || found.version < ledgerVersion) return false
  try {
    await lockLedger(session, 'ROW EXCLUSIVE')
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
    const hint = `Run fdwsync as its owner, or grant that role: GRANT ${ident(found.owner)} TO ${ident(session.user)}.`
    throw new FdwsyncError({ code: 'ledger/unwritable', message: unusable(error.message), hint })
  }
  return true
}

/**
 * Everything is made as the owner of the schema where this role is a member of it, so that a role that several share
 * owns all of it, whoever applied first.
 */
async function migrate(session: Session, found: FoundLedger): Promise<void> {
  if (found.state === 'none') await session.run(createLedgerSchema)
  const version = found.state === 'there' ? found.version : 0
  if (version > 0) await lockLedger(session, 'ACCESS EXCLUSIVE', tablesOfVersion(version))
  const before = 'owner' in found ? await become(session, found.owner) : undefined
  await session.run(ledgerMigration(version))
  if (before !== undefined) await setRole(session, before)
}

/** Acts as that role for the rest of the transaction, if this one may. Returns what to go back to. */
async function become(session: Session, owner: string): Promise<string | undefined> {
  // Since 16 a membership may be without the right to act as the role.
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

function unusable(why: string): string {
  return `the ledger in schema "fdwsync" can not be used: ${why}`
}

function forbidden({ database, user }: Session, found: FoundLedger, error: DatabaseError): FdwsyncError {
  if (found.state === 'none')
    return new FdwsyncError({
      code: 'ledger/unwritable',
      message: `the ledger can not be made in a schema "fdwsync": ${error.message}`,
      hint: `Grant it: GRANT CREATE ON DATABASE ${ident(database)} TO ${ident(user)}. Nothing was changed.`,
    })
  const owner = 'owner' in found ? found.owner : ''
  return new FdwsyncError({
    code: 'ledger/unwritable',
    message: `the tables of the ledger in schema "fdwsync" can not be brought up to date: ${error.message}`,
    hint: `Apply once as its owner, or grant that role: GRANT ${ident(owner)} TO ${ident(user)}. Nothing was changed.`,
  })
}
