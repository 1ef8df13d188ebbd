// Ends work on a source that stops answering: a connection that has fallen silent does not fail by itself for hours.

import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { cutOnAbort, DeadlineError, withDeadline } from '../db/cancellation.ts'
import { type AskOptions, inServerSession, prepareServer, type ServerSession } from './server-session.ts'

/**
 * Runs `work` on the session of a server as long as its source answers on other connections.
 * @param ask asks it for something that takes no time
 * @throws FdwsyncError if the source does not answer twice in a row; then the session is lost
 */
export async function whileAnswering<T>(
  options: AskOptions,
  { session, server }: Pick<ServerSession, 'session' | 'server'>,
  ask: (run: ServerSession) => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  const finished = new AbortController()
  const { signal } = finished
  let isSilent = false
  const watching = watch().catch(() => {})
  try {
    return await work()
  } catch (error) {
    throw isSilent ? noAnswer(server) : error
  } finally {
    finished.abort()
    await watching
  }

  async function watch(): Promise<void> {
    const other = { ...options, connect: cutOnAbort(options.connect, signal) }
    for (;;) {
      await wait(options.timeoutMilliseconds, undefined, { signal, ref: false })
      if (!(await exceedsDeadline(other, server, ask)) || !(await exceedsDeadline(other, server, ask))) continue
      isSilent = true
      await session.cancel().catch(() => {})
      return session.abandon('its source no longer answers')
    }
  }
}

/** A source that refuses a connection answers. */
async function exceedsDeadline(
  options: AskOptions,
  server: string,
  ask: (run: ServerSession) => Promise<unknown>,
): Promise<boolean> {
  const prepared = prepareServer(options, server, [options.user])
  if (!prepared) return false
  try {
    await inServerSession(options, prepared, (run) =>
      withDeadline(run.session, options.timeoutMilliseconds, 'asking', () => ask(run)),
    )
    return false
  } catch (error) {
    return error instanceof DeadlineError
  }
}

function noAnswer(server: string): FdwsyncError {
  const message = `the source of server ${server} no longer answers`
  return new FdwsyncError({ code: 'source/unresponsive', message, hint: 'Run the command again when it answers.' })
}
