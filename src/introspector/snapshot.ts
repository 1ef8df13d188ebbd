import { trusted } from '../core/sql.ts'
import { isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'

const attempts = 4

/** Reads in one snapshot that waits for no lock, and again if somebody came in between. */
export async function inSnapshot<Reading>(session: Session, read: () => Promise<Reading>): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    try {
      await session.run(trusted("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '1s'"))
      return await read()
    } catch (error) {
      // A lock that was taken between asking for locks and reading, or DDL of another session.
      if (attempt === attempts || !isTransient(error)) throw error
    } finally {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    }
  }
}
