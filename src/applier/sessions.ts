import type { Session } from '../db/session.ts'
import type { Connect } from './context.ts'
import { interruptible, throwIfInterrupted } from './interrupt.ts'

/** The connections of one run. */
export interface Sessions {
  readonly connect: Connect
  /** Closes those that nobody has any more. */
  close(): Promise<void>
}

/** One that was idle for longer may have been cut by something between that tells nobody. */
const trustedIdleMilliseconds = 5000

interface Idle {
  readonly session: Session
  readonly since: number
}

/**
 * Lends again what was closed, since opening a connection costs the server more than most of what is done on it. Only what is free:
 * with an open transaction it is really closed, which rolls that back. One with secrets is never lent to others.
 */
export function lendingAgain(open: Connect): Sessions {
  const idle: Idle[] = []

  function lent(session: Session): Session {
    let isBack = false
    return {
      ...session,
      async close() {
        if (isBack) return
        isBack = true
        if (session.isFree()) idle.push({ session, since: performance.now() })
        else await session.close()
      },
    }
  }

  async function again(purpose: string): Promise<Session | undefined> {
    for (let next = idle.pop(); next; next = idle.pop()) {
      const { session, since } = next
      try {
        if (performance.now() - since < trustedIdleMilliseconds) {
          await session.repurpose(purpose)
          return session
        }
      } catch {
        // The server has ended it meanwhile; a new one will tell if there is more to it.
      }
      await session.close()
    }
    return undefined
  }

  return {
    connect: async (purpose, secrets = []) =>
      secrets.length > 0 ? open(purpose, secrets) : lent((await again(purpose)) ?? (await open(purpose))),
    close: async () => {
      await Promise.all(idle.splice(0).map(({ session }) => session.close()))
    },
  }
}

/** Does work on a session for its time. Aborting cancels what runs there. */
export async function onSession<T>(
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
