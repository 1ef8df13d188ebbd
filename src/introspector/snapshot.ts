// Runs catalog queries in one snapshot.

import { trusted } from '../core/sql.ts'
import { isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'

const attempts = 4

/** Reads in one snapshot without waiting long for locks, and retries after a conflict with another session. */
export async function inSnapshot<Reading>(session: Session, read: () => Promise<Reading>): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    try {
      await begin(session, { isolation: 'REPEATABLE READ', readOnly: true, lockTimeoutMilliseconds: 1000 })
      return await read()
    } catch (error) {
      // Another session ran DDL, or locked a relation after its lock was checked.
      if (attempt === attempts || !isTransient(error)) throw error
    } finally {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    }
  }
}
