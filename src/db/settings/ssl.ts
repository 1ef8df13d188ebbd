import { Secret } from '../../core/secret.ts'
import type { ConnectionFiles } from './files.ts'
import { usageError } from './usage.ts'

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** libpq's `sslmode`. */
export type SslMode = (typeof modes)[number]

/**
 * How the connection is encrypted, with libpq's meaning of each mode: `allow` tries without TLS first, `prefer` with it
 * first, neither looks at the certificate; `require` insists on TLS and checks the certificate only if there is a root
 * certificate; `verify-ca` checks it; `verify-full` checks the host's name in it too.
 */
export interface SslSettings {
  readonly mode: SslMode
  /** PEM text, or `system` for the authorities that come with Node. */
  readonly rootCertificate?: string
  readonly certificate?: string
  readonly key?: Secret
  readonly keyPassword?: Secret
  /** `direct` starts with TLS instead of asking for it: PostgreSQL 17 and later. */
  readonly negotiation: 'postgres' | 'direct'
}

type Lookup = (parameter: string) => string | undefined

/** Reads the ssl parameters and the files that they name. `home` is where libpq keeps its default files. */
export function sslSettings(lookup: Lookup, home: string | undefined, files: ConnectionFiles): SslSettings {
  const rootPath = lookup('sslrootcert')
  const mode = readMode(lookup('sslmode') ?? (rootPath === 'system' ? 'verify-full' : 'prefer'))
  if (mode === 'disable') return { mode, negotiation: 'postgres' }
  const negotiation = readNegotiation(lookup('sslnegotiation'), mode)
  const rootCertificate =
    rootPath === 'system' ? rootPath : readPem(rootPath, home && `${home}/.postgresql/root.crt`, files)
  if (rootCertificate === undefined && mode.startsWith('verify')) {
    throw usageError(
      `sslmode ${mode} needs a root certificate to check the server's by`,
      'Name its file with sslrootcert (or PGSSLROOTCERT); "system" takes the well-known authorities.',
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
  if (!mode) throw usageError(`sslmode "${text}" is unknown`, `It is one of ${modes.join(', ')}.`)
  return mode
}

function readNegotiation(text: string | undefined, mode: SslMode): 'postgres' | 'direct' {
  if (text === undefined || text === 'postgres') return 'postgres'
  if (text !== 'direct') throw usageError(`sslnegotiation "${text}" is unknown`, 'It is postgres or direct.')
  // As in libpq: a server that knows no TLS could not answer, so a weaker mode would have nothing to fall back to.
  if (mode === 'allow' || mode === 'prefer') {
    throw usageError(
      'sslnegotiation direct needs a stronger sslmode',
      'Set sslmode to require, verify-ca or verify-full.',
    )
  }
  return text
}

/** A file that was asked for must be there; libpq's default one may be. */
function readPem(path: string | undefined, byDefault: string | undefined, files: ConnectionFiles): string | undefined {
  if (path === undefined) return byDefault === undefined ? undefined : files.readFile(byDefault)
  const text = files.readFile(path)
  if (text === undefined)
    throw usageError(`cannot read the certificate or key ${path}`, 'Check the path and who may read it.')
  return text
}
