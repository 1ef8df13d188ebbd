// A throwaway PostgreSQL server for the demo and the tests.

import { randomBytes } from 'node:crypto'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Binaries } from './binaries.ts'
import { runFolder, runnableBin, serverFolder } from './folders.ts'
import {
  freePort,
  killPostmaster,
  type Postmaster,
  type PostmasterSettings,
  removeSharedMemory,
  StartFailure,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { runToEnd, until } from './processes.ts'
import { verifierOf } from './scram.ts'

export { type Binaries, findBinaries, hasLibrary } from './binaries.ts'

/** Parts of a connection URL that differ from the server's own. */
export interface UrlOverrides {
  readonly user?: string
  readonly password?: string
  readonly host?: string
  readonly port?: number
  /** The part after the question mark, for example `{ sslmode: 'disable' }`. */
  readonly parameters?: Readonly<Record<string, string>>
}

export interface ThrowawayServerOptions {
  readonly binaries: Binaries
  /** Appended to postgresql.conf, after the settings of `configure`. ALTER SYSTEM overrides them. */
  readonly settings?: Readonly<Record<string, string>>
  /** Lines of pg_hba.conf. Without them, every role may connect from this machine with its password. */
  readonly hba?: readonly string[]
}

/** A PostgreSQL server that does not outlive this process, however that ends. */
export interface ThrowawayServer {
  readonly major: number
  readonly host: '127.0.0.1'
  readonly port: number
  /** Its superuser. */
  readonly user: 'postgres'
  readonly password: string
  readonly socketDirectory: string
  readonly dataDirectory: string
  readonly logFile: string
  /** The process id of the postmaster. It changes with a restart. */
  readonly pid: number
  url(database?: string, overrides?: UrlOverrides): string
  /** Also removes its folder. */
  stop(): Promise<void>
  /** Sends SIGKILL to all of its processes. The data stay, and `restart` recovers them. */
  kill(): Promise<void>
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>
}

const host = '127.0.0.1'
const user = 'postgres'
const templates = new Map<string, Promise<Template>>()

/** An empty cluster that is copied, so that its servers have one password. */
interface Template {
  readonly folder: string
  readonly password: string
}

/** Starts a server with an empty cluster of its own. */
export async function startThrowawayServer(options: ThrowawayServerOptions): Promise<ThrowawayServer> {
  const bin = runnableBin(options.binaries)
  const template = await templateOf(bin)
  const { password } = template
  const folder = serverFolder()
  const dataDirectory = join(folder, 'data')
  await runToEnd(folder, 'cp', ['-R', template.folder, dataDirectory])
  configure(dataDirectory, options)

  const common = { bin, dataDirectory, logFile: join(folder, 'postgresql.log') }
  const { settings, ...started } = await startOnFreePort(common).catch((error) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  let postmaster = started.postmaster
  let stopping: Promise<void> | undefined

  async function stop(): Promise<void> {
    await stopPostmaster(postmaster, 'immediate')
    removeSharedMemory(dataDirectory)
    rmSync(folder, { recursive: true, force: true })
  }

  return {
    major: options.binaries.major,
    host,
    port: settings.port,
    user,
    password,
    socketDirectory: folder,
    dataDirectory,
    logFile: settings.logFile,
    get pid() {
      return postmaster.pid
    },
    url: (database, overrides) => url(database, { password, port: settings.port, ...overrides }),
    stop: () => {
      stopping ??= stop()
      return stopping
    },
    kill: () => killPostmaster(postmaster),
    restart: async () => {
      if (stopping) throw new Error('the server was stopped and its data were removed')
      await stopPostmaster(postmaster, 'fast')
      await until(`port ${settings.port}`, () => freePort(settings.port))
      postmaster = await startPostmaster(settings)
    },
  }
}

async function startOnFreePort(
  common: Omit<PostmasterSettings, 'port'>,
): Promise<{ settings: PostmasterSettings; postmaster: Postmaster }> {
  return await until('a free port', async () => {
    const port = await freePort()
    if (port === undefined) return undefined
    const settings = { ...common, port }
    try {
      return { settings, postmaster: await startPostmaster(settings) }
    } catch (error) {
      if (error instanceof StartFailure && error.isPortTaken) return undefined
      throw error
    }
  })
}

/** initdb takes half a second; copying its result takes some milliseconds. */
function templateOf(bin: string): Promise<Template> {
  const template = templates.get(bin) ?? initialise(bin, join(runFolder(), `template${templates.size}`))
  templates.set(bin, template)
  return template
}

async function initialise(bin: string, folder: string): Promise<Template> {
  await runToEnd(dirname(folder), join(bin, 'initdb'), [
    '-D',
    folder,
    `--username=${user}`,
    // The server is not started before `configure` has replaced pg_hba.conf.
    '--auth=trust',
    '--encoding=UTF8',
    `--locale=${process.platform === 'linux' ? 'C.UTF-8' : 'C'}`,
    '--no-sync',
    // The smallest segments, because the cluster is copied, often in memory.
    '--wal-segsize=1',
  ])
  const password = randomBytes(12).toString('hex')
  await setPassword(bin, folder, password)
  return { folder, password }
}

/** In single-user mode: a running server might log the statement. */
function setPassword(bin: string, dataDirectory: string, password: string): Promise<void> {
  const statement = `ALTER ROLE ${user} PASSWORD '${verifierOf(password)}'\n`
  return runToEnd(dataDirectory, join(bin, 'postgres'), ['--single', '-D', dataDirectory, 'postgres'], statement)
}

function configure(dataDirectory: string, { settings, hba }: ThrowawayServerOptions): void {
  const all: Readonly<Record<string, string>> = {
    listen_addresses: host,
    unix_socket_directories: dirname(dataDirectory),
    max_connections: '100',
    // The data need not survive a crash of the machine. They must survive `kill`, so synchronous_commit stays on.
    fsync: 'off',
    full_page_writes: 'off',
    max_wal_size: '256MB',
    // In the data directory, so that a killed server leaves nothing behind elsewhere.
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
  appendFileSync(join(dataDirectory, 'postgresql.conf'), lines.join(''))
  const rules = hba ?? ['local all all scram-sha-256', `host all,replication all ${host}/32 scram-sha-256`]
  writeFileSync(join(dataDirectory, 'pg_hba.conf'), rules.map((rule) => `${rule}\n`).join(''))
}

function url(database = 'postgres', overrides: UrlOverrides): string {
  const target = { user, password: '', host, port: 5432, parameters: {}, ...overrides }
  const query = new URLSearchParams(target.parameters).toString()
  const authority = `${encodeURIComponent(target.user)}:${encodeURIComponent(target.password)}@${target.host}`
  return `postgresql://${authority}:${target.port}/${encodeURIComponent(database)}${query && `?${query}`}`
}
