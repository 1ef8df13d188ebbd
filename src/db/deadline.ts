import { FdwsyncError } from '../core/errors.ts'
import type { Session } from './session.ts'

/** It took longer than it may. */
export class DeadlineError extends FdwsyncError {}

const cancelEveryMilliseconds = 1000
const cancels = 3

/**
 * Runs `work` on the session with a deadline of our own. After it the running statement is cancelled, and where that
 * is not answered the connection is cut: PostgreSQL 14 and 15 do not interrupt connecting to a source, for one.
 */
export async function withDeadline<T>(
  session: Session,
  milliseconds: number,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  let over: 'cancelled' | 'cut' | undefined
  let timer: NodeJS.Timeout | undefined
  let cancelling: Promise<void> = Promise.resolve()
  const schedule = (after: number, left: number) => {
    timer = setTimeout(() => {
      over = left > 0 ? 'cancelled' : 'cut'
      if (over === 'cut') return session.abandon('it took too long')
      // A request that comes between two statements hits nothing, so one may not be enough.
      cancelling = session.cancel().catch(() => {})
      schedule(cancelEveryMilliseconds, left - 1)
    }, after)
  }
  schedule(milliseconds, cancels)
  try {
    return await work()
  } catch (error) {
    throw over ? deadlineError(what, milliseconds, over) : error
  } finally {
    clearTimeout(timer)
    // A request that is still under way would hit whatever is sent next.
    await cancelling
  }
}

function deadlineError(what: string, milliseconds: number, end: 'cancelled' | 'cut'): DeadlineError {
  const how = end === 'cut' ? 'cut off, since the server did not react to cancelling' : 'cancelled'
  return new DeadlineError({
    message: `${what} took longer than ${milliseconds / 1000} s and was ${how}`,
    hint: 'Find out what it waits for (pg_stat_activity), or allow it more time.',
  })
}
