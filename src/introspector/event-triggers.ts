// Whether the database has event triggers, which can refuse or change what is created, whatever that is.

import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

export async function hasEventTriggers(session: Session): Promise<boolean> {
  const rows = await session.query(
    trusted(`SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled OPERATOR(pg_catalog.<>) 'D' LIMIT 1`),
  )
  return rows.length > 0
}
