// What an error of a source means, and what to do about it. A wrapper reports all connection errors with a single SQLSTATE, so they
// are recognized by the text of libpq and of the source. That is English unless `lc_messages` is set to another language.

import type { DatabaseError } from '../db/database-error.ts'

/**
 * - `unreachable`: no source answered, or it is starting or stopping. It may answer later.
 * - `busy`: the source accepts no more connections at the moment.
 * - `rejected`: the source, or the wrapper, refuses what is declared. It will refuse it again.
 * - `other`: anything else, for example an error of a query.
 */
export type SourceErrorKind = 'unreachable' | 'busy' | 'rejected' | 'other'

export interface SourceError {
  readonly kind: SourceErrorKind
  /** What to do about it. It ends with a full stop. */
  readonly hint: string
}

interface Rule extends SourceError {
  readonly matches: RegExp
}

const busy: SourceError = {
  kind: 'busy',
  hint: 'The source accepts only so many connections at once. Run fewer loads at once: --jobs 1.',
}

const ownTimeout = (setting: string) =>
  `Raise ${setting} for the user of the mapping, or set it in the options of the server: options: "-c ${setting}=0".`

/** Any other refusal, in any language: the severity is translated in few of them. */
const unknownRefusal: Rule = { matches: /\bFATAL: /, kind: 'rejected', hint: 'See the log of the source.' }

/** Errors of connections. The rules are matched against the message and its detail; the first match wins. */
const connecting: readonly Rule[] = [
  {
    matches: /too many (clients|connections)|remaining connection slots|user_connections|max_connections/i,
    ...busy,
  },
  {
    matches: /the database system is (starting up|shutting down|in recovery|not yet accepting)/i,
    kind: 'unreachable',
    hint: 'The source is starting, stopping or recovering. Try again in a moment.',
  },
  {
    // The source waits while rows are written here, and indexes are built.
    matches: /terminating connection due to idle-in-transaction timeout/i,
    kind: 'rejected',
    hint: ownTimeout('idle_in_transaction_session_timeout'),
  },
  {
    matches: /terminating connection due to transaction timeout/i,
    kind: 'rejected',
    hint: ownTimeout('transaction_timeout'),
  },
  {
    matches: /terminating connection|SSL connection has been closed|SSL SYSCALL error|unexpected eof while reading/i,
    kind: 'unreachable',
    hint: 'The connection to the source was lost. See its log.',
  },
  {
    matches: /password is required|password or GSSAPI delegated credentials required|no password supplied/i,
    kind: 'rejected',
    hint: 'Add a password to the user mapping.',
  },
  {
    matches:
      /(password|peer|ident|certificate|LDAP|GSSAPI|PAM|RADIUS|SCRAM|SASL).* authentication failed|access denied for user/i,
    kind: 'rejected',
    hint: 'Check user and password of the user mapping.',
  },
  { matches: /ORA-01017/, kind: 'rejected', hint: 'Check user and password of the user mapping.' },
  {
    matches: /role ".*" does not exist|is not permitted to log in/i,
    kind: 'rejected',
    hint: 'Check user of the user mapping, and that this role may log in at the source.',
  },
  {
    matches: /no pg_hba\.conf entry|pg_hba\.conf rejects|is not allowed to connect/i,
    kind: 'rejected',
    hint: 'Admit the address of the target at the source, in its pg_hba.conf for example, and check sslmode of the server.',
  },
  {
    matches: /database ".*" does not exist|unknown database|ORA-12514/i,
    kind: 'rejected',
    hint: 'Check the name of the database: option dbname of the server.',
  },
  {
    matches: /permission denied for database/i,
    kind: 'rejected',
    hint: 'At the source, grant the user of the mapping CONNECT on the database.',
  },
  {
    matches: /could not translate host name|name or service not known|unknown (mysql )?server host/i,
    kind: 'unreachable',
    hint: 'Check the option host of the server. The target resolves the name, not this machine.',
  },
  {
    matches: /connection refused|can.t connect to|ORA-12541/i,
    kind: 'unreachable',
    hint: 'Check host and port of the server, and that the source runs and accepts connections from the target.',
  },
  {
    matches: /timeout expired|timed out|no route to host|network is unreachable|host is (down|unreachable)|ORA-12170/i,
    kind: 'unreachable',
    hint: 'Check the option host of the server, and the network and firewalls between target and source.',
  },
  {
    matches: /invalid (port number|integer value|connection option|\w+ value)/i,
    kind: 'rejected',
    hint: 'Check the options of the server.',
  },
  {
    matches: /SSL|certificate|TLS/,
    kind: 'rejected',
    hint: 'Check sslmode of the server, and the certificates on the target.',
  },
  unknownRefusal,
]

