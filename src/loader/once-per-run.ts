// What is the same for all loads of a run.

import type { Session } from '../db/session.ts'

/** Reads it once: on the session of the load that needs it first, and on another one if that fails. */
export function oncePerRun<Result>(read: (session: Session) => Promise<Result>): typeof read {
  let reading: Promise<Result> | undefined
  return async (session) => {
    const found = await reading?.catch(() => undefined)
    if (found !== undefined) return found
    reading = read(session)
    return reading
  }
}
