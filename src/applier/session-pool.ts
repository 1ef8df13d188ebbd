import type { Session } from '../db/session.ts'
import type { Connect } from './context.ts'

export interface SessionPool {
  /** Lends a session for the time of `work`. One that was lost, or whose work failed, is not lent again. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Sessions for work that runs several at once, opened as they are needed. Aborting cancels what runs on them. */
export function sessionPool(connect: Connect, signal: AbortSignal): SessionPool {
  const idle: Session[] = []
  const busy = new Set<Session>()
  const abort = () => {
    for (const session of busy) void session.cancel().catch(() => {})
  }
  signal.addEventListener('abort', abort)
  return {
    async use(work) {
      const session = idle.pop() ?? (await connect('load'))
      busy.add(session)
      try {
        signal.throwIfAborted()
        const result = await work(session)
        if (!session.isLost()) idle.push(session)
        return result
      } catch (error) {
        await session.close()
        throw error
      } finally {
        busy.delete(session)
      }
    },
    async close() {
      signal.removeEventListener('abort', abort)
      await Promise.all(idle.map((session) => session.close()))
    },
  }
}
