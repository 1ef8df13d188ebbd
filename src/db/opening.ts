// Opens a connection, finds out what server it reached, and whether secrets can travel in the startup packet or a pooler
// in between drops them.

import { FdwsyncError } from '../core/errors.ts'
import type { Hidden } from '../core/redaction.ts'
import { Secret } from '../core/secret.ts'
import { sql } from '../core/sql.ts'
import { cancelKey, type OpenClient, openClient, withAbort } from './client.ts'
import { isServerError } from './database-error.ts'
import { allArrived, type StartupSecrets, startupSecrets } from './secrets/startup.ts'
import { type ConnectionSettings, describeConnection } from './settings.ts'
import { type Wire, wireOf } from './wire.ts'

/** The input of all steps of opening a session. */
export interface Opening {
  readonly settings: ConnectionSettings
  readonly applicationName: string
  /** The values that no message may show. */
  readonly hidden: readonly Hidden[]
  /** Aborted at the deadline for connecting, or by an interruption. */
  readonly signal: AbortSignal
}

/** What the server reports about itself and the connection. */
export interface Facts {
  readonly serverVersion: number
  readonly serverVersionText: string
  readonly processId: number
  readonly database: string
  readonly user: string
}

/** A connection that is ready for use. */
export interface Started {
  readonly client: OpenClient
  readonly wire: Wire
  readonly facts: Facts
}

/**
 * Settings known to reach a server without a pooler. A server's cancel key has the process ID of the backend. A pooler
 * such as PgBouncer invents the process ID.
 */
const direct = new WeakSet<ConnectionSettings>()

const oldestSupported = 140000

/** Connects with command-line options for the server process, and reads the facts. */
export async function start(opening: Opening, options: string | undefined): Promise<Started> {
  const { settings, applicationName, hidden, signal } = opening
  const client = await openClient(settings, { applicationName, options, signal })
  const wire = wireOf(client, describeConnection(settings), hidden)
  try {
    const facts = await withAbort(client.client, signal, () => readFacts(wire))
    if (cancelKey(client.client).processID === facts.processId) direct.add(settings)
    else direct.delete(settings)
    return { client, wire, facts }
  } catch (error) {
    await wire.close()
    throw error
  }
}

/**
 * Connects with the secrets in the startup packet. Undefined if they would not arrive, because of a pooler in between.
 * Unless the connection is known to be direct, a harmless value is tried first: PgBouncer logs options that it refuses.
 */
export async function startWithSecrets(
  opening: Opening,
  secrets: StartupSecrets,
  suffix: string,
): Promise<Started | undefined> {
  if (direct.has(opening.settings)) return startWithOptions(opening, secrets)
  const harmless = startupSecrets([new Secret('not secret')], opening.settings.options, suffix)
  const trial = harmless && (await startWithOptions(opening, harmless))
  if (!trial) return undefined
  await trial.wire.close()
  return startWithOptions(opening, secrets)
}

async function startWithOptions(opening: Opening, secrets: StartupSecrets): Promise<Started | undefined> {
  let started: Started
  try {
    started = await start(opening, secrets.options)
  } catch (error) {
    if (refusesOptions(error)) return undefined
    throw error
  }
  const { client, wire } = started
  if (await withAbort(client.client, opening.signal, () => allArrived(wire, secrets))) return started
  await wire.close()
  return undefined
}

/** Poolers answer `unsupported startup parameter: options`, or close the connection. */
function refusesOptions(error: unknown): boolean {
  if (isServerError(error)) return error.code === '08P01' || error.code === '0A000'
  return error instanceof Error && /terminated unexpectedly/.test(error.message)
}

/**
 * Also pins how the backslashes in a string constant are read. The server reads a message with several statements as a
 * whole before it runs the first, so a SET in the same message would come too late. And the server may not close a session
 * that is idle while something else is computed, or while another session loads data, or one with an error that is to be reported.
 */
async function readFacts(wire: Wire): Promise<Facts> {
  const { rows } = await wire.send(
    sql`SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS "serverVersion",
        pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS "serverVersionText",
        pg_catalog.pg_backend_pid() AS "processId", pg_catalog.current_database() AS database, current_user AS "user"
   FROM (VALUES ('standard_conforming_strings', 'on'), ('idle_session_timeout', '0'), ('exit_on_error', 'off')) AS setting(name, value)
  CROSS JOIN LATERAL pg_catalog.set_config(name, value, false)
  WHERE pg_catalog.current_setting(name, true) IS NOT NULL`,
  )
  // The query above has exactly these columns, and a row for each setting that this server knows.
  const facts = rows[0] as Facts
  if (facts.serverVersion >= oldestSupported) return facts
  throw new FdwsyncError({
    code: 'server/unsupported-version',
    message: `the server is PostgreSQL ${facts.serverVersionText}, and fdwsync needs 14 or later`,
    hint: 'Upgrade it. PostgreSQL 13 and earlier get no fixes any more, and cannot close their connections to a source.',
  })
}
