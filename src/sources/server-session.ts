// A session in which a server is as declared, even if it does not exist yet or differs. Everything is rolled back.

import { FdwsyncError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { ident, literal, type Statement, sql, statement } from '../core/sql.ts'
import { exposureProblem, turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { evaluationReason } from '../introspector/evaluation/evaluation.ts'
import { beginTrial, readingPath } from '../introspector/transaction-settings.ts'
import { createMissingPrerequisites } from './imports/prerequisites.ts'
import { forbiddenCode, type ServerContext } from './server-context.ts'
import { type ServerSetup, serverSetup } from './server-setup.ts'

export interface AskOptions {
  readonly context: ServerContext
  readonly user: string
  readonly serverVersion: number
  readonly connect: (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
  /** How long connecting to the source may take. */
  readonly timeoutMilliseconds: number
  /** Whether the server, which logs nested statements, may record the secrets of what is new or differs. */
  readonly mayExpose?: boolean
}

export interface PreparedServer {
  readonly setup: ServerSetup
  /** The scratch schema. It is also the name of the server, if a stand-in is asked. */
  readonly scratch: string
  /** The name of the declared server. */
  readonly server: string
}

/** The transaction in which one source is asked. */
export interface ServerSession extends PreparedServer {
  readonly session: Session
  readonly context: ServerContext
}

/**
 * @param roles the roles to connect to the source as
 * @returns undefined if the server is neither declared nor exists
 */
export function prepareServer(
  options: AskOptions,
  server: string,
  roles: readonly string[],
): PreparedServer | undefined {
  const scratch = `fdwsync_import_${newSuffix()}`
  const setup = serverSetup(options.context, server, roles, scratch)
  return setup && { setup: withConnectTimeout(setup, options), scratch, server }
}

/**
 * A message without the names of stand-ins, which mean nothing to a reader.
 * @param schema the schema of the table that the message is about, whose stand-in is in a scratch schema
 */
export function withDeclaredNames({ scratch, server }: PreparedServer, message: string, schema = ''): string {
  return message.replaceAll(new RegExp(`${scratch}_\\d+`, 'g'), () => schema).replaceAll(scratch, () => server)
}

/** Runs `work` in a transaction of its own, which is not committed. @param own the statements of `work` that have secrets */
export async function inServerSession<T>(
  options: AskOptions,
  prepared: PreparedServer,
  work: (run: ServerSession) => Promise<T>,
  own: readonly Statement[] = [],
): Promise<T> {
  const statements = [...prepared.setup.statements, ...own]
  const session = await options.connect(
    'import',
    statements.flatMap(({ secrets }) => secrets),
  )
  try {
    const run: ServerSession = { ...prepared, session, context: options.context }
    await begin(run, options, statements)
    return await work(run)
  } finally {
    await session.close()
  }
}

/**
 * Before PostgreSQL 16, only this setting ends the wait for a source that never answers. Meanwhile the backend keeps the locks of
 * its transaction, even if the client has disconnected.
 */
function withConnectTimeout(setup: ServerSetup, { serverVersion, timeoutMilliseconds }: AskOptions): ServerSetup {
  const { name, isPostgresFdw, options, statements } = setup
  if (serverVersion >= 160000 || !isPostgresFdw) return setup
  if (statements.length === 0 || Object.hasOwn(options, 'connect_timeout')) return setup
  const seconds = literal(String(Math.max(Math.ceil(timeoutMilliseconds / 1000), 2)))
  const limit = statement(sql`ALTER SERVER ${ident(name)} OPTIONS (ADD connect_timeout ${seconds})`)
  return { ...setup, statements: [...statements, limit] }
}

/** @param statements those of the whole transaction */
async function begin(run: ServerSession, { mayExpose }: AskOptions, statements: readonly Statement[]): Promise<void> {
  const { session, context, setup, scratch } = run
  await session.run(sql`${beginTrial(session)}; CREATE SCHEMA ${ident(scratch)}`)
  await createMissingPrerequisites(session, context, scratch)
  await session.run(readingPath)
  const exposing = await turnOffExposure(session, statements)
  if (exposing.length > 0 && !mayExpose) throw new FdwsyncError(exposureProblem(exposing))
  await refuseEvaluation(run)
  for (const statement of setup.statements) await session.execute(statement)
}

/** An import creates foreign tables, for which the validator of their wrapper is called. */
async function refuseEvaluation({ session, context, setup }: ServerSession): Promise<void> {
  const forbidden = await forbiddenCode(session, context)
  const validator = forbidden?.validators.wrappers.get(setup.wrapper)
  if (validator === undefined) return
  throw new FdwsyncError({ code: 'object/evaluates-code', message: evaluationReason([validator]) })
}
