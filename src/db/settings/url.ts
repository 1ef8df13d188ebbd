import type { FdwsyncError } from '../../core/errors.ts'
import { usageError } from './usage.ts'

/** A connection URL taken apart: parameters under libpq's names, `host` and `password` for instance. */
export type Parameters = ReadonlyMap<string, string>

const scheme = /^postgres(?:ql)?:\/\//

/**
 * Takes `postgresql://user:password@host:port/database?parameter=value` apart by libpq's rules. No message shows any
 * part of the URL: where it is malformed, any part of it could be the password.
 */
export function parseUrl(url: string): Parameters {
  if (!scheme.test(url)) throw malformed('it does not start with postgresql://')
  const text = url.replace(scheme, '')
  const slash = text.indexOf('/')
  const at = text.indexOf('@')
  // A raw `/` or `@` in a password would make a host of what is before or after it, silently.
  if (at !== text.lastIndexOf('@') || (slash !== -1 && slash < at)) {
    throw malformed('it has a character in the wrong place')
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
  if (!match) throw malformed('host and port cannot be told apart')
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
  // JDBC's way to say it, which libpq takes as well.
  if (name === 'ssl' && value === 'true') parameters.set('sslmode', 'require')
  else parameters.set(name, value)
}

/** An empty part is one that was not given. */
function set(parameters: Map<string, string>, name: string, encoded: string): void {
  if (encoded !== '') parameters.set(name, decode(encoded))
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text)
    if (!decoded.includes('\0')) return decoded
  } catch {
    // A URIError says nothing that may be shown.
  }
  throw malformed('something in it is not percent-encoded as it should be')
}

function malformed(why: string): FdwsyncError {
  return usageError(
    `the database URL is malformed: ${why}`,
    'It reads postgresql://user:password@host:port/database, with every special character of the password ' +
      'percent-encoded: @ is %40, / is %2F, : is %3A, % is %25.',
  )
}
