// Work that reports what happens while it runs: an async iterable of events, and a result.

import type { ApplyEvent } from '../core/event.ts'
import { throwIfInterrupted } from '../db/interruption.ts'

/** Iterate over it for the events as they happen, or just await `result`. It runs in either case. */
export interface Run<Result> extends AsyncIterable<ApplyEvent> {
  /** Rejects with an {@link FdwsyncError} if nothing was done. */
  readonly result: Promise<Result>
}

/**
 * Starts the work at once. Events are kept until they are read.
 * @param signal if it has aborted, nothing is started
 */
export function startRun<Result>(
  signal: AbortSignal,
  work: (emit: (event: ApplyEvent) => void) => Promise<Result>,
): Run<Result> {
  const events: ApplyEvent[] = []
  let hasEnded = false
  let wake = () => {}
  const emit = (event: ApplyEvent) => {
    events.push(event)
    wake()
  }
  const start = async () => {
    throwIfInterrupted(signal)
    return work(emit)
  }
  const result = start().finally(() => {
    hasEnded = true
    wake()
  })
  // Whoever only iterates gets the error from the iteration.
  result.catch(() => {})
  return {
    result,
    async *[Symbol.asyncIterator]() {
      for (let at = 0; ; at++) {
        while (events.length <= at && !hasEnded) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        const event = events[at]
        if (event === undefined) break
        yield event
      }
      await result
    },
  }
}