/** Errors of queries, by the SQLSTATE that the source reported. */
const bySqlstate: Readonly<Record<string, SourceError>> = {
  '53300': busy,
  '57P03': { kind: 'unreachable', hint: 'The source is starting, stopping or recovering. Try again in a moment.' },
  '28P01': { kind: 'rejected', hint: 'Check user and password of the user mapping.' },
  '28000': { kind: 'rejected', hint: 'Check user of the user mapping, and that this role may log in at the source.' },
  '2F003': { kind: 'rejected', hint: 'Add a password to the user mapping.' },
  '3D000': { kind: 'rejected', hint: 'Check the name of the database: option dbname of the server.' },
  '3F000': { kind: 'rejected', hint: 'Check schema_name of the foreign table.' },
  '42501': { kind: 'rejected', hint: 'At the source, grant the user of the mapping what it lacks.' },
  '42P01': {
    kind: 'rejected',
    hint: 'Check schema_name and table_name of the foreign table. Without them, the source is asked for a table of the same schema and name.',
  },
  '42703': { kind: 'rejected', hint: 'Check the name of the column, or set its option column_name.' },
}

/** Errors of queries that a SQLSTATE does not show, or that have one of the wrapper, which is not postgres_fdw then. */
const queries: readonly Rule[] = [
  {
    matches: /canceling statement due to statement timeout/i,
    kind: 'rejected',
    hint: ownTimeout('statement_timeout'),
  },
  {
    matches: /permission denied for schema/i,
    kind: 'rejected',
    hint: 'At the source, grant the user of the mapping USAGE on the schema, and SELECT on its tables.',
  },
  {
    matches: /permission denied for|command denied to user|ORA-01031/i,
    kind: 'rejected',
    hint: 'At the source, grant the user of the mapping SELECT on the table.',
  },
  {
    matches: /table .* doesn't exist|ORA-00942|could not open file .*: No such file/i,
    kind: 'rejected',
    hint: 'Check the options of the foreign table that name what it reads.',
  },
  {
    matches: /unknown column|ORA-00904/i,
    kind: 'rejected',
    hint: 'Check the name of the column, or set its option column_name.',
  },
]

/** The role that reads has no user mapping, which PostgreSQL itself reports before it connects. */
const noMapping = /^user mapping not found for /

const missingMapping: SourceError = {
  kind: 'rejected',
  hint: 'Declare a user mapping for that role, or one for public, which serves every role.',
}

/** Explains an error that reading from a source may have caused. */
export function explainSourceError(error: DatabaseError): SourceError {
  const known = knownError(error)
  if (known) return { kind: known.kind, hint: known.hint }
  return isOfConnecting(error)
    ? { kind: 'unreachable', hint: 'Check host and port of the server, and the network between target and source.' }
    : { kind: 'other', hint: '' }
}

/** Whether each attempt will end with this error. A refusal for an unknown reason may pass. */
export function isPermanent(error: DatabaseError): boolean {
  const known = knownError(error)
  return known?.kind === 'rejected' && known !== unknownRefusal
}

function knownError(error: DatabaseError): SourceError | undefined {
  if (isMissingMapping(error)) return missingMapping
  const rules = isOfConnecting(error) ? connecting : queries
  const text = `${error.message}\n${decisiveDetail(error)}`
  return rules.find(({ matches }) => matches.test(text)) ?? bySqlstate[error.sqlstate]
}

/** Whether the error shows that reading from a source caused it. */
export function isSourceError(error: DatabaseError): boolean {
  return error.isOfSource || isOfConnecting(error) || isMissingMapping(error)
}

/** Whether the role that reads has no user mapping. */
export function isMissingMapping({ message }: DatabaseError): boolean {
  return noMapping.test(message)
}

/** Class 08, and the SQLSTATE of SQL/MED for a connection that cannot be established, which other wrappers use. */
export function isOfConnecting({ sqlstate }: DatabaseError): boolean {
  return sqlstate.startsWith('08') || sqlstate === 'HV00N' || sqlstate === '2F003'
}

/** The message with its detail on one line. libpq adds lines about servers that terminate abnormally. */
export function sourceErrorText(error: DatabaseError): string {
  const detail = decisiveDetail(error)
  const message = isOfConnecting(error) ? decisiveLine(error.message) : error.message
  return `${error.isOfSource ? 'the source reports: ' : ''}${message}${detail === '' ? '' : ` (${detail})`}`
}

function decisiveDetail({ detail = '' }: DatabaseError): string {
  return decisiveLine(detail)
}

/** The line that matters. A host with several addresses has a line for each, and only one may have answered. */
function decisiveLine(text: string): string {
  const lines = text.trim().split('\n')
  return (lines.find((line) => line.includes('FATAL: ')) ?? lines[0] ?? '').trim()
}
