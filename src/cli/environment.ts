// What the commands take from their environment: the connection to the target, and interruption by signals.

import { FdwsyncError } from '../core/errors.ts'
import type { CommandOptions } from '../library/options.ts'
import { statementLog } from './log.ts'
import { interruptingSignals } from './signals.ts'

export interface TargetFlags {
  readonly database?: string
  readonly ledgerOwner?: string
}

/** The target: `--database`, or else what the environment and the files of libpq name. */
export function targetOf({ database, ledgerOwner }: TargetFlags): CommandOptions {
  return { database, ledgerOwner, env: process.env, onStatement: statementLog() }
}

/** Aborts at the first signal, so that running work is cancelled and reported. A second signal ends the process. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController()
  for (const signal of interruptingSignals()) {
    process.once(signal, () =>
      controller.abort(new FdwsyncError({ code: 'usage/interrupted', message: `interrupted by ${signal}` })),
    )
  }
  return controller.signal
}
