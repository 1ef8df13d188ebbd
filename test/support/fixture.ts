// What a test needs from the servers: a source, a target, the variables that connect them, roles, clients. Everything is dropped
// when the test is over, except a source that several tests share, which its creator drops.

import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { connect, createDatabase, runSql, type TestDatabase, urlOf } from '../servers/databases.ts'
import type { ServerPair, TestServer } from '../servers/provided.ts'
import { type Environment, manifestOf } from './fdwsync.ts'

export interface TestRole {
  readonly user: string
  readonly password: string
  /** The URL of the target, as this role. */
  readonly url: string
}

/** A target of one test and the source that its foreign tables refer to. */
export interface Fixture {
  readonly pair: ServerPair
  readonly source: TestDatabase
  readonly target: TestDatabase
  readonly url: string
  /** The variables with which a manifest refers to the source. */
  readonly env: Environment
  /** Runs SQL on the target as its superuser and returns the rows of the last statement. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  /** A client of the target. */
  client(): Promise<pg.Client>
  /** Creates a role that can log in. */
  role(attributes?: string): Promise<TestRole>
  manifest(text: string, env?: Environment): Promise<ParsedManifest>
}

const ordersAndCustomers = `
  CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2) NOT NULL, note text);
  INSERT INTO orders SELECT i, i * 1.5, 'order ' || i FROM generate_series(1, 50) i;
  CREATE TABLE customers (id bigint PRIMARY KEY, name text);
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 10) i`

/** A source of 50 orders and 10 customers, for the tests of a file. */
export async function createSource(pair: ServerPair, text = ordersAndCustomers): Promise<TestDatabase> {
  const source = await createDatabase(pair.source)
  await runSql(source.url, text)
  return source
}

/** The function `gate` lets a query wait until the test lets it go on: see gates.ts. */
const extensionAndGate = `
  CREATE EXTENSION postgres_fdw;
  CREATE FUNCTION public.gate(number int DEFAULT 1) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711, number); RETURN true; END $$`

/** A target that has been prepared with SQL, by default the extension postgres_fdw and the function `gate`. */
export async function fixtureFor(pair: ServerPair, source: TestDatabase, text = extensionAndGate): Promise<Fixture> {
  const target = await createDatabase(pair.target)
  const roles: string[] = []
  onTestFinished(async () => {
    await target.drop()
    for (const name of roles) await runSql(pair.target.url, `DROP ROLE IF EXISTS ${name}`)
  })
  await runSql(target.url, text)
  const env = sourceVariables(pair.source, source.name)
  return {
    pair,
    source,
    target,
    env,
    url: target.url,
    sql: (statements) => runSql(target.url, statements),
    client: () => clientOf(target.url),
    manifest: (manifest, more) => manifestOf(manifest, { ...env, ...more }),
    async role(attributes = '') {
      const user = `role_${randomBytes(5).toString('hex')}`
      const password = randomBytes(8).toString('hex')
      roles.push(user)
      await runSql(target.url, `CREATE ROLE ${user} LOGIN PASSWORD '${password}' ${attributes}`)
      return { user, password, url: urlOf(pair.target, target.name, { user, password }) }
    },
  }
}

/** A source of this test alone, which it may change, and an empty target. */
export async function fixtureWithOwnSource(pair: ServerPair, text: string): Promise<Fixture> {
  const source = await createSource(pair, text)
  onTestFinished(() => source.drop())
  return fixtureFor(pair, source, '')
}

/** A client that is closed when the test is over. */
export async function clientOf(url: string): Promise<pg.Client> {
  const client = await connect(url)
  onTestFinished(async () => {
    await client.end().catch(() => {})
  })
  return client
}

/** The variables with which every manifest of the tests refers to its source. */
export function sourceVariables(source: TestServer, database: string): Environment {
  return {
    SOURCE_HOST: source.foreignHost,
    SOURCE_PORT: String(source.foreignPort),
    SOURCE_DATABASE: database,
    SOURCE_USER: source.user,
    SOURCE_PASSWORD: source.password,
  }
}

/** `{{NAME}}` in a test's SQL is the same variable as `${env:NAME}` in its manifest. */
export function substitute(text: string, env: Environment): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => env[name] ?? '')
}
