// Connection settings, found as libpq finds them: URL, service file, PG* variables, passfile. Details of each are in
// `settings/`.

import { Secret } from '../core/secret.ts'
import type { ConnectionFiles } from './settings/files.ts'
import { checkParameters, environmentVariable } from './settings/parameters.ts'
import { passwordFromFile } from './settings/passfile.ts'
import { serviceParameters } from './settings/service.ts'
import { settingsError, severalHosts } from './settings/settings-error.ts'
import { type SslSettings, sslSettings } from './settings/ssl.ts'
import { parseUrl } from './settings/url.ts'

/** Everything needed to connect. */
export interface ConnectionSettings {
  /** A name, an address, or the folder of a Unix socket, which starts with `/`. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password?: Secret
  /** Why no password was found, shown if the server asks for one. */
  readonly passwordNote?: string
  readonly ssl: SslSettings
  /** Command-line options for the server process (`-c name=value`), from the URL or PGOPTIONS. */
  readonly options?: string
  /** 0 waits forever, as in libpq. */
  readonly connectTimeoutSeconds: number
  /** A role whose ledger is trusted, though the user is neither that role nor a member of it. */
  readonly ledgerOwner?: string
}

/** Where settings are read from. */
export interface SettingsInput extends ConnectionFiles {
  /** The value of `--database`. */
  readonly database?: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const defaultConnectTimeoutSeconds = 10

/**
 * Settings come from the `--database` URL or else DATABASE_URL, then from the service that it or PGSERVICE names, then from
 * the PG* variables, then from libpq's defaults. The one difference to libpq is the default host: `localhost`, since the
 * folder of libpq's default socket depends on how it was compiled.
 * @throws FdwsyncError a usage error, which never shows the password, if a setting is malformed or not supported
 */
export function connectionSettings(input: SettingsInput): ConnectionSettings {
  const lookup = parameterLookup(input)
  const home = input.env.HOME ?? input.env.USERPROFILE
  const host = lookup('host') ?? 'localhost'
  const user = lookup('user') ?? input.env.USER ?? input.env.LOGNAME ?? input.env.USERNAME
  if (user === undefined)
    throw settingsError(
      'no user to connect as',
      'Name the target by --database URL, by DATABASE_URL, or by PGHOST, PGUSER and PGDATABASE.',
    )
  const target = { host, port: readPort(lookup('port')), database: lookup('dbname') ?? user, user }
  if (host.includes(',')) {
    throw severalHosts()
  }
  const options = lookup('options')
  return {
    ...target,
    ...readPassword(lookup, target, home, input),
    ssl: sslSettings(lookup, home, input),
    ...(options !== undefined && { options }),
    connectTimeoutSeconds: readTimeout(lookup('connect_timeout')),
  }
}

/** `user@host:port/database`, for messages; never with the password. */
export function describeConnection(settings: ConnectionSettings): string {
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  return `${settings.user}@${host}:${settings.port}/${settings.database}`
}

/** Finds a parameter by its libpq name. An empty value counts as none. */
function parameterLookup(input: SettingsInput): (parameter: string) => string | undefined {
  const { env } = input
  // An empty --database is an error, such as an unset shell variable, rather than a request for the defaults.
  const url = input.database ?? (env.DATABASE_URL || undefined)
  const fromUrl = url !== undefined ? parseUrl(url) : new Map<string, string>()
  const service = fromUrl.get('service') || env.PGSERVICE
  const fromService = service ? serviceParameters(service, serviceFiles(env), input) : new Map<string, string>()
  checkParameters(fromUrl, fromService, env)
  return (parameter) => {
    const variable = environmentVariable(parameter)
    return fromUrl.get(parameter) || fromService.get(parameter) || (variable && env[variable]) || undefined
  }
}

function serviceFiles(env: SettingsInput['env']): readonly string[] {
  const home = env.HOME ?? env.USERPROFILE
  const own = env.PGSERVICEFILE || (home && `${home}/.pg_service.conf`)
  const common = env.PGSYSCONFDIR && `${env.PGSYSCONFDIR}/pg_service.conf`
  return [own, common].filter((path): path is string => !!path)
}

type Password = Pick<ConnectionSettings, 'password' | 'passwordNote'>

function readPassword(
  lookup: (parameter: string) => string | undefined,
  target: Pick<ConnectionSettings, 'host' | 'port' | 'database' | 'user'>,
  home: string | undefined,
  files: ConnectionFiles,
): Password {
  const given = lookup('password')
  if (given !== undefined) return { password: new Secret(given) }
  const path = lookup('passfile') ?? (home && `${home}/.pgpass`)
  if (!path) return {}
  const { password, note } = passwordFromFile(path, target, files)
  return {
    ...(password !== undefined && { password: new Secret(password) }),
    ...(note !== undefined && { passwordNote: note }),
  }
}

function readPort(text: string | undefined): number {
  if (text === undefined) return 5432
  const port = /^\d+$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535)
    throw settingsError('the port is not a number from 1 to 65535', 'Check the URL and PGPORT.')
  return port
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return defaultConnectTimeoutSeconds
  if (!/^-?\d+$/.test(text))
    throw settingsError('connect_timeout is not a whole number of seconds', 'Check PGCONNECT_TIMEOUT.')
  return Math.max(0, Number(text))
}
