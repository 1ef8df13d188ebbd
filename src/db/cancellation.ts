// How work on a session is ended from outside: by a signal, or by a deadline.
import { setMaxListeners } from 'node:events'
import { FdwsyncError } from '../core/errors.ts'
import { type Sql, trusted } from '../core/sql.ts'
import { isConnectionLost, isDatabaseError } from './database-error.ts'
import type { Session } from './session.ts'

const cancelEveryMilliseconds = 1000
const cancels = 3

/** The work took longer than its deadline. */
export class DeadlineError extends FdwsyncError {}

/** The error of interrupted work: the signal's reason if that is an error for the user. */
export function interruption(signal: AbortSignal): FdwsyncError {
  const reason: unknown = signal.reason
  return reason instanceof FdwsyncError
    ? reason
    : new FdwsyncError({ code: 'usage/interrupted', message: 'interrupted' })
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interruption(signal)
}

/**
 * Runs `work` on the session and ends it soon after the signal aborts: the running statement is cancelled, and where the
 * server does not react the connection is cut. PostgreSQL 14 and 15 cannot be interrupted while they connect to a source.
 * @throws FdwsyncError the signal's reason, if that is what ended the work.
 */
export async function interruptible<T>(session: Session, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  throwIfInterrupted(signal)
  let stopping: Stopping | undefined
  const abort = () => {
    stopping = stop(session, 'it was interrupted')
  }
  // As many listeners as there are jobs: that is no leak.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', abort)
  try {
    return await work()
  } catch (error) {
    const isInterruption = stopping !== undefined && (stopping.isCut() || isCancelled(error))
    throw isInterruption ? interruption(signal) : error
  } finally {
    signal.removeEventListener('abort', abort)
    await stopping?.end()
  }
}

/**
 * Runs `work` on the session with a deadline that the client keeps, since the server's own timeouts do not cover everything.
 * @throws DeadlineError naming `what`, if the work took longer.
 */
export async function withDeadline<T>(
  session: Session,
  milliseconds: number,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  let stopping: Stopping | undefined
  const timer = setTimeout(() => {
    stopping = stop(session, 'it took too long')
  }, milliseconds)
  try {
    return await work()
  } catch (error) {
    throw stopping ? deadlineError(what, milliseconds, stopping.isCut()) : error
  } finally {
    clearTimeout(timer)
    await stopping?.end()
  }
}

interface Stopping {
  isCut(): boolean
  /** Resolves when no cancel request is under way any more: it would hit whatever is sent next. */
  end(): Promise<void>
}

/** Cancels again and again, since a request that arrives between two statements hits nothing, and finally cuts the connection. */
function stop(session: Session, reason: string): Stopping {
  let timer: NodeJS.Timeout | undefined
  let cut = false
  let cancelling: Promise<void> = Promise.resolve()
  const cancel = (left: number) => {
    if (left === 0) {
      cut = true
      return session.abandon(reason)
    }
    cancelling = session.cancel().catch(() => {})
    timer = setTimeout(() => cancel(left - 1), cancelEveryMilliseconds)
  }
  cancel(cancels)
  return {
    isCut: () => cut,
    end: async () => {
      clearTimeout(timer)
      await cancelling
    },
  }
}

function isCancelled(error: unknown): boolean {
  return isDatabaseError(error) ? error.sqlstate === '57014' : isConnectionLost(error)
}

function deadlineError(what: string, milliseconds: number, isCut: boolean): DeadlineError {
  const how = isCut ? 'cut off, since the server did not react to cancelling' : 'cancelled'
  return new DeadlineError({
    code: 'connection/timeout',
    message: `${what} took longer than ${milliseconds / 1000} s and was ${how}`,
    hint: 'Find out what it waits for (pg_stat_activity), or allow it more time.',
  })
}

/**
 * For the length of a transaction: the server checks every second whether this process still exists. Otherwise what a killed
 * process left behind would go on for as long as it takes, and hold its locks, only to be rolled back.
 * Some operating systems cannot do that; the server refuses the setting there.
 */
export const abortWhenClientDisconnects: Sql = trusted(`DO $$ BEGIN
    PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', true);
  EXCEPTION WHEN OTHERS THEN NULL; END $$`)
