// The two databases of the demo, each on a throwaway server of its own: the source "shop" and the target "analytics".

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { openSession } from '../db/session.ts'
import { connectionSettings } from '../db/settings.ts'
import { copyByDump } from './dump.ts'
import { packageFolder } from './package-folder.ts'
import { type Binaries, startThrowawayServer, type ThrowawayServer } from './server/server.ts'
import type { DemoBinaries } from './usable-binaries.ts'

/** `restored`: only after {@link DemoDatabases.restore}. */
export type DatabaseName = 'shop' | 'analytics' | 'restored'

export type Row = Readonly<Record<string, unknown>>

export interface DemoDatabases {
  /** Of the servers. */
  readonly majors: { readonly source: number; readonly target: number }
  /** The environment of commands: DATABASE_URL names the target, the manifest's variables name the source. */
  envOf(target: DatabaseName): NodeJS.ProcessEnv
  /** Runs SQL and returns the rows of the last statement. */
  query(database: DatabaseName, text: string): Promise<readonly Row[]>
  /** Whether a pg_dump for the target is installed. */
  readonly canRestore: boolean
  /** Starts an empty server, and restores a dump of the target there. */
  restore(): Promise<void>
  /** Kills the server, as a crash would. Its data survive. */
  kill(database: DatabaseName): Promise<void>
  restart(database: DatabaseName): Promise<void>
  /** Stops both servers and removes their folders. */
  stop(): Promise<void>
}

/** Starts the servers and loads the example's shop into the source. */
export async function startDatabases({ source, target, dump }: DemoBinaries): Promise<DemoDatabases> {
  const started: ThrowawayServer[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
  }
  const start = async (binaries: Binaries) => {
    const server = await startThrowawayServer({ binaries }).catch((error) => startFailure(error, binaries))
    started.push(server)
    return server
  }
  try {
    const [shop, analytics] = await Promise.all([start(source), start(target)])
    const servers = new Map<DatabaseName, ThrowawayServer>([
      ['shop', shop],
      ['analytics', analytics],
    ])
    const password = randomBytes(12).toString('hex')
    await createDatabases({ shop, analytics }, password)
    const serverOf = (database: DatabaseName) => servers.get(database) ?? shop
    const urlOf = (database: DatabaseName) => serverOf(database).url(database)
    return {
      majors: { source: source.major, target: target.major },
      envOf: (target) => environment(shop, urlOf(target), password),
      query: (database, text) => runSql(urlOf(database), text),
      kill: (database) => serverOf(database).kill(),
      restart: (database) => serverOf(database).restart(),
      canRestore: dump !== undefined,
      async restore() {
        const restored = await start(target)
        servers.set('restored', restored)
        await runSql(restored.url(), 'CREATE DATABASE restored')
        await copyByDump(dump ?? '', urlOf('analytics'), urlOf('restored'))
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function startFailure(error: unknown, { bin }: Binaries): never {
  throw new FdwsyncError({
    code: 'demo/no-server',
    message: `the demo's servers did not start: ${error instanceof Error ? error.message : String(error)}`,
    hint: `Their programs are in ${bin}.`,
  })
}

type Servers = Readonly<Record<'shop' | 'analytics', ThrowawayServer>>

async function createDatabases({ shop, analytics }: Servers, password: string): Promise<void> {
  const source = await readFile(join(packageFolder(), 'examples/shop/source.sql'), 'utf8')
  const createTarget = runSql(analytics.url(), 'CREATE DATABASE analytics')
  await runSql(shop.url(), 'CREATE DATABASE shop')
  await runSql(shop.url('shop'), source)
  await runSql(shop.url(), `CREATE ROLE shop_reader LOGIN PASSWORD '${password}' IN ROLE pg_read_all_data`)
  await createTarget
}

function environment(shop: ThrowawayServer, target: string, password: string): NodeJS.ProcessEnv {
  // The user's own connection settings must not interfere.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|SHOP_)/.test(name))
  return {
    ...Object.fromEntries(inherited),
    DATABASE_URL: target,
    SHOP_HOST: shop.host,
    SHOP_PORT: String(shop.port),
    SHOP_PASSWORD: password,
  }
}

/** Opens a session for each text, because the source's server is killed and restarted between them. */
async function runSql(url: string, text: string): Promise<readonly Row[]> {
  const settings = connectionSettings({ database: url, env: {}, readFile: () => undefined })
  const session = await openSession(settings, { purpose: 'demo' })
  try {
    return await session.query<Row>(trusted(text))
  } finally {
    await session.close()
  }
}
