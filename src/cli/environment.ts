// What the commands take from their environment: the connection to the target, and interruption by signals.

import { FdwsyncError } from '../core/errors.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Connect } from '../db/connect.ts'
import { openSession } from '../db/session.ts'
import type { ConnectionSettings } from '../db/settings.ts'
import { settingsOf } from '../library/target.ts'
import { logged } from './log.ts'

export interface TargetFlags {
  readonly database?: string
  readonly ledgerOwner?: string
}

/** The target: `--database`, or else what the environment and the files of libpq name. */
export function targetSettings(flags: TargetFlags): ConnectionSettings {
  return settingsOf({ ...flags, env: process.env })
}

/** Opens sessions that show their purpose in pg_stat_activity, and whose errors show no secret of the manifest, and no value of its references. */
export function connectTo(settings: ConnectionSettings, hidden: readonly Hidden[]): Connect {
  return logged((purpose, secrets = []) => openSession(settings, { purpose, secrets, hidden }), hidden)
}

/** Aborts at the first signal, so that running work is cancelled and reported. A second signal ends the process. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () =>
      controller.abort(new FdwsyncError({ code: 'usage/interrupted', message: `interrupted by ${signal}` })),
    )
  }
  return controller.signal
}
