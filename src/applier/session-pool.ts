import type { Session } from '../db/session.ts'
import type { Connect } from './context.ts'
import { interruptible, throwIfInterrupted } from './interrupt.ts'

export interface SessionPool {
  /** Lends a session for the time of `work`. One that was lost, or whose work failed, is not lent again. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Sessions for work that runs several at once, opened as they are needed. Aborting cancels what runs on them. */
export function sessionPool(connect: Connect, signal: AbortSignal): SessionPool {
  const idle: Session[] = []
  return {
    async use(work) {
      throwIfInterrupted(signal)
      const session = idle.pop() ?? (await connect('load'))
      try {
        const result = await interruptible(session, signal, () => work(session))
        if (!session.isLost()) idle.push(session)
        return result
      } catch (error) {
        await session.close()
        throw error
      }
    },
    async close() {
      await Promise.all(idle.map((session) => session.close()))
    },
  }
}
