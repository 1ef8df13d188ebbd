import { exitCode, FdwsyncError } from '../../core/errors.ts'

/** What to throw for a connection that was asked for wrongly. */
export function usageError(message: string, hint: string): FdwsyncError {
  return new FdwsyncError({ code: 'connection/invalid-settings', message, hint }, exitCode.usage)
}
