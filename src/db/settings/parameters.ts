// Which of libpq's connection parameters are supported, ignored or refused.

import { settingsError } from './settings-error.ts'
import type { Parameters } from './url.ts'

/** The supported parameters, with the environment variable of each. */
const supported: Readonly<Record<string, string | undefined>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  service: 'PGSERVICE',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslpassword: undefined,
  sslnegotiation: 'PGSSLNEGOTIATION',
}

/** Ignored, since they have no effect here: fdwsync sets its own name, encoding and keepalives. */
const harmless: ReadonlySet<string> = new Set([
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslsni',
  'load_balance_hosts',
  'krbsrvname',
  'gsslib',
])

/** Refused unless the value is a harmless one: ignoring them would weaken what the user asked for. */
const refused: readonly { readonly name: string; readonly variable: string; readonly unless: readonly string[] }[] = [
  { name: 'hostaddr', variable: 'PGHOSTADDR', unless: [] },
  { name: 'target_session_attrs', variable: 'PGTARGETSESSIONATTRS', unless: ['any'] },
  { name: 'channel_binding', variable: 'PGCHANNELBINDING', unless: ['prefer', 'disable'] },
  { name: 'require_auth', variable: 'PGREQUIREAUTH', unless: [] },
  { name: 'gssencmode', variable: 'PGGSSENCMODE', unless: ['prefer', 'disable'] },
  { name: 'sslcrl', variable: 'PGSSLCRL', unless: [] },
  { name: 'sslcrldir', variable: 'PGSSLCRLDIR', unless: [] },
  { name: 'ssl_min_protocol_version', variable: 'PGSSLMINPROTOCOLVERSION', unless: ['TLSv1', 'TLSv1.1', 'TLSv1.2'] },
  { name: 'ssl_max_protocol_version', variable: 'PGSSLMAXPROTOCOLVERSION', unless: ['TLSv1.3'] },
]

/** The PG* variable of a parameter. */
export function environmentVariable(parameter: string): string | undefined {
  return supported[parameter]
}

/** @throws FdwsyncError for a parameter that is unknown to libpq, or refused */
export function checkParameters(
  url: Parameters,
  service: Parameters,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const { name, variable, unless } of refused) {
    const value = url.get(name) || service.get(name) || env[variable]
    if (value && !unless.includes(value)) {
      throw settingsError(
        `the connection parameter ${name} is not supported`,
        `Remove it from the URL, or unset ${variable}.`,
      )
    }
  }
  for (const name of [...url.keys(), ...service.keys()]) {
    const known = Object.hasOwn(supported, name) || harmless.has(name) || refused.some((each) => each.name === name)
    if (!known)
      throw settingsError(`unknown connection parameter "${name}"`, "Use libpq's parameters, for instance sslmode.")
  }
}
