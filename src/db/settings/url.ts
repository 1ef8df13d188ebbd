// Parses a connection URL by libpq's rules.

import type { FdwsyncError } from '../../core/errors.ts'
import { settingsError, severalHosts } from './settings-error.ts'

/** The parameters of a connection URL by libpq's names, such as `host` and `password`. */
export type Parameters = ReadonlyMap<string, string>

const scheme = /^postgres(?:ql)?:\/\//

/**
 * Parses `postgresql://user:password@host:port/database?parameter=value`. No error shows any part of the URL: in a
 * malformed URL, any part could be the password.
 */
export function parseUrl(url: string): Parameters {
  if (!scheme.test(url)) throw malformed('it does not start with postgresql://')
  // A variable from a file, such as a secret of Kubernetes, often ends in a newline.
  const text = url.replace(scheme, '').replace(/[\r\n]+$/, '')
  const slash = text.indexOf('/')
  const at = text.indexOf('@')
  // With an unescaped `/` or `@` in it, part of the password would silently become the host.
  if (at !== text.lastIndexOf('@') || (slash !== -1 && slash < at)) {
    throw malformed('it contains an unescaped special character')
  }
  const rest = text.slice(at + 1)
  const parameters = new Map<string, string>()
  if (at !== -1) readUser(text.slice(0, at), parameters)
  const [, authority = '', path = '', query = ''] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? []
  readAuthority(authority, parameters)
  set(parameters, 'dbname', path)
  for (const pair of query.split('&').filter(Boolean)) readPair(pair, parameters)
  return parameters
}

function readUser(text: string, parameters: Map<string, string>): void {
  const colon = text.indexOf(':')
  set(parameters, 'user', colon === -1 ? text : text.slice(0, colon))
  if (colon !== -1) set(parameters, 'password', text.slice(colon + 1))
}

function readAuthority(text: string, parameters: Map<string, string>): void {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]]*))(?::(\d*))?$/s.exec(text)
  if (text.includes(',')) throw severalHosts()
  if (!match) throw malformed('host and port cannot be distinguished')
  const [, address, name, port] = match
  if (address !== undefined) parameters.set('host', address)
  else set(parameters, 'host', name ?? '')
  set(parameters, 'port', port ?? '')
}

function readPair(pair: string, parameters: Map<string, string>): void {
  const at = pair.indexOf('=')
  if (at === -1) throw malformed('a parameter has no "="')
  const name = decode(pair.slice(0, at))
  const value = decode(pair.slice(at + 1))
  // JDBC's spelling, which libpq accepts as well.
  if (name === 'ssl' && value === 'true') parameters.set('sslmode', 'require')
  else parameters.set(name, value)
}

/** An empty part counts as missing. */
function set(parameters: Map<string, string>, name: string, encoded: string): void {
  if (encoded !== '') parameters.set(name, decode(encoded))
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text)
    if (!decoded.includes('\0')) return decoded
  } catch {
    // The URIError may quote the text.
  }
  throw malformed('part of it is not correctly percent-encoded')
}

function malformed(why: string): FdwsyncError {
  return settingsError(
    `the database URL is malformed: ${why}`,
    'Write postgresql://user:password@host:port/database, with the special characters of the password ' +
      'percent-encoded: @ is %40, / is %2F, : is %3A, % is %25.',
  )
}
