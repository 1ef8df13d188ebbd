// A session: one connection to one database, which can run statements with secrets and be cancelled. The rest of the code
// knows the driver only through this interface.

import { FdwsyncError } from '../core/errors.ts'
import type { Notice } from '../core/notice.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Secret } from '../core/secret.ts'
import { literal, type Sql, type Statement, sql } from '../core/sql.ts'
import { requestCancel } from './cancel.ts'
import { connectionFailure } from './connection-failure.ts'
import { throwIfInterrupted } from './interruption.ts'
import { type Opening, type Started, start, startWithSecrets } from './opening.ts'
import type { Carrier } from './secrets/carrier.ts'
import { copyCarrier, executeWithCopy } from './secrets/copy.ts'
import { startupCarrier, startupSecrets } from './secrets/startup.ts'
import type { ConnectionSettings } from './settings.ts'
import { newSuffix } from './suffix.ts'

/** A connection to one database. It sends statements one at a time, in the order of the calls. */
export interface Session {
  /** `server_version_num`: 180004. */
  readonly serverVersion: number
  /** `18.4`. */
  readonly serverVersionText: string
  /** The backend's process ID. Behind a transaction pooler, that of the backend at the time of opening. */
  readonly processId: number
  readonly database: string
  /** The role that the session acts as. */
  readonly user: string
  /** A role whose ledger is trusted, because whoever runs fdwsync has named it. */
  readonly ledgerOwner?: string
  /**
   * Returns the rows. Without parameters the text may have several statements; the rows are those of the last. int8 and
   * numeric are strings, so that they lose no digit; oid is a number; json and jsonb are parsed; timestamps are ISO 8601
   * strings; arrays of text, name, oid and integers are arrays; any other type is the text that the server sends.
   */
  query<Row>(text: Sql, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Runs one or several statements. Returns how many rows the last has written or returned; undefined if it does neither. */
  run(text: Sql): Promise<number | undefined>
  /**
   * Runs one statement. Its secrets must be the same objects that the session was opened with. The caller must have locked
   * the row that it changes, for instance by an ALTER without the secret: if the statement had to wait, `log_lock_waits`
   * would log it as it runs inside the DO block, with its secrets.
   */
  execute(statement: Statement): Promise<void>
  /**
   * Runs statements in the caller's transaction, one after the other, without waiting for an answer before the next one is sent.
   * Each is logged by itself, unlike those of one text. The first error is thrown, and the statements after it are not run.
   * @param onFinished called after each, before anything that the next one reports
   */
  pipeline(texts: readonly Sql[], onFinished: (at: number) => void): Promise<void>
  /**
   * Runs one statement with secrets that the session was not opened with, in the caller's transaction. No trace of them remains.
   */
  executeApart(statement: Statement): Promise<void>
  /**
   * The WARNINGs and NOTICEs of the server since the last call, each text once. Within a transaction, the settings of the role do
   * not suppress them.
   */
  takeNotices(): readonly Notice[]
  /** Opens a session to another database of the same server, as the same role. Throws an FdwsyncError if that fails. */
  beside(database: string, purpose: string): Promise<Session>
  /** Cancels what is running. Rejects if the request could not be delivered. */
  cancel(): Promise<void>
  /** Resolves when the connection is lost; from then on every call rejects. Closing it is not a loss. */
  readonly lost: Promise<Error>
  isLost(): boolean
  /** Whether nothing runs on it, no transaction is open, and it is not known to be lost. */
  isFree(): boolean
  /** Changes the purpose that the server shows in `application_name`. */
  repurpose(purpose: string): Promise<void>
  /** Cuts the connection, whatever is running. It is then lost, for the given reason. */
  abandon(reason: string): void
  /** Closes the connection and never hangs. If a statement is still running, the connection is cut, and lost. */
  close(): Promise<void>
}

export interface SessionOptions {
  /** What the session is for. The server shows it in `application_name`. */
  readonly purpose: string
  /** The secrets of statements that `execute` runs. A session with secrets must not run SQL that a user wrote. */
  readonly secrets?: readonly Secret[]
  /** Other values that no message may show. */
  readonly hidden?: readonly Hidden[]
  /** Cuts the connection if it aborts while the connection is being opened. */
  readonly signal?: AbortSignal | undefined
}

/** Opens a session. Throws an FdwsyncError if that fails, or if the server is too old. */
export async function openSession(settings: ConnectionSettings, options: SessionOptions): Promise<Session> {
  const secrets = [...new Set(options.secrets)]
  refuseNul(secrets)
  // The password of this connection is not among them: no statement contains it, and a password equal to the name of the
  // user or the database would garble messages.
  const hidden = [...secrets, ...(options.hidden ?? [])]
  const timeout = settings.connectTimeoutSeconds * 1000
  // A session that is opened after an interruption records that.
  const interrupt = options.signal?.aborted ? undefined : options.signal
  const deadline = timeout > 0 ? AbortSignal.timeout(timeout) : undefined
  const signal = AbortSignal.any([interrupt, deadline].filter((each) => each !== undefined))
  try {
    return await open({ settings, applicationName: applicationName(options.purpose), hidden, signal }, secrets)
  } catch (error) {
    if (interrupt) throwIfInterrupted(interrupt)
    throw connectionFailure(error, settings, { timedOut: signal.aborted, hidden })
  }
}

async function open(opening: Opening, secrets: readonly Secret[]): Promise<Session> {
  // A suffix for each run, since a pooler may assign a connection that still has the settings of another session.
  const suffix = newSuffix()
  const { options } = opening.settings
  const startup = secrets.length > 0 ? startupSecrets(secrets, options, suffix) : undefined
  const withSecrets = startup && (await startWithSecrets(opening, startup, suffix))
  if (withSecrets) return sessionOf(opening, withSecrets, startupCarrier(startup))
  return sessionOf(opening, await start(opening, options), copyCarrier(secrets, suffix))
}

function sessionOf({ settings, hidden }: Opening, { client, wire, facts }: Started, carry: Carrier): Session {
  return {
    ...facts,
    ...(settings.ledgerOwner !== undefined && { ledgerOwner: settings.ledgerOwner }),
    // The author of the query knows its columns, so Row is unchecked.
    query: async <Row>(text: Sql, parameters?: readonly unknown[]) =>
      (await wire.send(text, parameters)).rows as readonly Row[],
    run: async (text) => (await wire.send(text)).count,
    execute: async (statement) => {
      if (statement.secrets.length > 0) await carry(wire, statement)
      else await wire.send(statement.sql)
    },
    pipeline: (texts, onFinished) => wire.pipeline(texts, onFinished),
    executeApart: async (statement) => {
      if (statement.secrets.length > 0) await executeWithCopy(wire, statement, newSuffix())
      else await wire.send(statement.sql)
    },
    takeNotices: wire.takeNotices,
    beside: (database, purpose) => openSession({ ...settings, database }, { purpose, hidden }),
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
    hint: 'Check the variables and files that the manifest reads secrets from.',
  })
}
