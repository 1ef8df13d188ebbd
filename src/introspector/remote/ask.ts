import { randomBytes } from 'node:crypto'
import { FdwsyncError } from '../../core/errors.ts'
import type { ObjectId } from '../../core/object.ts'
import type { Secret } from '../../core/secret.ts'
import { ident, join, literal, type Sql, sql, statement, trusted } from '../../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../../db/database-error.ts'
import { turnOffExposure } from '../../db/secrets/exposure.ts'
import { type Session, withDeadline } from '../../db/session.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table.ts'
import type { ImportRequest } from '../../manifest/imports.ts'
import { manifestPath, readCatalog, readingPath } from '../read.ts'
import { makeRemoteCatalog, type RemoteIndex, remoteIndexes, remoteTables } from './catalog.ts'
import { type Ground, makeMissing, type ServerSetup, secretsOf, serverSetup } from './setup.ts'

/** What a source said to one import. */
export type Answer =
  | {
      readonly status: 'read'
      readonly tables: ReadonlyMap<string, ForeignTableSpec>
      /** Tables that are there but can't be imported, and why. */
      readonly failed: ReadonlyMap<string, Reason>
      readonly indexes: readonly RemoteIndex[]
    }
  /** The manifest asks for what can't be: another schema is needed, or another wrapper. */
  | ({ readonly status: 'wrong' } & Reason)
  | ({ readonly status: 'unknown' } & Reason)

export interface Reason {
  readonly reason: string
  readonly hint: string
}

