// Runs catalog queries in one snapshot.

import { isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'

const attempts = 4

const mode = { isolation: 'REPEATABLE READ', readOnly: true, lockTimeoutMilliseconds: 1000 } as const

/** Reads in one snapshot without waiting long for locks, and retries after a conflict with another session. */
export async function inSnapshot<Reading>(session: Session, read: () => Promise<Reading>): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rolledBack(session, beginStatement(session.serverVersion, mode), read)
    } catch (error) {
      // Another session ran DDL, or locked a relation after its lock was checked.
      if (attempt === attempts || !isTransient(error)) throw error
    }
  }
}
