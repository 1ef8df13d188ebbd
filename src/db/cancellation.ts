// Ends work on a session from outside: when a signal aborts, at a deadline, or for a reason that is found meanwhile.

import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Connect } from './connect.ts'
import { isConnectionLost, isDatabaseError } from './database-error.ts'
import { interruption, throwIfInterrupted } from './interruption.ts'
import type { Session } from './session.ts'

const cancelEveryMilliseconds = 1000
const maximumCancels = 3

/** The work exceeded its deadline. */
export class DeadlineError extends FdwsyncError {}

/**
 * Runs `work` on the session and ends it soon after the signal aborts: the running statement is cancelled, and if the
 * server does not react, the connection is cut. PostgreSQL 14 and 15 cannot be cancelled while they connect to a source.
 * @throws FdwsyncError the signal's reason, if that ended the work
 */
export async function interruptible<T>(session: Session, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  throwIfInterrupted(signal)
  let stopping: Stopping | undefined
  const abort = () => {
    stopping = stop(session, 'it was interrupted')
  }
  // Each piece of work has a listener. Above ten, Node would warn of a leak.
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
 * Opens sessions that are cut off when the signal aborts, for work that waits for sources: until a source answers, no cancel
 * request would end that work.
 */
export function cutOnAbort(connect: Connect, signal: AbortSignal): Connect {
  return async (purpose, secrets) => {
    throwIfInterrupted(signal)
    const session = await connect(purpose, secrets)
    const cut = () => {
      // Lets the server end the statement, too. From 16 on, that works even while it connects to a source.
      session.cancel().catch(() => {})
      session.abandon('it was interrupted')
    }
    if (signal.aborted) cut()
    signal.addEventListener('abort', cut)
    return {
      ...session,
      close: () => {
        signal.removeEventListener('abort', cut)
        return session.close()
      },
    }
  }
}

/**
 * Runs `work` on the session with a deadline on the client, since the server's timeouts do not cover everything.
 * @throws DeadlineError naming `what`, if the work took longer
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

export interface Watch {
  readonly everyMilliseconds: number
  /** Looks for a reason to end the work. `signal` aborts when the work ends. */
  find(signal: AbortSignal): Promise<FdwsyncError | undefined>
  end(): Promise<void>
}

/**
 * Runs `work`, and meanwhile looks at intervals for a reason to end it.
 * @throws FdwsyncError that reason, if there was one
 */
export async function watched<T>({ everyMilliseconds, find, end }: Watch, work: () => Promise<T>): Promise<T> {
  const finished = new AbortController()
  const { signal } = finished
  let reason: FdwsyncError | undefined
  const watching = watch().catch(() => {})
  try {
    return await work()
  } catch (error) {
    throw reason ?? error
  } finally {
    finished.abort()
    // A cancel request that is still under way would hit the next statement.
    await watching
  }

  async function watch(): Promise<void> {
    while (!reason) {
      await wait(everyMilliseconds, undefined, { signal, ref: false })
      reason = await find(signal)
    }
    if (!signal.aborted) await end()
  }
}

interface Stopping {
  isCut(): boolean
  /** Resolves when no cancel request is pending: a late one would hit the next statement. */
  end(): Promise<void>
}

/** Cancels repeatedly, since a request that arrives between two statements has no effect, and finally cuts the connection. */
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
  cancel(maximumCancels)
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
  const how = isCut ? 'cut off, because the server did not react to cancelling' : 'cancelled'
  return new DeadlineError({
    code: 'connection/timeout',
    message: `${what} took longer than ${milliseconds / 1000} s and was ${how}`,
    hint: 'See pg_stat_activity for what it waits for, or allow it more time.',
  })
}

/**
 * For the rest of the transaction, the server checks every second whether this process is still connected. Otherwise the
 * statement of a killed process would run to its end and hold its locks, only to be rolled back. On some operating systems
 * the server refuses the setting.
 */
export const abortWhenClientDisconnects: Sql = trusted(`DO $$ BEGIN
    PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', true);
  EXCEPTION WHEN OTHERS THEN NULL; END $$`)
