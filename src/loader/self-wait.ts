// Transactions that wait for themselves: a server connects back to the target database, where postgres_fdw reads for the
// transaction in a session of its own. If that session waits for a lock of the transaction, PostgreSQL sees no deadlock, because
// the transaction waits for a result and not for a lock.

import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { watched } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { mayReadFor } from '../introspector/own-sources.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'

// $1: the backend that reads, $2: the servers that it reads from. One of them has to connect to a database of this name.
const waitingQuery = trusted(`
  SELECT source.pid
    FROM pg_stat_activity reader
    JOIN pg_stat_activity source ON source.datname = reader.datname AND source.pid <> reader.pid
   WHERE reader.pid = $1 AND reader.wait_event_type = 'Extension' AND ${mayReadFor('source', 'reader')}
     AND EXISTS (SELECT FROM pg_foreign_server WHERE srvname = ANY ($2::name[]) AND reader.datname = coalesce(
           (SELECT option_value FROM pg_options_to_table(srvoptions) WHERE option_name = 'dbname'), reader.datname))
     AND reader.pid = ANY (pg_blocking_pids(source.pid))`)

/** A backend, and the servers that it reads from. */
export interface Reader {
  readonly pid: number
  readonly servers: readonly string[]
}

const lockPollMilliseconds = 2000

/** @throws FdwsyncError if `work`, which the reader runs on the session, waited for itself and was therefore cancelled */
export function unlessItWaitsForItself<T>(
  connect: Connect,
  session: Session,
  reader: Reader,
  work: () => Promise<T>,
): Promise<T> {
  const findItself = seenRepeatedly(3)
  const find = async () => {
    const itself = findItself(await sourcesWaitingFor(connect, reader).catch(() => []))
    return itself === undefined ? undefined : waitsForItself(itself, 'waits for a lock that it holds')
  }
  return watched({ everyMilliseconds: lockPollMilliseconds, find, end: session.cancel }, work)
}

/** The sessions in which postgres_fdw reads for a backend, and waits for its locks. */
async function sourcesWaitingFor(connect: Connect, { pid, servers }: Reader): Promise<readonly number[]> {
  const session = await connect('watch')
  try {
    const rows = await inReadOnlyTransaction(session, () =>
      session.query<{ pid: number }>(waitingQuery, [pid, servers]),
    )
    return rows.map((row) => row.pid)
  } finally {
    await session.close()
  }
}

/**
 * Returns a session once it was in so many lists in a row. A single list proves nothing: the session may read for another backend.
 */
export function seenRepeatedly(times: number): (pids: readonly number[]) => number | undefined {
  let seen: ReadonlyMap<number, number> = new Map()
  return (pids) => {
    const before = seen
    seen = new Map(pids.map((pid) => [pid, (before.get(pid) ?? 0) + 1]))
    return pids.find((pid) => (seen.get(pid) ?? 0) >= times)
  }
}

/** `what` follows "which": the lock that one of the two waits for. */
export function waitsForItself(pid: number, what: string): FdwsyncError {
  return new FdwsyncError({
    code: 'source/loopback',
    message: `it waits for itself: postgres_fdw reads for it in process ${pid}, which ${what}`,
    hint: 'A server connects back to this database, and the load or replacement reads through it. Read those relations without a server.',
  })
}
