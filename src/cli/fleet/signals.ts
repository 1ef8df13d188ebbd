// Passes signals on to the processes of a fleet, so that none of them goes on by itself.

import type { ChildProcess } from 'node:child_process'
import { interruptingSignals } from '../signals.ts'

export interface RunningTargets {
  add(child: ChildProcess): void
  delete(child: ChildProcess): void
  isInterrupted(): boolean
}

/** From now on, each process decides what to do about a signal, and this one ends after all of them. */
export function passOnSignals(): RunningTargets {
  const children = new Set<ChildProcess>()
  let isInterrupted = false
  for (const signal of interruptingSignals()) {
    process.on(signal, () => {
      isInterrupted = true
      // They write to pipes, and so have no terminal to lose.
      for (const child of children) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
    })
  }
  return {
    add: (child) => void children.add(child),
    delete: (child) => void children.delete(child),
    isInterrupted: () => isInterrupted,
  }
}
