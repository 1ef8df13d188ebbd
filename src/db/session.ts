import { randomBytes } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { literal, type Sql, type Statement, sql } from '../core/sql.ts'
import { requestCancel } from './cancel.ts'
import { connectionFailure } from './connection-failure.ts'
import { type Opening, type Started, start, startWithSecrets } from './opening.ts'
import type { Carrier } from './secrets/carrier.ts'
import { copyCarrier } from './secrets/copy.ts'
import { startupCarrier, startupSecrets } from './secrets/startup.ts'
import type { ConnectionSettings } from './settings.ts'

/** A connection to one database. It sends one thing at a time, in the order of the calls. */
export interface Session {
  /** `server_version_num`: 180004. */
  readonly serverVersion: number
  /** `18.4`. */
  readonly serverVersionText: string
  /** The backend's process. Behind a transaction pooler: the one of the opening. */
  readonly processId: number
  readonly database: string
  /** The role that the session acts as. */
  readonly user: string
  /**
   * The rows, of the last statement if the text has several, which it may without parameters. int8 and numeric are
   * strings, which lose no digit; oid is a number; json and jsonb are parsed; timestamps are ISO 8601 strings; arrays
   * of text, name, oid and integers are arrays; what is not named here is the text that the server sends.
   */
  query<Row>(text: Sql, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** One or several statements at once. */
  run(text: Sql): Promise<void>
  /**
   * One statement. Its secrets must be among those that the session was opened with: those very objects. The row that
   * it changes must be locked already, by an ALTER without the secret for instance: `log_lock_waits` logs the
   * statement inside the DO block, with everything filled in, when that has to wait.
   */
  execute(statement: Statement): Promise<void>
  /** Cancels what is running, from outside. Rejects if the server could not be asked. */
  cancel(): Promise<void>
  /** Resolves when the connection is lost; from then on everything rejects. To close it is not to lose it. */
  readonly lost: Promise<Error>
  isLost(): boolean
  /** Nothing runs on it, no transaction is open, and it is not known to be lost. */
  isFree(): boolean
  /** Gives it another purpose, for whoever looks at the server's sessions. */
  repurpose(purpose: string): Promise<void>
  /** Cuts the connection, whatever is under way: it is lost then. The reason is what is told of that. */
  abandon(reason: string): void
  /** Never hangs. A statement that still runs is cut off, and the connection with it is lost. */
  close(): Promise<void>
}

export interface SessionOptions {
  /** What it is for: the server shows it behind the name of the tool. */
  readonly purpose: string
  /** What `execute` may carry to the server. A session that has secrets must run nothing of anybody else's. */
  readonly secrets?: readonly Secret[]
  /** More secrets that no message may show. */
  readonly redact?: readonly Secret[]
}

/** Connects. Throws one clear error if that fails, or if the server is too old. */
export async function openSession(settings: ConnectionSettings, options: SessionOptions): Promise<Session> {
  const secrets = [...new Set(options.secrets)]
  refuseNul(secrets)
  // Not the password of this connection: no statement holds it, and where it is the same word as the name of the user
  // or the database, messages would become a riddle.
  const redacted = [...secrets, ...(options.redact ?? [])]
  const timeout = settings.connectTimeoutSeconds * 1000
  const signal = timeout > 0 ? AbortSignal.timeout(timeout) : new AbortController().signal
  try {
    return await open({ settings, applicationName: applicationName(options.purpose), redacted, signal }, secrets)
  } catch (error) {
    throw connectionFailure(error, settings, { timedOut: signal.aborted, secrets: redacted })
  }
}

async function open(opening: Opening, secrets: readonly Secret[]): Promise<Session> {
  // The names differ from run to run: a pooler might hand us a connection that holds the settings of another one.
  const suffix = randomBytes(3).toString('hex')
  const { options } = opening.settings
  const startup = secrets.length > 0 ? startupSecrets(secrets, options, suffix) : undefined
  const withSecrets = startup && (await startWithSecrets(opening, startup, suffix))
  if (withSecrets) return sessionOf(opening, withSecrets, startupCarrier(startup))
  return sessionOf(opening, await start(opening, options), copyCarrier(secrets, suffix))
}

function sessionOf({ settings }: Opening, { client, wire, facts }: Started, carry: Carrier): Session {
  return {
    ...facts,
    // What columns a query has is known to who wrote it: Row is the caller's word for it.
    query: async <Row>(text: Sql, parameters?: readonly unknown[]) =>
      (await wire.send(text, parameters)) as readonly Row[],
    run: async (text) => {
      await wire.send(text)
    },
    execute: async (statement) => {
      if (statement.secrets.length > 0) await carry(wire, statement)
      else await wire.send(statement.sql)
    },
    cancel: () => requestCancel(client, settings.host),
    lost: wire.lost,
    isLost: wire.isLost,
    isFree: wire.isFree,
    repurpose: async (purpose) => {
      await wire.send(sql`SET application_name = ${literal(applicationName(purpose))}`)
    },
    abandon: wire.abandon,
    close: wire.close,
  }
}

function applicationName(purpose: string): string {
  return `fdwsync ${purpose}`
}

function refuseNul(secrets: readonly Secret[]): void {
  if (!secrets.some((secret) => secret.reveal().includes('\0'))) return
  throw new FdwsyncError({
    code: 'secret/unusable',
    message: 'a secret contains a NUL character, which PostgreSQL cannot store',
    hint: 'Check the variables and files that the manifest takes secrets from.',
  })
}
