// Reuses connections within one run: opening one costs the server more than most of the work done on it.
// Not a pool for long-running processes.

import { setTimeout as wait } from 'node:timers/promises'
import { interruptible } from './cancellation.ts'
import type { Connect } from './connect.ts'
import { lacksConnections } from './connection-failure.ts'
import { throwIfInterrupted } from './interruption.ts'
import type { Session } from './session.ts'

/** The pooled connections of one run. */
export interface SessionPool {
  readonly connect: Connect
  /** Closes the idle sessions, and from then on each session that is returned. */
  close(): Promise<void>
}

/**
 * Whether sessions for this purpose may be reused. Those that read from sources may not: postgres_fdw keeps its connection
 * to a source open for as long as the session lives.
 */
export function isReusable(purpose: string): boolean {
  return !['load', 'source', 'import'].includes(purpose)
}

/** Loads read from the same sources, so they may share sessions among themselves. */
export function isLoad(purpose: string): boolean {
  return purpose === 'load'
}

/**
 * A lease needs a connection but does no work on it. So it takes none that has been used: a backend whose catalog caches are warm
 * reads in a third of the time, and is better used for work.
 */
function holdsLease(purpose: string): boolean {
  return purpose === 'lease'
}

/** A firewall or proxy may silently cut a connection that is idle for longer. */
const idleMilliseconds = 5000

/** A session that was in use a moment ago is not checked. If it is lost nevertheless, its next user finds out. */
const recentMilliseconds = 500

interface Idle {
  readonly session: Session
  readonly purpose: string
  /** When the session was returned. */
  readonly since: number
  readonly timer: NodeJS.Timeout
}

interface IdleSessions {
  keep(session: Session, purpose: string): void
  /** The session that was returned last, among those with a suitable purpose. */
  take(suits: (purpose: string) => boolean): Idle | undefined
  /** Returns whether there were any. */
  closeAll(): Promise<boolean>
}

/** Closes every session that has been idle for long. */
function idleSessions(): IdleSessions {
  const idle = new Set<Idle>()
  const take = (suits: (purpose: string) => boolean) => {
    const last = [...idle].findLast((each) => suits(each.purpose))
    if (!last) return undefined
    idle.delete(last)
    clearTimeout(last.timer)
    return last
  }
  return {
    keep(session, purpose) {
      const timer = setTimeout(() => {
        idle.delete(kept)
        void session.close()
      }, idleMilliseconds)
      timer.unref()
      const kept = { session, purpose, since: performance.now(), timer }
      idle.add(kept)
    },
    take,
    async closeAll() {
      const all = [...idle].flatMap(() => take(() => true) ?? [])
      await Promise.all(all.map(({ session }) => session.close()))
      return all.length > 0
    },
  }
}

/**
 * Pools sessions: a closed one is kept and leased again. One with an open transaction is really closed, which rolls the
 * transaction back. Sessions with secrets are never pooled.
 * @param isPooled whether sessions for a purpose are pooled
 */
export function pooledConnect(open: Connect, isPooled: (purpose: string) => boolean): SessionPool {
  const idle = idleSessions()
  let isClosed = false

  async function giveBack(session: Session, purpose: string, wasCancelled: boolean): Promise<void> {
    if (isClosed || wasCancelled || !session.isFree()) await session.close()
    else idle.keep(session, purpose)
  }

  return {
    async connect(purpose, secrets = []) {
      const openOne = () => openInPlaceOf(idle, () => open(purpose, secrets))
      if (secrets.length > 0 || !isPooled(purpose)) return openOne()
      const session = (await reuse(idle, purpose)) ?? (await openOne())
      return leased(session, (wasCancelled) => giveBack(session, purpose, wasCancelled))
    },
    async close() {
      isClosed = true
      await idle.closeAll()
    },
  }
}

/** The server takes a moment to end a session that was closed. */
const [attempts, pauseMilliseconds] = [8, 20]

/** Opens a session. If there are too many, idle ones are closed for it. */
async function openInPlaceOf(idle: IdleSessions, open: () => Promise<Session>): Promise<Session> {
  for (let attempt = 1, hasRoom = false; ; attempt++) {
    try {
      return await open()
    } catch (error) {
      if (attempt === attempts || !lacksConnections(error)) throw error
      hasRoom = (await idle.closeAll()) || hasRoom
      if (!hasRoom) throw error
      await wait(pauseMilliseconds * attempt)
    }
  }
}

async function reuse(idle: IdleSessions, purpose: string): Promise<Session | undefined> {
  const suits = (before: string) => holdsLease(before) === holdsLease(purpose)
  for (let last = idle.take(suits); last; last = idle.take(suits)) {
    const { session } = last
    if (last.purpose === purpose && performance.now() - last.since < recentMilliseconds && session.isFree())
      return session
    try {
      await session.repurpose(purpose)
      return session
    } catch {
      // The server ended it in the meantime. Opening a new one will fail if the server is down.
      await session.close()
    }
  }
  return undefined
}

/**
 * A session for one user, who can no longer use it once it is returned.
 * @param giveBack gets whether it was cancelled: a late cancel request would hit whoever leases the session next
 */
function leased(session: Session, giveBack: (wasCancelled: boolean) => Promise<void>): Session {
  let isReturned = false
  let wasCancelled = false
  session.takeNotices()
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
      await giveBack(wasCancelled)
    },
  }
}

/** Takes a session that has worked for another purpose as the first one for this one, and opens the others. */
export function startingWith(session: Session, first: string, open: Connect): Connect {
  let isTaken = false
  return async (purpose, secrets = []) => {
    if (isTaken || purpose !== first || secrets.length > 0 || !session.isFree()) return open(purpose, secrets)
    isTaken = true
    await session.repurpose(purpose)
    return session
  }
}

/** Runs work on a session and returns the session afterwards. The signal cancels what runs on it. */
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
