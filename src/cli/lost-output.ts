// What becomes of a command whose standard output cannot be written: it goes on, and reports that once.

import { exitCode } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'
import { printMessage } from './output.ts'

let isReported = false

/** The reader of a pipe may stop early: `fdwsync plan | head` is not a failure. */
export function reportLostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || isReported) return
  isReported = true
  const hint = 'What an apply or a refresh changes is listed by: fdwsync history'
  printMessage(`error: standard output cannot be written: ${fileFailure(error)}\n  ${hint}\n`)
  process.on('exit', (code) => {
    // Any other code is already that of a failure.
    if (code === exitCode.done || code === exitCode.changes) process.exitCode = exitCode.failed
  })
}
