import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'

/** The connection was lost during COMMIT, and nobody could be asked whether it happened. */
export class CommitOutcomeUnknown extends FdwsyncError {}

export const pollMilliseconds = 250

/** The server's process that holds the transaction: behind a pooler another one than when the session was opened. */
export async function backendPid(session: Session): Promise<number> {
  const [row] = await session.query<{ pid: number }>(trusted('SELECT pg_catalog.pg_backend_pid() AS pid'))
  return row?.pid ?? session.processId
}

/**
 * Within COMMIT postgres_fdw first ends its transactions at the sources. For one that has fallen silent it waits as long as TCP does,
 * and with it everybody who waits for what was changed: so that is cancelled.
 * @throws FdwsyncError if it was; then it was rolled back
 */
export async function commitWithWatchdog(connect: Connect, session: Session, processId: number): Promise<void> {
  const watch = watchCommit(connect, processId)
  try {
    await session.run(trusted('COMMIT'))
  } catch (error) {
    throw (await watch.end()) && isDatabaseError(error) && error.sqlstate === '57014' ? silentSource() : error
  } finally {
    await watch.end()
  }
}

function silentSource(): FdwsyncError {
  return new FdwsyncError({
    code: 'source/unresponsive',
    message: 'a source that it was loaded from no longer answers',
    hint: 'It was rolled back, so that readers need not wait for the source. Apply again when that answers.',
  })
}

const waitForSourcesMilliseconds = 3000

// The wait for a standby, which must not be cut short, is of another type.
const cancelWaitForSource = trusted(`
  SELECT pg_catalog.pg_cancel_backend(pid) AS cancelled FROM pg_catalog.pg_stat_activity
   WHERE pid = $1 AND wait_event_type = 'Extension'`)

interface Watch {
  /** Ends it. Tells whether something was cancelled. */
  end(): Promise<boolean>
}

function watchCommit(connect: Connect, processId: number): Watch {
  const over = new AbortController()
  let isCancelled = false
  const watching = watch().catch(() => {})
  return {
    async end() {
      over.abort()
      // A request that is still under way would hit whatever is sent next.
      await watching
      return isCancelled
    },
  }

  async function watch(): Promise<void> {
    await wait(waitForSourcesMilliseconds, undefined, { signal: over.signal, ref: false })
    while (!isCancelled && !over.signal.aborted) {
      await cancel().catch(() => {})
      await wait(pollMilliseconds, undefined, { signal: over.signal })
    }
  }

  async function cancel(): Promise<void> {
    const session = await connect('watch')
    try {
      const [row] = await session.query<{ cancelled: boolean }>(cancelWaitForSource, [processId])
      isCancelled = row?.cancelled ?? false
    } finally {
      await session.close()
    }
  }
}