export interface Asking {
  readonly ground: Ground
  readonly user: string
  readonly serverVersion: number
  readonly connect: (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
  /** How long a source may take to be connected to. */
  readonly timeoutMilliseconds: number
  /** Whether a password may end up in what the server records of nested statements. */
  readonly mayExpose?: boolean
}

const importMilliseconds = 300_000

/**
 * Asks one source for all that is imported from it, in a transaction that is rolled back: PostgreSQL imports into a
 * scratch schema, and what came of it is read like any foreign table. It has a connection of its own, since a source that
 * does not answer may be the end of it.
 */
export async function askSource(
  asking: Asking,
  server: string,
  requests: readonly ImportRequest[],
): Promise<readonly Answer[]> {
  const scratch = `fdwsync_import_${randomBytes(6).toString('hex')}`
  const found = serverSetup(asking.ground, server, asking.user, scratch)
  const setup = found && endingByItself(found, asking)
  if (!setup) {
    const hint = `Declare it: servers: { ${server}: … }, or name one that the database has.`
    return requests.map(() => ({ status: 'wrong', reason: `there is no server ${ident(server)}`, hint }))
  }
  const answers: Answer[] = []
  try {
    const session = await asking.connect('import', secretsOf(setup))
    try {
      const run: Run = { session, asking, setup, scratch, server }
      await begin(run)
      for (const request of requests) answers.push(await answer(run, request))
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
function endingByItself(setup: ServerSetup, { serverVersion, timeoutMilliseconds }: Asking): ServerSetup {
  const { name, wrapper, options, statements } = setup
  if (serverVersion >= 160000 || wrapper !== 'postgres_fdw') return setup
  if (statements.length === 0 || Object.hasOwn(options, 'connect_timeout')) return setup
  const seconds = literal(String(Math.max(Math.ceil(timeoutMilliseconds / 1000), 2)))
  const limit = statement(sql`ALTER SERVER ${ident(name)} OPTIONS (ADD connect_timeout ${seconds})`)
  return { ...setup, statements: [...statements, limit] }
}

interface Run {
  readonly session: Session
  readonly asking: Asking
  readonly setup: ServerSetup
  /** The schema to import into, and the server's name where it has to be another. */
  readonly scratch: string
  readonly server: string
}

async function begin({ session, asking, setup, scratch }: Run): Promise<void> {
  await session.run(sql`BEGIN; SET LOCAL lock_timeout = '3s'; ${readingPath}; CREATE SCHEMA ${ident(scratch)}`)
  await makeMissing(session, asking.ground)
  await session.run(readingPath)
  if (secretsOf(setup).length > 0) {
    const left = await turnOffExposure(session)
    if (left.length > 0 && !asking.mayExpose) {
      const settings = left.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
      throw new FdwsyncError({
        message: `this server records nested statements, so the password of a new user mapping would end up in its records: ${settings}`,
        hint: 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
      })
    }
  }
  for (const statement of setup.statements) await session.execute(statement)
}

async function answer(run: Run, request: ImportRequest): Promise<Answer> {
  const { session, asking, server } = run
  if (request.limitTo?.length === 0) return { status: 'read', tables: new Map(), failed: new Map(), indexes: [] }
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

async function read(run: Run, request: ImportRequest): Promise<Answer> {
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
    await makeRemoteCatalog(session, catalogSchema(run), setup.name)
  }
  const tables = new Map<string, ForeignTableSpec>()
  const failed = new Map<string, Reason>()
  try {
    await importAndRead(run, request, limits(request), tables)
  } catch (error) {
    if (!isOfTable(error)) throw error
    const each = await names()
    if (each) await importParts(run, request, each, tables, failed)
    else await importOthers(run, request, error, tables, failed)
  }
  const indexes =
    request.withIndexes && isPostgres ? await remoteIndexes(session, catalogSchema(run), request.remoteSchema) : []
  return { status: 'read', tables: inServer(tables, scratch, run.server), failed, indexes }
}

function catalogSchema({ scratch }: Run): string {
  return `${scratch}_catalog`
}

/** One bad table fails the whole statement: halves of it are tried until the bad ones are found. */
async function importParts(
  run: Run,
  request: ImportRequest,
  names: readonly string[],
  tables: Map<string, ForeignTableSpec>,
  failed: Map<string, Reason>,
): Promise<void> {
  if (names.length === 0) return
  try {
    await importAndRead(run, request, sql`LIMIT TO (${join(names.map(ident), ', ')})`, tables)
  } catch (error) {
    if (!isOfTable(error)) throw error
    const [only] = names
    if (only !== undefined && names.length === 1) {
      failed.set(only, reasonOf(error))
      return
    }
    const half = Math.ceil(names.length / 2)
    await importParts(run, request, names.slice(0, half), tables, failed)
    await importParts(run, request, names.slice(half), tables, failed)
  }
}

/** Where nobody says which tables there are, the one that an error names is left out of the next attempt. */
async function importOthers(
  run: Run,
  request: ImportRequest,
  first: DatabaseError,
  tables: Map<string, ForeignTableSpec>,
  failed: Map<string, Reason>,
): Promise<void> {
  for (let error = first; ; ) {
    const name = error.importedTable
    if (name === undefined || failed.has(name)) throw error
    failed.set(name, reasonOf(error))
    try {
      const except = [...request.except, ...failed.keys()]
      return await importAndRead(run, request, limits({ ...request, except }), tables)
    } catch (next) {
      if (!isOfTable(next)) throw next
      error = next
    }
  }
}

async function importAndRead(
  run: Run,
  request: ImportRequest,
  limit: Sql,
  tables: Map<string, ForeignTableSpec>,
): Promise<void> {
  const { session, asking, setup, scratch } = run
  await session.run(trusted('SAVEPOINT import'))
  try {
    // Only postgres_fdw names the schemas of types. Others mean what the manifest means by a name.
    if (setup.wrapper !== 'postgres_fdw') await session.run(manifestPath(asking.ground.searchPath))
    await session.run(importStatement(run, request, limit))
    await session.run(readingPath)
    const ids = await session.query<{ id: ObjectId }>(
      trusted(`SELECT jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'f' ORDER BY c.oid`),
      [scratch],
    )
    const { live } = await readCatalog(
      session,
      ids.map(({ id }) => id),
      asking.ground.digests.salt,
    )
    // The kind's own query made it.
    for (const { id, spec } of live.values())
      if (id.kind === 'foreignTable') tables.set(id.name, spec as ForeignTableSpec)
  } finally {
    // Locks are a finite table, and the names are free for the next part.
    if (!session.isLost()) await session.run(sql`ROLLBACK TO import; RELEASE import`)
  }
}

function importStatement({ setup, scratch }: Run, { remoteSchema, options }: ImportRequest, limit: Sql): Sql {
  const parts = Object.entries(options).map(([name, value]) => sql`${ident(name)} ${literal(value)}`)
  const clause = parts.length === 0 ? sql`` : sql` OPTIONS (${join(parts, ', ')})`
  return sql`IMPORT FOREIGN SCHEMA ${ident(remoteSchema)} ${limit} FROM SERVER ${ident(setup.name)} INTO ${ident(scratch)}${clause}`
}

function limits({ limitTo, except }: ImportRequest): Sql {
  if (limitTo) return sql`LIMIT TO (${join(limitTo.map(ident), ', ')})`
  return except.length === 0 ? sql`` : sql`EXCEPT (${join(except.map(ident), ', ')})`
}

/** The tables stand on the server itself, whatever was asked in its place. */
function inServer(tables: ReadonlyMap<string, ForeignTableSpec>, scratch: string, server: string) {
  return new Map(
    Array.from(tables, ([name, spec]) => [name, spec.server === scratch ? { ...spec, server } : spec] as const),
  )
}

/** An error about a definition: a type that is not here, a function in a default. Not about rights or the connection. */
function isOfTable(error: unknown): error is DatabaseError {
  return isDatabaseError(error) && error.sqlstate.startsWith('42') && error.sqlstate !== '42501'
}

function unknownOf(error: unknown): Answer {
  if (isDatabaseError(error)) return { status: 'unknown', ...reasonOf(error) }
  if (!(error instanceof FdwsyncError)) throw error
  return { status: 'unknown', reason: error.message, hint: error.problems.flatMap(({ hint }) => hint ?? []).join(' ') }
}

function reasonOf(error: DatabaseError): Reason {
  const detail = error.detail?.trim().split('\n')[0]
  const reason = `${error.isOfSource ? 'the source says: ' : ''}${error.message}${detail ? ` (${detail})` : ''}`
  return { reason, hint: error.hint ?? '' }
}
