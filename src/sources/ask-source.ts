// Asks one source for all that is imported from it.
//
// PostgreSQL does the import itself: IMPORT FOREIGN SCHEMA into a scratch schema, which is read like any other
// schema, in a transaction that is always rolled back. The session is used for nothing else, because a source that
// does not answer may cost it its connection.

import { randomBytes } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { ident, literal, sql, statement, trusted } from '../core/sql.ts'
import { withDeadline } from '../db/cancellation.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import { evaluationReason } from '../introspector/evaluation/evaluation.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import type { Answer, SourceFailure, SourceState } from './answers.ts'
import { type ExpressionOption, optionsToTurnOff } from './import-options.ts'
import { type ImportRun, importStatement } from './import-tables.ts'
import { createMissingPrerequisites } from './prerequisites.ts'
import { emptyAnswer, readImport, readImportState } from './read-import.ts'
import { reasonOf } from './reasons.ts'
import { forbiddenCode, type ServerContext } from './server-context.ts'
import { type ServerSetup, secretsOf, serverSetup } from './server-setup.ts'

export interface AskOptions {
  readonly context: ServerContext
  readonly user: string
  readonly serverVersion: number
  readonly connect: (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
  /** How long connecting to the source may take. */
  readonly timeoutMilliseconds: number
  /** Whether the password of a new user mapping may be recorded by the server, which logs nested statements. */
  readonly mayExpose?: boolean
}

const importMilliseconds = 300_000

/** The answers, in the order of the requests. */
export function askSource(
  options: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
): Promise<readonly Answer[]> {
  return askEach(options, server, requests, { empty: emptyAnswer, read: readImport })
}

/** Asks only for the state of each answer, which is faster. */
export function askSourceState(
  options: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
): Promise<readonly (SourceState | SourceFailure)[]> {
  const empty: SourceState = { status: 'state', state: emptyAnswer.state }
  return askEach(options, server, requests, { empty, read: readImportState })
}

interface Question<Result> {
  /** The answer to a request that is limited to no tables. The source is not connected to for that. */
  readonly empty: Result
  read(run: ImportRun, request: ImportRequest): Promise<Result>
}

async function askEach<Result>(
  options: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
  question: Question<Result>,
): Promise<readonly (Result | SourceFailure)[]> {
  const { context, user } = options
  const scratch = `fdwsync_import_${randomBytes(6).toString('hex')}`
  const found = serverSetup(context, server, user, scratch)
  const setup = found && withConnectTimeout(found, options)
  if (!setup) {
    const hint = `Declare it: servers: { ${server}: … }, or name a server that exists in the database.`
    return requests.map(() => ({ status: 'rejected', reason: `server ${ident(server)} does not exist`, hint }))
  }
  const answers: (Result | SourceFailure)[] = []
  try {
    const session = await options.connect('import', secretsOf(setup))
    try {
      const run: ImportRun = { session, context, setup, scratch, server, off: [] }
      await begin(run, options)
      for (const request of requests) answers.push(await answer(run, options, request, question))
    } finally {
      await session.close()
    }
    return answers
  } catch (error) {
    // The answers from before the connection was lost are valid.
    const failure = failureOf(error)
    return requests.map((_, at) => answers[at] ?? failure)
  }
}

/**
 * Before PostgreSQL 16, only this setting ends the wait for a source that never answers. Until then the backend keeps
 * the locks of its transaction, even if the client has disconnected.
 */
function withConnectTimeout(setup: ServerSetup, { serverVersion, timeoutMilliseconds }: AskOptions): ServerSetup {
  const { name, wrapper, options, statements } = setup
  if (serverVersion >= 160000 || wrapper !== 'postgres_fdw') return setup
  if (statements.length === 0 || Object.hasOwn(options, 'connect_timeout')) return setup
  const seconds = literal(String(Math.max(Math.ceil(timeoutMilliseconds / 1000), 2)))
  const limit = statement(sql`ALTER SERVER ${ident(name)} OPTIONS (ADD connect_timeout ${seconds})`)
  return { ...setup, statements: [...statements, limit] }
}

async function begin(run: ImportRun, { mayExpose }: AskOptions): Promise<void> {
  const { session, context, setup, scratch } = run
  await session.run(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: 3000, limitMilliseconds: planLimits })}; ${readingPath}; CREATE SCHEMA ${ident(scratch)}`,
  )
  await createMissingPrerequisites(session, context, scratch)
  await session.run(readingPath)
  if (secretsOf(setup).length > 0) {
    const exposing = await turnOffExposure(session)
    if (exposing.length > 0 && !mayExpose) {
      const settings = exposing.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
      throw new FdwsyncError({
        code: 'secret/exposed',
        message: `this server records nested statements, so the password of a new user mapping would be recorded: ${settings}`,
        hint: 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
      })
    }
  }
  await refuseEvaluation(run)
  for (const statement of setup.statements) await session.execute(statement)
}

/** An import creates foreign tables, for which the validator of their wrapper is called. */
async function refuseEvaluation({ session, context, setup }: ImportRun): Promise<void> {
  const forbidden = await forbiddenCode(session, context)
  const validator = forbidden?.validators.wrappers.get(setup.wrapper)
  if (validator === undefined) return
  throw new FdwsyncError({ code: 'object/evaluates-code', message: evaluationReason([validator]) })
}

async function answer<Result>(
  run: ImportRun,
  { timeoutMilliseconds }: AskOptions,
  request: ImportRequest,
  { empty, read }: Question<Result>,
): Promise<Result | SourceFailure> {
  const { session, server, setup } = run
  if (request.copiesTypes && setup.wrapper !== 'postgres_fdw') {
    const reason = `types can be copied only through postgres_fdw, and server ${ident(server)} uses ${setup.wrapper}`
    return { status: 'rejected', key: 'types', reason, hint: 'Declare the types below "types" of their schema.' }
  }
  if (request.limitTo?.length === 0) return empty
  await session.run(trusted('SAVEPOINT request'))
  try {
    const connecting = `connecting to the source of server ${server}`
    const off = await withDeadline(session, timeoutMilliseconds, connecting, () => reach(run, request))
    return await withDeadline(session, importMilliseconds, 'importing', () => read({ ...run, off }, request))
  } catch (error) {
    if (session.isLost()) throw error
    // HV00Q: the source has no such schema. HV00P: the wrapper does not support IMPORT FOREIGN SCHEMA.
    const isRejected = isDatabaseError(error) && ['HV00Q', 'HV00P'].includes(error.sqlstate)
    return isRejected ? { status: 'rejected', ...reasonOf(error) } : failureOf(error)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO request'))
  }
}

const invalidOption = 'HV00D'

/** Connects, and finds out whether the schema exists. Returns the options that the wrapper accepts. */
async function reach(run: ImportRun, request: ImportRequest): Promise<readonly ExpressionOption[]> {
  const { session, setup, scratch } = run
  // No table has this name.
  const nothing = sql`LIMIT TO (${ident(`${scratch}_nothing`)})`
  const [first = [], ...others] = optionsToTurnOff(setup.wrapper)
  for (let off = first; ; ) {
    try {
      await session.run(importStatement({ ...run, off }, request, nothing))
      return off
    } catch (error) {
      const next = others.shift()
      if (!next || !isDatabaseError(error) || error.sqlstate !== invalidOption) throw error
      await session.run(trusted('ROLLBACK TO request'))
      off = next
    }
  }
}

function failureOf(error: unknown): SourceFailure {
  if (isDatabaseError(error)) return { status: 'unanswered', ...reasonOf(error) }
  if (!(error instanceof FdwsyncError)) throw error
  const hint = error.problems.flatMap((problem) => problem.hint ?? []).join(' ')
  return { status: 'unanswered', reason: error.message, hint }
}
