import { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Client } from 'pg'
import { isServerError } from './database-error.ts'
import type { SslSettings } from './settings/ssl.ts'
import type { ConnectionSettings } from './settings.ts'
import { valueParsers } from './value-parsers.ts'

/** What differs between one connection and another with the same settings. */
export interface ClientOptions {
  readonly applicationName: string
  /** Command-line options for the server's process, those of the settings included. */
  readonly options: string | undefined
  /** Ends the attempt. Afterwards it means nothing any more. */
  readonly signal: AbortSignal
}

/** A client of the driver, and what a request to cancel needs to know of it. */
export interface OpenClient {
  readonly client: Client
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string }
  readonly tls: ConnectionOptions | undefined
}

/** What it takes to cancel what the server's process runs: the server has said it when that began. */
export interface CancelKey {
  readonly processID: number
  readonly secretKey: number
}

export function cancelKey(client: Client): CancelKey {
  // The driver keeps both, but its types do not tell.
  return client as unknown as CancelKey
}

/** The server asked for a password, and there is none. */
export class NoPasswordError extends Error {}

/** Connects, with and without TLS in the order that sslmode gives. Throws the driver's error of the last attempt. */
export async function openClient(settings: ConnectionSettings, options: ClientOptions): Promise<OpenClient> {
  const attempts = tlsAttempts(settings)
  for (const [index, tls] of attempts.entries()) {
    try {
      return await attempt(settings, options, tls)
    } catch (error) {
      if (index === attempts.length - 1 || options.signal.aborted || !mayDependOnTls(error)) throw error
    }
  }
  throw new Error('an sslmode without attempts')
}

function tlsAttempts(settings: ConnectionSettings): readonly (ConnectionOptions | undefined)[] {
  const { mode } = settings.ssl
  // As in libpq, sslmode means nothing on a Unix socket.
  if (mode === 'disable' || settings.host.startsWith('/')) return [undefined]
  const tls = tlsOptions(settings.ssl)
  if (mode === 'allow') return [undefined, tls]
  return mode === 'prefer' ? [tls, undefined] : [tls]
}

function tlsOptions(ssl: SslSettings): ConnectionOptions {
  const { mode, rootCertificate, certificate, key, keyPassword } = ssl
  const verify = mode.startsWith('verify') || (mode === 'require' && rootCertificate !== undefined)
  return {
    rejectUnauthorized: verify,
    ...(rootCertificate !== undefined && rootCertificate !== 'system' && { ca: rootCertificate }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key && { key: key.reveal() }),
    ...(keyPassword && { passphrase: keyPassword.reveal() }),
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
}

/** pg_hba.conf may let in only encrypted connections, or only others; a server may know no TLS at all. */
function mayDependOnTls(error: unknown): boolean {
  if (isServerError(error)) return error.code === '28000'
  if (!(error instanceof Error) || error instanceof NoPasswordError) return false
  const code = 'code' in error ? String(error.code) : ''
  return /SSL/.test(error.message) || /^(EPROTO|ERR_SSL|ERR_TLS)/.test(code)
}

async function attempt(
  settings: ConnectionSettings,
  options: ClientOptions,
  tls: ConnectionOptions | undefined,
): Promise<OpenClient> {
  // Loaded only when something connects: `fdwsync validate` should not wait for it.
  const { default: pg } = await import('pg')
  options.signal.throwIfAborted()
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: () => {
      if (!settings.password) throw new NoPasswordError('no password')
      return settings.password.reveal()
    },
    application_name: options.applicationName,
    ...(options.options !== undefined && { options: options.options }),
    ssl: tls ?? false,
    sslnegotiation: tls ? settings.ssl.negotiation : 'postgres',
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    types: valueParsers,
  })
  // Without a listener, an error while nobody is waiting for an answer would end the process.
  client.on('error', () => {})
  try {
    await withAbort(client, options.signal, () => client.connect())
  } catch (error) {
    client.connection.stream.destroy()
    throw error
  }
  return { client, address: addressOf(client, settings), tls }
}

/** Does some of the work of opening; the signal cuts the connection, which ends the work. */
export async function withAbort<T>(client: Client, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const abort = () => client.connection.stream.destroy(new Error('deadline'))
  signal.addEventListener('abort', abort)
  try {
    return await work()
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A name may stand for several servers, but only the one that this connection goes to can cancel its statement. */
function addressOf(client: Client, settings: ConnectionSettings): OpenClient['address'] {
  if (settings.host.startsWith('/')) return { path: `${settings.host}/.s.PGSQL.${settings.port}` }
  const { stream } = client.connection
  const host = (stream instanceof Socket && stream.remoteAddress) || settings.host
  return { host, port: settings.port }
}
