// TLS settings, with libpq's parameters and their meaning.

import { Secret } from '../../core/secret.ts'
import type { ConnectionFiles } from './files.ts'
import { settingsError } from './settings-error.ts'

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** libpq's `sslmode`. */
export type SslMode = (typeof modes)[number]

/**
 * How the connection is encrypted. `allow` tries without TLS first and `prefer` with TLS first; neither checks the
 * certificate. `require` requires TLS, and checks the certificate only if a root certificate is set. `verify-ca` checks
 * the certificate, and `verify-full` also the host name in it.
 */
export interface SslSettings {
  readonly mode: SslMode
  /** PEM text, or `system` for the authorities that Node includes. */
  readonly rootCertificate?: string
  readonly certificate?: string
  readonly key?: Secret
  readonly keyPassword?: Secret
  /** `direct` starts TLS without negotiation, which needs PostgreSQL 17 or later. */
  readonly negotiation: 'postgres' | 'direct'
}

type Lookup = (parameter: string) => string | undefined

/** Reads the TLS parameters and their files. The default files are below `home`, as for libpq. */
export function sslSettings(lookup: Lookup, home: string | undefined, files: ConnectionFiles): SslSettings {
  const rootPath = lookup('sslrootcert')
  const mode = readMode(lookup('sslmode') ?? (rootPath === 'system' ? 'verify-full' : 'prefer'))
  if (mode === 'disable') return { mode, negotiation: 'postgres' }
  const negotiation = readNegotiation(lookup('sslnegotiation'), mode)
  const rootCertificate =
    rootPath === 'system' ? rootPath : readPem(rootPath, home && `${home}/.postgresql/root.crt`, files)
  if (rootCertificate === undefined && mode.startsWith('verify')) {
    throw settingsError(
      `sslmode ${mode} needs a root certificate to verify the server`,
      'Name its file with sslrootcert (or PGSSLROOTCERT); "system" selects the well-known authorities.',
    )
  }
  const certificate = readPem(lookup('sslcert'), home && `${home}/.postgresql/postgresql.crt`, files)
  const key = certificate && readPem(lookup('sslkey'), home && `${home}/.postgresql/postgresql.key`, files)
  const keyPassword = lookup('sslpassword')
  return {
    mode,
    negotiation,
    ...(rootCertificate !== undefined && { rootCertificate }),
    ...(certificate !== undefined && { certificate }),
    ...(key && { key: new Secret(key) }),
    ...(keyPassword !== undefined && { keyPassword: new Secret(keyPassword) }),
  }
}

function readMode(text: string): SslMode {
  const mode = modes.find((each) => each === text)
  if (!mode) throw settingsError(`unknown sslmode "${text}"`, `Use one of ${modes.join(', ')}.`)
  return mode
}

function readNegotiation(text: string | undefined, mode: SslMode): 'postgres' | 'direct' {
  if (text === undefined || text === 'postgres') return 'postgres'
  if (text !== 'direct') throw settingsError(`unknown sslnegotiation "${text}"`, 'Use postgres or direct.')
  // As in libpq. With direct TLS there is no fallback to an unencrypted connection, which these modes rely on.
  if (mode === 'allow' || mode === 'prefer') {
    throw settingsError(
      'sslnegotiation direct needs a stronger sslmode',
      'Set sslmode to require, verify-ca or verify-full.',
    )
  }
  return text
}

/** A configured file must exist; libpq's default file need not. */
function readPem(path: string | undefined, byDefault: string | undefined, files: ConnectionFiles): string | undefined {
  if (path === undefined) return byDefault === undefined ? undefined : files.readFile(byDefault)
  const text = files.readFile(path)
  if (text === undefined)
    throw settingsError(`cannot read the certificate or key ${path}`, 'Check the path and its permissions.')
  return text
}
