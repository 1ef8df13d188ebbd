// How programs name the database to work on, and how sessions to it are opened.

import { readFileSync, statSync } from 'node:fs'
import type { StatementLog } from '../core/event.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Connect } from '../db/connect.ts'
import { observed } from '../db/observed.ts'
import { openSession } from '../db/session.ts'
import { type ConnectionSettings, connectionSettings } from '../db/settings.ts'

/** A database, as the command line names it. */
export interface Target {
  /** A connection URL. Default: what `env` names. */
  readonly database?: string | undefined
  /** For DATABASE_URL and the variables of libpq, such as PGHOST: usually `process.env`. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Trust a ledger that belongs to this role. */
  readonly ledgerOwner?: string | undefined
}

/**
 * Reads the service file and the password file of libpq, too.
 * @throws FdwsyncError if a setting is malformed
 */
export function settingsOf({ database, env = {}, ledgerOwner }: Target): ConnectionSettings {
  const readFile = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  }
  const fileMode = (path: string) => statSync(path, { throwIfNoEntry: false })?.mode
  const settings = connectionSettings({ env, readFile, fileMode, ...(database === undefined ? {} : { database }) })
  return { ...settings, ...(ledgerOwner === undefined ? {} : { ledgerOwner }) }
}

/** @param hidden the values that errors and logged statements of the sessions must not show */
export function connectTo(target: Target & Connecting, hidden: readonly Hidden[]): Connect {
  const settings = settingsOf(target)
  const { signal } = target
  const connect: Connect = (purpose, secrets = []) => openSession(settings, { purpose, secrets, hidden, signal })
  return target.onStatement ? observed(connect, hidden, target.onStatement) : connect
}

interface Connecting {
  readonly signal?: AbortSignal
  readonly onStatement?: ((statement: StatementLog) => void) | undefined
}
