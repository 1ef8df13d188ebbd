// A COMMIT that does not keep readers waiting for a source that has stopped answering. For a COMMIT whose connection is lost, see
// applier/commit.ts.

import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'

/** The connection was lost during COMMIT, and the server could not be asked whether it succeeded. */
export class CommitOutcomeUnknown extends FdwsyncError {}

/** The backend that runs the transaction. Behind a pooler it need not be the one that the session was opened on. */
export async function backendPid(session: Session): Promise<number> {
  const [row] = await session.query<{ pid: number }>(trusted('SELECT pg_catalog.pg_backend_pid() AS pid'))
  return row?.pid ?? session.processId
}

/**
 * During COMMIT postgres_fdw first ends its transactions at the sources. If a source has stopped answering, it waits until TCP
 * gives up, and so does every session that waits for a lock of this transaction. statement_timeout does not apply to COMMIT, so
 * another session cancels the backend; the transaction is then rolled back.
 * @param statements COMMIT, and what is sent with it
 * @throws FdwsyncError if the COMMIT was cancelled
 */
export async function commitWithWatchdog(
  connect: Connect,
  session: Session,
  pid: number,
  statements: Sql,
): Promise<void> {
  const watchdog = watchCommit(connect, pid)
  try {
    await session.run(statements)
  } catch (error) {
    const wasCancelled = (await watchdog.stop()) && isDatabaseError(error) && error.sqlstate === '57014'
    throw wasCancelled ? sourceUnresponsive() : error
  } finally {
    await watchdog.stop()
  }
}

function sourceUnresponsive(): FdwsyncError {
  return new FdwsyncError({
    code: 'source/unresponsive',
    message: 'the source of the loaded data no longer answers',
    hint: 'The transaction was rolled back, so that readers do not wait for the source. Apply again when it answers.',
  })
}

const patienceMilliseconds = 3000
const pollMilliseconds = 250

// Only a wait for a source has this type. A wait for a synchronous standby, which must not be cancelled, has another
// one.
const cancelWaitForSource = trusted(`
  SELECT pg_catalog.pg_cancel_backend(pid) AS cancelled FROM pg_catalog.pg_stat_activity
   WHERE pid = $1 AND wait_event_type = 'Extension'`)

interface CommitWatchdog {
  /** Stops it. Returns whether it has cancelled the COMMIT. */
  stop(): Promise<boolean>
}

function watchCommit(connect: Connect, pid: number): CommitWatchdog {
  const stopped = new AbortController()
  let wasCancelled = false
  const watching = watch().catch(() => {})
  return {
    async stop() {
      stopped.abort()
      // A cancel request that is still under way would hit the next statement.
      await watching
      return wasCancelled
    },
  }

  async function watch(): Promise<void> {
    await wait(patienceMilliseconds, undefined, { signal: stopped.signal, ref: false })
    while (!wasCancelled && !stopped.signal.aborted) {
      await cancel().catch(() => {})
      await wait(pollMilliseconds, undefined, { signal: stopped.signal })
    }
  }

  async function cancel(): Promise<void> {
    const session = await connect('watch')
    try {
      const [row] = await session.query<{ cancelled: boolean }>(cancelWaitForSource, [pid])
      wasCancelled = row?.cancelled ?? false
    } finally {
      await session.close()
    }
  }
}
