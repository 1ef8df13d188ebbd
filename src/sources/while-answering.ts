// Ends work on sources that stop answering: a connection that has fallen silent does not fail by itself for hours.

import { FdwsyncError } from '../core/errors.ts'
import { DeadlineError, watched } from '../db/cancellation.ts'
import type { Session } from '../db/session.ts'

export interface SilenceWatch {
  /** How long a source may take to answer. */
  readonly timeoutMilliseconds: number
  /** What the user can do once a source has fallen silent. */
  readonly hint: string
  /** Asks the sources on other connections. Returns the server of one that is silent. */
  findSilent(signal: AbortSignal): Promise<string | undefined>
}

/**
 * Runs `work` on the session as long as its sources answer.
 * @throws FdwsyncError naming the source that does not answer; then the session is lost
 */
export function whileAnswering<T>(
  session: Session,
  { timeoutMilliseconds, hint, findSilent }: SilenceWatch,
  work: () => Promise<T>,
): Promise<T> {
  const find = async (signal: AbortSignal) => {
    const server = await findSilent(signal)
    if (server === undefined) return undefined
    const message = `the source of server ${server} no longer answers`
    return new FdwsyncError({ code: 'source/unresponsive', message, hint })
  }
  const end = async () => {
    await session.cancel().catch(() => {})
    // A cancelled backend waits up to another minute for the source. Give up the connection instead.
    session.abandon('its source no longer answers')
  }
  return watched({ everyMilliseconds: timeoutMilliseconds, find, end }, work)
}

/**
 * Whether a source exceeds the deadline of `ask` twice in a row: then it will not answer on another connection either. A source that
 * refuses a connection answers.
 */
export async function isSilent(ask: () => Promise<unknown>): Promise<boolean> {
  return (await exceedsDeadline(ask)) && (await exceedsDeadline(ask))
}

function exceedsDeadline(ask: () => Promise<unknown>): Promise<boolean> {
  return ask().then(
    () => false,
    (error: unknown) => error instanceof DeadlineError,
  )
}
