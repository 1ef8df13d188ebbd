// Explains why a connection could not be opened, and what to do about it.

import type { ProblemCode } from '../core/codes.ts'
import { FdwsyncError } from '../core/errors.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import { NoPasswordError } from './client.ts'
import { isServerError } from './database-error.ts'
import { type ConnectionSettings, describeConnection } from './settings.ts'

interface Reason {
  readonly why: string
  readonly hint: string
}

/** The error for a connection that could not be opened: to what, why, and what to do. */
export function connectionFailure(
  error: unknown,
  settings: ConnectionSettings,
  context: { readonly timedOut: boolean; readonly hidden: readonly Hidden[] },
): FdwsyncError {
  if (error instanceof FdwsyncError && !context.timedOut) return error
  const { why, hint } = context.timedOut ? timeout(settings) : reason(error, settings)
  const message = `cannot connect to ${describeConnection(settings)}: ${redact(why, context.hidden)}`
  return new FdwsyncError({ code: codeOf(error, context), message, hint })
}

const tooManyConnections = '53300'

function codeOf(error: unknown, { timedOut }: { readonly timedOut: boolean }): ProblemCode {
  if (timedOut) return 'connection/timeout'
  return isServerError(error) && error.code === tooManyConnections ? 'connection/too-many' : 'connection/refused'
}

/** Whether a session could not be opened since there are too many. That may pass. */
export function lacksConnections(error: unknown): boolean {
  return error instanceof FdwsyncError && error.problems.some(({ code }) => code === 'connection/too-many')
}

function timeout({ connectTimeoutSeconds }: ConnectionSettings): Reason {
  return {
    why: `no answer within ${connectTimeoutSeconds} s`,
    hint: 'Check host, port and firewall; set PGCONNECT_TIMEOUT (seconds) if connecting takes longer.',
  }
}

function reason(error: unknown, settings: ConnectionSettings): Reason {
  if (isServerError(error)) return { why: error.message, hint: serverHint(error.code, settings) }
  if (error instanceof NoPasswordError) {
    const note = settings.passwordNote ? ` (${settings.passwordNote})` : ''
    return {
      why: `the server asks for a password, and none is set${note}`,
      hint: 'Set PGPASSWORD, or use a passfile.',
    }
  }
  const { code, message } = networkError(error)
  const known = networkReasons.find((each) => each.matches.test(code) || each.matches.test(message))
  return known
    ? { why: known.why || message, hint: known.hint }
    : { why: message, hint: 'Check host, port and network.' }
}

function serverHint(sqlstate: string, settings: ConnectionSettings): string {
  const { user, database, options } = settings
  switch (sqlstate) {
    case '08P01':
      if (options === undefined) break
      return 'A pooler in between does not accept options. Unset PGOPTIONS, or connect to the server directly.'
    case '28P01':
      return `Check the password of ${user}: in the URL, PGPASSWORD or the passfile.`
    case '28000':
      return `Check that the role ${user} exists and may log in, and that the server's pg_hba.conf admits it from this machine.`
    case '3D000':
      return `Create the database ${database}, or name another one in the URL or PGDATABASE.`
    case '42501':
      return `Ask an administrator to run: GRANT CONNECT ON DATABASE ${database} TO ${user}.`
    case tooManyConnections:
      return 'Wait for other sessions to end, or raise max_connections of the server (or the limit of role or database). An apply or a refresh needs at least three connections.'
    case '57P03':
      return 'The server is starting, stopping or recovering. Try again in a moment.'
  }
  return 'See the log of the server.'
}

/** A host name with several addresses, such as `localhost`, gives an AggregateError with one error for each. */
function networkError(error: unknown): { readonly code: string; readonly message: string } {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (!(inner instanceof Error)) return { code: '', message: String(inner) }
  return { code: 'code' in inner ? String(inner.code) : '', message: inner.message }
}

/** Matched against the code and the message of an error. If `why` is empty, the message is the reason. */
const networkReasons: readonly (Reason & { readonly matches: RegExp })[] = [
  {
    matches: /^ECONNREFUSED$/,
    why: 'connection refused: no server listens there',
    hint: 'Check host and port, and that the server runs and listens on that address.',
  },
  {
    matches: /^(ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/,
    why: 'the host name cannot be resolved',
    hint: 'Check the spelling of the host, and DNS.',
  },
  {
    matches: /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/,
    why: 'the host cannot be reached',
    hint: 'Check the host, the network and the firewall.',
  },
  {
    matches: /^(ENOENT|EACCES)$/,
    why: 'no usable socket exists there',
    hint: 'Check the folder (PGHOST), the port, and that the server runs on this machine.',
  },
  {
    matches: /does not support SSL/,
    why: 'the server does not support TLS, which sslmode requires',
    hint: 'Turn TLS on in the server (ssl = on), or choose a weaker sslmode.',
  },
  {
    matches: /ALTNAME/,
    why: '',
    hint: "Connect by a name that the server's certificate contains; sslmode verify-ca does not check the name.",
  },
  {
    matches: /CERT|SIGNATURE|ISSUER/,
    why: '',
    hint: "Check sslrootcert (PGSSLROOTCERT): it must contain the authority that signed the server's certificate.",
  },
  {
    matches: /^(EPROTO|ERR_SSL|ERR_OSSL|ERR_TLS)|SSL/,
    why: '',
    hint: 'Check sslmode, sslcert and sslkey.',
  },
  {
    matches: /^(ECONNRESET|EPIPE)$|terminated unexpectedly/,
    why: 'the server closed the connection immediately',
    hint: 'Check that a PostgreSQL server listens there, and see its log.',
  },
]
