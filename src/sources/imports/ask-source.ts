// Asks one source for everything that is imported from it.
//
// PostgreSQL does the import itself: IMPORT FOREIGN SCHEMA into a scratch schema, which is read like any other schema, in a transaction
// that is always rolled back. The session is used for nothing else, because a source that does not answer may cost it its connection.

import { ident, type Sql, sql, trusted } from '../../core/sql.ts'
import { cutOnAbort, withDeadline } from '../../db/cancellation.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { reasonOf, reasonOfFailure } from '../reasons.ts'
import {
  type AskOptions,
  inServerSession,
  type PreparedServer,
  prepareServer,
  withDeclaredNames,
} from '../server-session.ts'
import { explainSourceError, isSourceError } from '../source-error.ts'
import { isSilent, type SilenceWatch, whileAnswering } from '../while-answering.ts'
import { type Answer, emptyAnswer, type SourceFailure, type SourceState } from './answers.ts'
import { type ExpressionOption, optionsToTurnOff } from './import-options.ts'
import { type ImportRun, importStatement } from './import-tables.ts'
import { readImport, readImportState } from './read-import.ts'

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
  /** The answer to a request that is limited to no tables, which takes no connection to the source. */
  readonly empty: Result
  read(run: ImportRun, request: ImportRequest): Promise<Result>
}

async function askEach<Result>(
  options: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
  question: Question<Result>,
): Promise<readonly (Result | SourceFailure)[]> {
  const prepared = prepareServer(options, server, [options.user])
  if (!prepared) {
    const hint = `Declare it: servers: { ${server}: … }, or name a server that exists in the database.`
    return requests.map(() => ({ status: 'rejected', reason: `server ${ident(server)} does not exist`, hint }))
  }
  const answers: (Result | SourceFailure)[] = []
  try {
    await inServerSession(options, prepared, async (run) => {
      for (const request of requests) answers.push(await answer({ ...run, off: [] }, options, request, question))
    })
    return answers
  } catch (error) {
    // The answers from before the connection was lost are valid.
    const failure = failureOf(prepared, error)
    return requests.map((_, at) => answers[at] ?? failure)
  }
}

async function answer<Result>(
  run: ImportRun,
  options: AskOptions,
  request: ImportRequest,
  { empty, read }: Question<Result>,
): Promise<Result | SourceFailure> {
  const { session, server, setup } = run
  if (request.copiesTypes && !setup.isPostgresFdw) {
    const reason = `types can be copied only through postgres_fdw, and server ${ident(server)} uses ${setup.wrapper}`
    return { status: 'rejected', key: 'types', reason, hint: 'Declare the types below "types" of their schema.' }
  }
  const unknown = setup.isPostgresFdw ? undefined : chosenKey(request)
  if (unknown) {
    const reason = `relations can be chosen only through postgres_fdw, and server ${ident(server)} uses ${setup.wrapper}`
    return { status: 'rejected', key: unknown, reason, hint: 'Use limit_to or except.' }
  }
  if (request.limitTo?.length === 0) return empty
  await session.run(trusted('SAVEPOINT request'))
  try {
    const connecting = `connecting to the source of server ${server}`
    const off = await withDeadline(session, options.timeoutMilliseconds, connecting, () => reach(run, request))
    const watch = watchAnswers(options, { ...run, off }, request)
    return await withDeadline(session, importMilliseconds, 'importing', () =>
      whileAnswering(session, watch, () => read({ ...run, off }, request)),
    )
  } catch (error) {
    if (session.isLost()) throw error
    // HV00Q: the source has no such schema. HV00P: the wrapper does not support IMPORT FOREIGN SCHEMA.
    const isRejected = isDatabaseError(error) && ['HV00Q', 'HV00P'].includes(error.sqlstate)
    if (!isRejected) return failureOf(run, error)
    const { reason, hint } = reasonOf(error)
    return { status: 'rejected', reason: withDeclaredNames(run, reason), hint }
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO request'))
  }
}

/** Asks the source on other connections for what takes no time: none of its tables. */
function watchAnswers(options: AskOptions, { server, off }: ImportRun, request: ImportRequest): SilenceWatch {
  const { timeoutMilliseconds } = options
  const ask = async (connect: AskOptions['connect']) => {
    // Each time in a scratch schema of its own, since an earlier transaction may still end.
    const prepared = prepareServer(options, server, [options.user])
    if (!prepared) return
    await inServerSession({ ...options, connect }, prepared, (other) =>
      withDeadline(other.session, timeoutMilliseconds, 'asking', () =>
        other.session.run(importStatement({ ...other, off }, request, nothing(other))),
      ),
    )
  }
  const findSilent = async (signal: AbortSignal) => {
    const connect = cutOnAbort(options.connect, signal)
    return (await isSilent(() => ask(connect))) ? server : undefined
  }
  return { timeoutMilliseconds, findSilent, hint: 'Run the command again when it answers.' }
}

/** The key of a mirror that requests other relations than the default. */
function chosenKey({ mirrored }: ImportRequest): 'relations' | 'partitions' | undefined {
  if (mirrored?.isDefault === false) return 'relations'
  return mirrored?.partitions === 'each' ? 'partitions' : undefined
}

/** No table has this name. */
function nothing({ scratch }: PreparedServer): Sql {
  return sql`LIMIT TO (${ident(`${scratch}_nothing`)})`
}

const invalidOption = 'HV00D'

/** Connects, and finds out whether the schema exists. Returns the options that the wrapper accepts. */
async function reach(run: ImportRun, request: ImportRequest): Promise<readonly ExpressionOption[]> {
  const { session, setup } = run
  const [first = [], ...others] = optionsToTurnOff(setup)
  for (let off = first; ; ) {
    try {
      await session.run(importStatement({ ...run, off }, request, nothing(run)))
      return off
    } catch (error) {
      const next = others.shift()
      if (!next || !isDatabaseError(error) || error.sqlstate !== invalidOption) throw error
      await session.run(trusted('ROLLBACK TO request'))
      off = next
    }
  }
}

function failureOf(prepared: PreparedServer, error: unknown): SourceFailure {
  const { reason, hint } = reasonOfFailure(error)
  const isRefusal = isDatabaseError(error) && isSourceError(error) && explainSourceError(error).kind === 'rejected'
  const code = isRefusal ? 'source/rejected' : 'source/unreachable'
  return { status: 'unanswered', code, reason: withDeclaredNames(prepared, reason), hint }
}
