// Event triggers, which can refuse or change what is created, whatever that is.

import { trusted } from '../core/sql.ts'
import type { DatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'

export async function hasEventTriggers(session: Session): Promise<boolean> {
  const rows = await session.query(
    trusted(`SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled OPERATOR(pg_catalog.<>) 'D' LIMIT 1`),
  )
  return rows.length > 0
}

/** Whether an event trigger raised the error. It may do so only because of the names that a trial has. */
export async function isRaisedByEventTrigger(session: Session, { inFunction }: DatabaseError): Promise<boolean> {
  if (inFunction === undefined) return false
  const rows = await session.query(
    trusted(`SELECT FROM pg_catalog.pg_event_trigger AS e
        JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) e.evtfoid
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
      WHERE $1 = ANY (ARRAY[pg_catalog.format('%I()', p.proname), pg_catalog.format('%I.%I()', n.nspname, p.proname)])`),
    [inFunction],
  )
  return rows.length > 0
}

/** How to plan in spite of an event trigger that refuses the trial. */
export const adviceOnEventTriggers =
  'An event trigger refuses it, perhaps only for the names of a trial: let those pass that begin with fdwsync_.'
