import { randomBytes } from 'node:crypto'
import { FdwsyncError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { ident, literal, sql, statement, trusted } from '../core/sql.ts'
import { withDeadline } from '../db/cancellation.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/foreign-table.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { type Copied, copyTypes, nothingCopied } from './copy-types.ts'
import { type Run as ImportRun, importedState, importStatement, importTables } from './import-tables.ts'
import { missingTypes, whyNotImported } from './missing-types.ts'
import { type Reason, reasonOf } from './reasons.ts'
import {
  createRemoteCatalog,
  type RemoteIndex,
  remoteColumnNames,
  remoteIndexes,
  remoteTables,
} from './remote-catalog.ts'
import { type RemoteTypes, remoteTypes } from './remote-types.ts'
import { createMissing, type ServerContext, type ServerSetup, secretsOf, serverSetup } from './server-setup.ts'
import { stateOf } from './source-state.ts'

/** What a source said to one import. */
export type Answer = Read | SourceFailure

interface Read {
  readonly status: 'read'
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** Tables that are there but can't be imported, and why. */
  readonly failed: ReadonlyMap<string, Reason>
  readonly indexes: readonly RemoteIndex[]
  readonly copied: Copied
  /** Of tables that failed, where that was asked for. */
  readonly columnNames: ReadonlyMap<string, readonly string[]>
  /** A digest of all that it said, if no table failed. */
  readonly state: string | undefined
}

export type SourceFailure =
  /** The manifest asks for what can't be: another schema is needed, or another wrapper. `key` says what asks for it. */
  ({ readonly status: 'wrong'; readonly key?: string } & Reason) | ({ readonly status: 'unknown' } & Reason)

export interface AskOptions {
  readonly context: ServerContext
  readonly user: string
  readonly serverVersion: number
  readonly connect: (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
  /** How long a source may take to be connected to. */
  readonly timeoutMilliseconds: number
  /** Whether a password may end up in what the server records of nested statements. */
  readonly mayExpose?: boolean
}

const importMilliseconds = 300_000

/** Asks one source for all that is imported from it. */
export function askSource(
  asking: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
): Promise<readonly Answer[]> {
  return askEach(asking, server, requests, { nothing, read })
}

/** Asks for no more than a digest of what {@link askSource} would say: undefined if a table can not be imported. */
export function askSourceState(
  asking: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
): Promise<readonly (SourceState | SourceFailure)[]> {
  return askEach(asking, server, requests, { nothing: { status: 'state', state: nothing.state }, read: readState })
}

export interface SourceState {
  readonly status: 'state'
  readonly state: string | undefined
}

/** What is read of a source, and what of an import that is limited to no table: for that it is not even connected to. */
interface Reading<Result> {
  readonly nothing: Result
  read(run: Run, request: ImportRequest): Promise<Result>
}

/**
 * Asks in a transaction that is rolled back: PostgreSQL imports into a
 * scratch schema, and what came of it is read like any foreign table. It has a connection of its own, since a source that
 * does not answer may be the end of it.
 */
async function askEach<Result>(
  asking: AskOptions,
  server: string,
  requests: readonly ImportRequest[],
  reading: Reading<Result>,
): Promise<readonly (Result | SourceFailure)[]> {
  const scratch = `fdwsync_import_${randomBytes(6).toString('hex')}`
  const found = serverSetup(asking.context, server, asking.user, scratch)
  const setup = found && endingByItself(found, asking)
  if (!setup) {
    const hint = `Declare it: servers: { ${server}: … }, or name one that the database has.`
    return requests.map(() => ({ status: 'wrong', reason: `there is no server ${ident(server)}`, hint }))
  }
  const answers: (Result | SourceFailure)[] = []
  try {
    const session = await asking.connect('import', secretsOf(setup))
    try {
      const run: Run = { session, asking, context: asking.context, setup, scratch, server }
      await begin(run)
      for (const request of requests) answers.push(await answer(run, request, reading))
    } finally {
      await session.close()
    }
    return answers
  } catch (error) {
    // What was answered before the connection was lost stands.
    const unknown = unknownOf(error)
    return requests.map((_, at) => answers[at] ?? unknown)
  }
}

/**
 * Before 16 nothing but this setting ends the wait for a source that never answers, and until then the server holds what
 * the transaction has locked, whether somebody is still connected or not.
 */
function endingByItself(setup: ServerSetup, { serverVersion, timeoutMilliseconds }: AskOptions): ServerSetup {
  const { name, wrapper, options, statements } = setup
  if (serverVersion >= 160000 || wrapper !== 'postgres_fdw') return setup
  if (statements.length === 0 || Object.hasOwn(options, 'connect_timeout')) return setup
  const seconds = literal(String(Math.max(Math.ceil(timeoutMilliseconds / 1000), 2)))
  const limit = statement(sql`ALTER SERVER ${ident(name)} OPTIONS (ADD connect_timeout ${seconds})`)
  return { ...setup, statements: [...statements, limit] }
}

interface Run extends ImportRun {
  readonly asking: AskOptions
  readonly server: string
}

async function begin({ session, asking, context, setup, scratch }: Run): Promise<void> {
  await session.run(sql`BEGIN; SET LOCAL lock_timeout = '3s'; ${readingPath}; CREATE SCHEMA ${ident(scratch)}`)
  await createMissing(session, context, scratch)
  await session.run(readingPath)
  if (secretsOf(setup).length > 0) {
    const left = await turnOffExposure(session)
    if (left.length > 0 && !asking.mayExpose) {
      const settings = left.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
      throw new FdwsyncError({
        code: 'secret/exposed',
        message: `this server records nested statements, so the password of a new user mapping would end up in its records: ${settings}`,
        hint: 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
      })
    }
  }
  for (const statement of setup.statements) await session.execute(statement)
}

const nothing: Read = {
  status: 'read',
  tables: new Map(),
  failed: new Map(),
  indexes: [],
  copied: nothingCopied,
  columnNames: new Map(),
  state: 'nothing',
}

async function answer<Result>(
  run: Run,
  request: ImportRequest,
  { nothing, read }: Reading<Result>,
): Promise<Result | SourceFailure> {
  const { session, asking, server } = run
  if (request.copiesTypes && run.setup.wrapper !== 'postgres_fdw') {
    const reason = `types can be copied through postgres_fdw only, and server ${ident(server)} is of ${run.setup.wrapper}`
    return { status: 'wrong', key: 'types', reason, hint: 'Declare what is needed under types of its schema.' }
  }
  if (request.limitTo?.length === 0) return nothing
  await session.run(trusted('SAVEPOINT request'))
  try {
    // Nothing has that name: this only connects, and finds out whether the schema is there.
    const reach = importStatement(run, request, sql`LIMIT TO (${ident(`${run.scratch}_nothing`)})`)
    const connecting = `connecting to the source of server ${server}`
    await withDeadline(session, asking.timeoutMilliseconds, connecting, () => session.run(reach))
    return await withDeadline(session, importMilliseconds, 'importing', () => read(run, request))
  } catch (error) {
    if (session.isLost()) throw error
    if (!isDatabaseError(error)) return unknownOf(error)
    // No such schema at the source, or the wrapper knows no IMPORT.
    return ['HV00Q', 'HV00P'].includes(error.sqlstate) ? { status: 'wrong', ...reasonOf(error) } : unknownOf(error)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO request'))
  }
}

async function read(run: Run, request: ImportRequest): Promise<Read> {
  const { session, setup, scratch } = run
  const isPostgres = setup.wrapper === 'postgres_fdw'
  const names = async () => {
    if (request.limitTo) return request.limitTo
    if (!isPostgres) return undefined
    const all = await remoteTables(session, catalogSchema(run), request.remoteSchema)
    return all.filter((name) => !request.except.includes(name))
  }
  if (isPostgres) {
    await session.run(sql`CREATE SCHEMA ${ident(catalogSchema(run))}`)
    await createRemoteCatalog(session, catalogSchema(run), setup.name)
  }
  const types = request.copiesTypes ? await typesOf(run, request) : undefined
  const copied =
    types && request.copiesTypes
      ? await copyTypes({ session, context: run.context, scratch: catalogSchema(run) }, types.all)
      : nothingCopied
  const { tables, failed, state } = await importTables(run, request, names)
  const reasons = isPostgres && failed.size > 0 ? await withTypesMissing(run, request, failed, types, copied) : failed
  const indexes = await indexesOf(run, request)
  const columnNames =
    request.withColumnNames && isPostgres && failed.size > 0
      ? await remoteColumnNames(session, catalogSchema(run), request.remoteSchema, [...failed.keys()])
      : new Map()
  return {
    status: 'read',
    tables: inServer(tables, scratch, run.server),
    failed: reasons,
    indexes,
    copied,
    columnNames,
    state: state === undefined ? undefined : stateOf({ tables: state, types, indexes }),
  }
}

async function readState(run: Run, request: ImportRequest): Promise<SourceState> {
  const { session, setup } = run
  if (setup.wrapper === 'postgres_fdw' && (request.copiesTypes || request.withIndexes)) {
    await session.run(sql`CREATE SCHEMA ${ident(catalogSchema(run))}`)
    await createRemoteCatalog(session, catalogSchema(run), setup.name)
  }
  const types = request.copiesTypes ? await typesOf(run, request) : undefined
  const tables = await importedState(run, request)
  if (tables === undefined) return { status: 'state', state: undefined }
  return { status: 'state', state: stateOf({ tables, types, indexes: await indexesOf(run, request) }) }
}

async function indexesOf(run: Run, { withIndexes, remoteSchema }: ImportRequest): Promise<readonly RemoteIndex[]> {
  const isAsked = withIndexes && run.setup.wrapper === 'postgres_fdw'
  return isAsked ? remoteIndexes(run.session, catalogSchema(run), remoteSchema) : []
}

/** Why tables were not imported, with all types that they miss where the server names the first alone. */
async function withTypesMissing(
  run: Run,
  request: ImportRequest,
  failed: ReadonlyMap<string, Reason>,
  types: RemoteTypes | undefined,
  copied: Copied,
): Promise<ReadonlyMap<string, Reason>> {
  const { all, ofTables } = types ?? (await typesOf(run, request))
  const missing = await missingTypes(run.session, all)
  return new Map(
    Array.from(failed, ([name, reason]) => [
      name,
      whyNotImported(ofTables.get(name) ?? [], missing, copied.failed, request.copiesTypes) ?? reason,
    ]),
  )
}

/** The types of the tables that are wanted. */
async function typesOf(run: Run, { remoteSchema, limitTo, except }: ImportRequest): Promise<RemoteTypes> {
  const isWanted = (table: string) => (limitTo ? limitTo.includes(table) : !except.includes(table))
  return remoteTypes(run.session, catalogSchema(run), remoteSchema, isWanted)
}

function catalogSchema({ scratch }: Run): string {
  return `${scratch}_catalog`
}

/** The tables stand on the server itself, whatever was asked in its place. */
function inServer(tables: ReadonlyMap<string, ForeignTableSpec>, scratch: string, server: string) {
  return new Map(
    Array.from(tables, ([name, spec]) => [name, spec.server === scratch ? { ...spec, server } : spec] as const),
  )
}

function unknownOf(error: unknown): SourceFailure {
  if (isDatabaseError(error)) return { status: 'unknown', ...reasonOf(error) }
  if (!(error instanceof FdwsyncError)) throw error
  return { status: 'unknown', reason: error.message, hint: error.problems.flatMap(({ hint }) => hint ?? []).join(' ') }
}
