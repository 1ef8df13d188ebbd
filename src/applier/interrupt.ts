import { setMaxListeners } from 'node:events'
import { FdwsyncError } from '../core/errors.ts'
import { type Sql, trusted } from '../core/sql.ts'
import { isConnectionLost, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'

const cancelEveryMilliseconds = 1000
const cancels = 3

/** The error of work that was interrupted: the reason that was given, if it is one for people. */
export function interruption(signal: AbortSignal): FdwsyncError {
  const reason: unknown = signal.reason
  return reason instanceof FdwsyncError ? reason : new FdwsyncError({ message: 'interrupted' })
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interruption(signal)
}

/**
 * Does work on a session that ends soon when the signal aborts: what runs is cancelled, more than once since a request
 * that comes between two statements hits nothing. Where the server does not react the connection is cut: PostgreSQL 14
 * and 15 can not be interrupted while they connect to a source.
 */
export async function interruptible<T>(session: Session, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  throwIfInterrupted(signal)
  let timer: NodeJS.Timeout | undefined
  let cut = false
  let cancelling: Promise<void> = Promise.resolve()
  const cancel = (left: number) => {
    if (left === 0) {
      cut = true
      return session.abandon('it was interrupted')
    }
    cancelling = session.cancel().catch(() => {})
    timer = setTimeout(() => cancel(left - 1), cancelEveryMilliseconds)
  }
  const abort = () => cancel(cancels)
  // As many at once as there are jobs: that is no leak.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', abort)
  try {
    return await work()
  } catch (error) {
    throw signal.aborted && (cut || isCancelled(error)) ? interruption(signal) : error
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
    // A request that is still under way would hit whatever is sent next.
    await cancelling
  }
}

function isCancelled(error: unknown): boolean {
  return isDatabaseError(error) ? error.sqlstate === '57014' : isConnectionLost(error)
}

/**
 * For the length of a transaction: the server looks every second whether this process is still there. Else what it
 * left behind when it was killed would go on for as long as it takes, and hold its locks, only to be rolled back.
 * Some operating systems can not do that; the server refuses the setting there.
 */
export const endWithClient: Sql = trusted(`DO $$ BEGIN
    PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', true);
  EXCEPTION WHEN OTHERS THEN NULL; END $$`)
