import { interruptible, throwIfInterrupted } from './cancellation.ts'
import type { Connect } from './connect.ts'
import type { Session } from './session.ts'

/** The connections of one run. */
export interface SessionPool {
  readonly connect: Connect
  /** Closes those that nobody has, and from then on each that is given back. */
  close(): Promise<void>
}

/**
 * What does not read from sources. postgres_fdw keeps its connections open for as long as ours: who has read from a source is not to
 * keep one there for what comes afterwards.
 */
export function isReusable(purpose: string): boolean {
  return !['load', 'source', 'import'].includes(purpose)
}

/** Loads, which go on reading from the same sources. */
export function isLoad(purpose: string): boolean {
  return purpose === 'load'
}

/** One that is idle for longer may be cut by something between that tells nobody. */
const idleMilliseconds = 5000

interface Idle {
  readonly session: Session
  readonly timer: NodeJS.Timeout
}

/**
 * Lends again what was closed, since opening a connection costs the server more than most of what is done on it. Only what is free: with
 * an open transaction it is really closed, which rolls that back. One with secrets is never lent to others.
 * @param isPooled for which purposes
 */
export function pooledConnect(open: Connect, isPooled: (purpose: string) => boolean): SessionPool {
  const idle = new Set<Idle>()
  let isClosed = false

  function keep(session: Session): void {
    const timer = setTimeout(() => {
      idle.delete(kept)
      void session.close()
    }, idleMilliseconds)
    timer.unref()
    const kept = { session, timer }
    idle.add(kept)
  }

  function take(): Session | undefined {
    const [last] = [...idle].slice(-1)
    if (!last) return undefined
    idle.delete(last)
    clearTimeout(last.timer)
    return last.session
  }

  /** For one borrower: given back, it is of no use to them any more. */
  function leased(session: Session): Session {
    let isReturned = false
    // A request to cancel may arrive late, and would hit whoever has the session then.
    let wasCancelled = false
    const use = () => {
      if (isReturned) throw new Error('the session is closed')
      return session
    }
    return {
      ...session,
      query: async (text, parameters) => use().query(text, parameters),
      run: async (text) => use().run(text),
      execute: async (statement) => use().execute(statement),
      async cancel() {
        wasCancelled = true
        await use().cancel()
      },
      abandon(reason) {
        if (!isReturned) session.abandon(reason)
      },
      async close() {
        if (isReturned) return
        isReturned = true
        if (isClosed || wasCancelled || !session.isFree()) await session.close()
        else keep(session)
      },
    }
  }

  async function reuse(purpose: string): Promise<Session | undefined> {
    for (let session = take(); session; session = take()) {
      try {
        await session.repurpose(purpose)
        return session
      } catch {
        // The server has ended it meanwhile; a new one will tell if there is more to it.
        await session.close()
      }
    }
    return undefined
  }

  return {
    connect: async (purpose, secrets = []) =>
      secrets.length === 0 && isPooled(purpose)
        ? leased((await reuse(purpose)) ?? (await open(purpose)))
        : open(purpose, secrets),
    async close() {
      isClosed = true
      for (let session = take(); session; session = take()) await session.close()
    },
  }
}

/** Does work on a session for its time. Aborting cancels what runs there. */
export async function withSession<T>(
  connect: Connect,
  purpose: string,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  throwIfInterrupted(signal)
  const session = await connect(purpose)
  try {
    return await interruptible(session, signal, () => work(session))
  } finally {
    await session.close()
  }
}
