// Opens a connection with the driver, trying TLS in the order that `sslmode` asks for.

import { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Client } from 'pg'
import { isServerError } from './database-error.ts'
import type { SslSettings } from './settings/ssl.ts'
import type { ConnectionSettings } from './settings.ts'
import { valueParsers } from './value-parsers.ts'

/** The options that differ between connections with the same settings. */
export interface ClientOptions {
  readonly applicationName: string
  /** Command-line options for the server process, including those of the settings. */
  readonly options: string | undefined
  /** Ends the attempt to connect. Has no effect on an open connection. */
  readonly signal: AbortSignal
}

/** A client of the driver, and what a cancel request needs to reach the same server. */
export interface OpenClient {
  readonly client: Client
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string }
  readonly tls: ConnectionOptions | undefined
}

/** Identifies the server process in a cancel request. The server sends it when the connection opens. */
export interface CancelKey {
  readonly processID: number
  readonly secretKey: number
}

export function cancelKey(client: Client): CancelKey {
  // The driver has both properties, but its types omit them.
  return client as unknown as CancelKey
}

/** The server asked for a password, and none is configured. */
export class NoPasswordError extends Error {}

/** Settings whose server has turned out to have no TLS. Each attempt to use it takes a connection of its own. */
const withoutTls = new WeakSet<ConnectionSettings>()

/** Connects, with or without TLS in the order that sslmode asks for. Throws the driver's error of the last attempt. */
export async function openClient(settings: ConnectionSettings, options: ClientOptions): Promise<OpenClient> {
  const attempts = tlsAttempts(settings)
  for (const [index, tls] of attempts.entries()) {
    try {
      return await attempt(settings, options, tls)
    } catch (error) {
      if (index === attempts.length - 1 || options.signal.aborted || !mayDependOnTls(error)) throw error
      if (error instanceof Error && /server does not support SSL/.test(error.message)) withoutTls.add(settings)
    }
  }
  throw new Error('sslmode gave no attempts')
}

function tlsAttempts(settings: ConnectionSettings): readonly (ConnectionOptions | undefined)[] {
  const { mode } = settings.ssl
  // As in libpq, sslmode has no meaning for a Unix socket.
  if (mode === 'disable' || settings.host.startsWith('/')) return [undefined]
  const tls = tlsOptions(settings.ssl)
  if (mode === 'allow') return [undefined, tls]
  if (mode !== 'prefer') return [tls]
  return withoutTls.has(settings) ? [undefined, tls] : [tls, undefined]
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

/** pg_hba.conf may admit only encrypted connections, or only unencrypted ones, and a server may not support TLS. */
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
  // Loaded on demand: commands that do not connect, such as `fdwsync validate`, start faster.
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
  // Without a listener, an error between two queries would end the process.
  client.on('error', () => {})
  try {
    await withAbort(client, options.signal, () => client.connect())
  } catch (error) {
    client.connection.stream.destroy()
    throw error
  }
  return { client, address: addressOf(client, settings), tls }
}

/** Runs a part of opening a connection. The signal cuts the connection, which ends the work. */
export async function withAbort<T>(client: Client, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const abort = () => client.connection.stream.destroy(new Error('deadline'))
  signal.addEventListener('abort', abort)
  try {
    return await work()
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The resolved address: a host name may have several, and only the connected server can cancel the statement. */
function addressOf(client: Client, settings: ConnectionSettings): OpenClient['address'] {
  if (settings.host.startsWith('/')) return { path: `${settings.host}/.s.PGSQL.${settings.port}` }
  const { stream } = client.connection
  const host = (stream instanceof Socket && stream.remoteAddress) || settings.host
  return { host, port: settings.port }
}
