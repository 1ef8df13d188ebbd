// Finds rows of the ledger that were edited into something that no release of fdwsync writes. It looks for them only after an
// unexpected error, so that sound ledgers cost nothing.
import { FdwsyncError } from '../core/errors.ts'
import { idOf } from '../core/object.ts'
import { literal, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'
import { kindOf } from '../kinds/registry.ts'
import { findLedger } from './trust.ts'

interface Row {
  readonly manifest: string
  readonly address: string
  readonly declared: unknown
  readonly source: unknown
}

/**
 * Runs the work. If that fails in a way that only a bug or a damaged ledger explains, looks for the damage.
 * @throws FdwsyncError naming each damaged row; else whatever the work throws
 */
export async function explainingDamage<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isUnexpected = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
    if (!isUnexpected || session.isLost()) throw error
    throw (await findDamage(session)) ?? error
  }
}

async function findDamage(session: Session): Promise<FdwsyncError | undefined> {
  return rolledBack(session, beginStatement(session.serverVersion, { readOnly: true }), async () => {
    if ((await findLedger(session)).state !== 'ready') return undefined
    const rows = await session.query<Row>(
      trusted(`SELECT manifest, address, declared, to_jsonb(o) -> 'source' AS source FROM fdwsync.object o`),
    )
    const damaged = rows.filter(isDamaged)
    if (damaged.length === 0) return undefined
    return new FdwsyncError(damaged.map(problemOf))
  })
}

/** A row that a release has written can be settled and compared with itself. */
function isDamaged({ address, declared, source }: Row): boolean {
  const id = idOf(address)
  if (!id) return false
  if (!isMap(declared) || !(source === null || isMap(source))) return true
  const { settle, compare } = kindOf(id)
  const digests = { ofRun: () => '', matchesRecorded: () => true }
  try {
    const settled = settle(declared, declared, undefined)
    compare(id, settled, settled, { declared: settled, last: declared, digests })
    return JSON.stringify(settled) === undefined
  } catch {
    return true
  }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemOf({ manifest, address }: Row) {
  const row = `manifest = ${literal(manifest)} AND address = ${literal(address)}`
  return {
    code: 'ledger/damaged',
    message: `the ledger is damaged: the row of fdwsync.object with ${row} is not what fdwsync has written`,
    hint: `Restore the row from a backup, or delete it (DELETE FROM fdwsync.object WHERE ${row}): the next apply adopts the object again.`,
  } as const
}
