import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import pg from 'pg'
import { inject } from 'vitest'
import { pairOf } from './pair.ts'
import type { ServerPair, TestServer } from './provided.ts'

export type { ServerPair, TestServer } from './provided.ts'

/** A database of one test file. */
export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Throws out whoever is still connected. */
  drop(): Promise<void>
}

/** A source and a target for every major of this run. */
export function pairs(): readonly ServerPair[] {
  return inject('serverPairs')
}

/** The oldest source with the newest target, and the other way round. Empty when the run has only one major. */
export function mixedPairs(): readonly ServerPair[] {
  const sorted = pairs().toSorted((one, other) => one.major - other.major)
  const [oldest, newest] = [sorted.at(0), sorted.at(-1)]
  if (!oldest || !newest || oldest.major === newest.major) return []
  return [pairOf(oldest.source, newest.target), pairOf(newest.source, oldest.target)]
}

/** Makes a database that nobody else uses: an empty one, or a copy of another database of that server. */
export async function createDatabase(
  server: TestServer,
  options: { readonly template?: string } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = pg.escapeIdentifier(options.template ?? 'template0')
  // Since 15 the default is to log each block, which takes several times as long.
  const strategy = server.major >= 15 ? ' STRATEGY file_copy' : ''
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${template}${strategy}`)
  return { name, url: urlOf(server, name), drop: () => administer(server, `DROP DATABASE ${name} WITH (FORCE)`) }
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

const administrators = new Map<string, Promise<pg.Client>>()

/** One after the other, on one connection. */
async function administer({ url }: TestServer, statement: string): Promise<void> {
  const administrator = administrators.get(url) ?? connectForGood(url)
  const done = administrator.then((client) => client.query(statement))
  const next = done.then(
    () => administrator,
    () => administrator,
  )
  administrators.set(url, next)
  await done
}

/** A connection that does not keep this process from ending. */
async function connectForGood(url: string): Promise<pg.Client> {
  const client = await connect(url)
  const { stream } = client.connection
  if (stream instanceof Socket) stream.unref()
  return client
}
