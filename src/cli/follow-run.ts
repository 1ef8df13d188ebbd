// Follows a run of the library: its events go to `--events` and to the progress, until its result is known.

import type { Run } from '../library/run.ts'
import { type EventsFlag, eventWriter } from './events.ts'
import { progressOf } from './progress.ts'
import type { TextFlags } from './terminal.ts'

/** @param start called once the events can be written */
export async function followRun<Result>(
  flags: TextFlags & EventsFlag,
  verb: 'loading' | 'refreshing',
  start: () => Run<Result>,
): Promise<Result> {
  const write = eventWriter(flags)
  const progress = progressOf(flags, verb)
  try {
    const run = start()
    for await (const event of run) {
      write(event)
      progress.print(event)
    }
    return await run.result
  } finally {
    progress.end()
  }
}
