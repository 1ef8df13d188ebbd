// Reads once what all loads of a run have in common.

import type { Session } from '../db/session.ts'

/** Reads it on the session of the first load that needs it, and on that of another load if that fails. */
export function oncePerRun<Result>(read: (session: Session) => Promise<Result>): typeof read {
  let reading: Promise<Result> | undefined
  return async (session) => {
    const found = await reading?.catch(() => undefined)
    if (found !== undefined) return found
    reading = read(session)
    return reading
  }
}
