// Databases and connections of tests. Connections are kept for the next use, since to open one takes longer than most queries.

import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import pg from 'pg'
import type { TestServer } from './provided.ts'

export type { ServerPair, TestServer } from './provided.ts'

/** A database of one test file. */
export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Terminates the sessions that are still connected. */
  drop(): Promise<void>
}

/** Creates a database for the caller alone: an empty one, or a copy of another database of that server. */
export async function createDatabase(
  server: TestServer,
  options: { readonly template?: string; readonly encoding?: string } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  if (options.template !== undefined) await endIdle(urlOf(server, options.template))
  const template = pg.escapeIdentifier(options.template ?? 'template0')
  // Since 15 the default is to log each block, which takes several times as long.
  const strategy = server.major >= 15 ? ' STRATEGY file_copy' : ''
  // The locale C goes with every encoding.
  const encoding = options.encoding === undefined ? '' : ` ENCODING '${options.encoding}' LOCALE 'C'`
  await runSql(server.url, `CREATE DATABASE ${name} TEMPLATE ${template}${encoding}${strategy}`)
  const url = urlOf(server, name)
  return {
    name,
    url,
    drop: async () => {
      // The server checks only ten times a second whether the sessions that it terminates are gone.
      await endIdle(url)
      await runSql(server.url, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

/** The server's own URL with another database, and another role if one is given. */
export function urlOf(
  server: TestServer,
  database: string,
  role?: { readonly user: string; readonly password: string },
): string {
  const url = new URL(server.url)
  url.pathname = encodeURIComponent(database)
  if (role) Object.assign(url, { username: encodeURIComponent(role.user), password: encodeURIComponent(role.password) })
  return url.href
}

/** A connected client. The caller ends it. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  // Without a listener, a connection that a test cuts would end the test's whole process.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Runs SQL and returns the rows of the last statement. Settings of its session do not last. */
export async function runSql(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  if (text.trim() === '') return []
  const client = (await idleClient(url)) ?? (await connectForGood(url))
  let isFine = false
  try {
    const result = await client.query(text)
    isFine = client.getTransactionStatus() === 'I'
    const last = Array.isArray(result) ? result.at(-1) : result
    return last?.rows ?? []
  } finally {
    if (isFine) idle.set(url, [...(idle.get(url) ?? []), client])
    else await client.end()
  }
}

const idle = new Map<string, pg.Client[]>()

async function idleClient(url: string): Promise<pg.Client | undefined> {
  const clients = idle.get(url) ?? []
  for (let client = clients.pop(); client; client = clients.pop()) {
    try {
      await client.query('DISCARD ALL')
      return client
    } catch {
      // Its server was killed, or the session was terminated.
    }
  }
  return undefined
}

/** Each ends the connections that it keeps to a database. */
export const keepers: ((url: string) => Promise<void>)[] = [
  async (url) => {
    await Promise.all((idle.get(url) ?? []).splice(0).map((client) => client.end().catch(() => {})))
    idle.delete(url)
  },
]

/** Ends the connections that are kept for later, since settings of a database apply to new ones only. */
export async function endIdle(url: string): Promise<void> {
  await Promise.all(keepers.map((end) => end(url)))
}

/** A connection that does not keep this process from ending. */
async function connectForGood(url: string): Promise<pg.Client> {
  const client = await connect(url)
  const { stream } = client.connection
  if (stream instanceof Socket) stream.unref()
  return client
}
