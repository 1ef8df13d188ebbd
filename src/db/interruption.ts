// What a signal that aborts means to whoever waits for work.

import { FdwsyncError } from '../core/errors.ts'

/** The error for interrupted work: the signal's reason, if that is an error for the user. */
export function interruption(signal: AbortSignal): FdwsyncError {
  const reason: unknown = signal.reason
  return reason instanceof FdwsyncError
    ? reason
    : new FdwsyncError({ code: 'usage/interrupted', message: 'interrupted' })
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interruption(signal)
}
