import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { openSession } from '../db/session.ts'
import { connectionSettings } from '../db/settings.ts'
import { packageFolder } from './package-folder.ts'
import { type Binaries, startThrowawayServer, type ThrowawayServer } from './server/server.ts'

/** The demo's two databases, each on a server of its own: the source and the target. */
export type DatabaseName = 'shop' | 'analytics'

export type Row = Readonly<Record<string, unknown>>

/** Two servers with what the demo needs on them. */
export interface Stage {
  readonly major: number
  /** Of the command: it leads to the target, and the variables that the manifest names lead to the source. */
  readonly env: NodeJS.ProcessEnv
  /** Runs SQL and returns the rows of the last statement. */
  query(database: DatabaseName, text: string): Promise<readonly Row[]>
  switchOff(database: DatabaseName): Promise<void>
  switchOn(database: DatabaseName): Promise<void>
  /** Stops both servers and removes their folders. */
  strike(): Promise<void>
}

/** Starts the servers and loads the example's shop into the source. */
export async function setStage(binaries: Binaries): Promise<Stage> {
  const started: ThrowawayServer[] = []
  const strike = async () => {
    await Promise.all(started.map((server) => server.stop()))
  }
  const start = async () => {
    const server = await startThrowawayServer({ binaries })
    started.push(server)
    return server
  }
  try {
    const [shop, analytics] = await Promise.all([start(), start()]).catch((error) => startFailure(error, binaries))
    const servers = { shop, analytics }
    const password = randomBytes(12).toString('hex')
    await createDatabases(servers, password)
    return {
      major: binaries.major,
      env: environment(servers, password),
      query: (database, text) => runSql(servers[database].url(database), text),
      switchOff: (database) => servers[database].kill(),
      switchOn: (database) => servers[database].restart(),
      strike,
    }
  } catch (error) {
    await strike()
    throw error
  }
}

function startFailure(error: unknown, { bin }: Binaries): never {
  throw new FdwsyncError({
    code: 'demo/no-server',
    message: `the demo's servers did not start: ${error instanceof Error ? error.message : String(error)}`,
    hint: `Their programs are those in ${bin}`,
  })
}

type Servers = Readonly<Record<DatabaseName, ThrowawayServer>>

async function createDatabases({ shop, analytics }: Servers, password: string): Promise<void> {
  const source = await readFile(join(packageFolder(), 'examples/shop/source.sql'), 'utf8')
  const createTarget = runSql(analytics.url(), 'CREATE DATABASE analytics')
  await runSql(shop.url(), 'CREATE DATABASE shop')
  await runSql(shop.url('shop'), source)
  await runSql(shop.url(), `CREATE ROLE shop_reader LOGIN PASSWORD '${password}' IN ROLE pg_read_all_data`)
  await createTarget
}

function environment({ shop, analytics }: Servers, password: string): NodeJS.ProcessEnv {
  // The user's own connection must not have a say.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|SHOP_)/.test(name))
  return {
    ...Object.fromEntries(inherited),
    DATABASE_URL: analytics.url('analytics'),
    SHOP_HOST: shop.host,
    SHOP_PORT: String(shop.port),
    SHOP_PASSWORD: password,
  }
}

/** A session for each text: the source's server goes off and on between them. */
async function runSql(url: string, text: string): Promise<readonly Row[]> {
  const settings = connectionSettings({ database: url, env: {}, readFile: () => undefined })
  const session = await openSession(settings, { purpose: 'demo' })
  try {
    return await session.query<Row>(trusted(text))
  } finally {
    await session.close()
  }
}
