// The error for invalid connection settings.

import { exitCode, FdwsyncError } from '../../core/errors.ts'

export function settingsError(message: string, hint: string): FdwsyncError {
  return new FdwsyncError({ code: 'connection/invalid-settings', message, hint }, exitCode.usage)
}

export function severalHosts(): FdwsyncError {
  return settingsError('several hosts are not supported', 'Name the primary: DDL cannot run on a standby.')
}
