// Records a load and commits, in one round trip. The load does not fail if it cannot be recorded.

import { type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import type { OptionalEnd } from '../ledger/refresh-log.ts'

/** Returns why `end` could not be recorded; undefined if it was. */
export async function commitRecorded(
  session: Session,
  commit: (statements: Sql) => Promise<void>,
  end: OptionalEnd | undefined,
): Promise<string | undefined> {
  if (!end) {
    await commit(trusted('COMMIT'))
    return undefined
  }
  try {
    await commit(sql`${end.statements}; COMMIT`)
    return undefined
  } catch (error) {
    // After a failed COMMIT no transaction is open.
    if (!isDatabaseError(error) || session.isFree()) throw error
    await session.run(end.undo)
    await commit(trusted('COMMIT'))
    return error.message
  }
}
