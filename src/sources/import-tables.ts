import type { ObjectId } from '../core/object.ts'
import { ident, join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/foreign-table.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { type Reason, reasonOf } from './reasons.ts'
import type { ServerContext, ServerSetup } from './server-setup.ts'
import { readTablesState } from './source-state.ts'

/** A connection's transaction in which one source is asked. */
export interface Run {
  readonly session: Session
  readonly context: ServerContext
  readonly setup: ServerSetup
  /** The schema to import into, and the server's name where it has to be another. */
  readonly scratch: string
}

interface Imported {
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** Tables that are there but can't be imported, and why. */
  readonly failed: ReadonlyMap<string, Reason>
  /** A digest of all that was imported, if nothing failed. */
  readonly state: string | undefined
}

/**
 * Imports into the scratch schema and reads what came of it. A table that can't be imported does not take the others down.
 * @param names the tables that are wanted, or undefined where the wrapper can't tell
 */
export async function importTables(
  run: Run,
  request: ImportRequest,
  names: () => Promise<readonly string[] | undefined>,
): Promise<Imported> {
  const tables = new Map<string, ForeignTableSpec>()
  const failed = new Map<string, Reason>()
  try {
    const state = await importAndRead(run, request, limits(request), tables)
    return { tables, failed, state }
  } catch (error) {
    if (!isOfTable(error)) throw error
    const each = await names()
    if (each) await importParts(run, request, each, tables, failed)
    else await importOthers(run, request, error, tables, failed)
  }
  return { tables, failed, state: undefined }
}

/**
 * Imports into the scratch schema, and takes only the digest of what came of it.
 * @returns undefined if a table can not be imported
 */
export async function importedState(run: Run, request: ImportRequest): Promise<string | undefined> {
  try {
    return await imported(run, request, limits(request), () => readTablesState(run.session, run.scratch))
  } catch (error) {
    if (!isOfTable(error)) throw error
    return undefined
  }
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
      await importAndRead(run, request, limits({ ...request, except }), tables)
      return
    } catch (next) {
      if (!isOfTable(next)) throw next
      error = next
    }
  }
}

/** Returns the digest of what was imported. */
function importAndRead(
  run: Run,
  request: ImportRequest,
  limit: Sql,
  tables: Map<string, ForeignTableSpec>,
): Promise<string> {
  const { session, context, scratch } = run
  return imported(run, request, limit, async () => {
    const state = await readTablesState(session, scratch)
    const ids = await session.query<{ id: ObjectId }>(
      trusted(`SELECT jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'f' ORDER BY c.oid`),
      [scratch],
    )
    const { live } = await readCatalog(
      session,
      ids.map(({ id }) => id),
      context.digests.salt,
    )
    // The kind's own query made it.
    for (const { id, spec } of live.values())
      if (id.kind === 'foreignTable') tables.set(id.name, spec as ForeignTableSpec)
    return state
  })
}

/** What is read of an import before it is rolled back. */
async function imported<Result>(
  run: Run,
  request: ImportRequest,
  limit: Sql,
  read: () => Promise<Result>,
): Promise<Result> {
  const { session, context, setup } = run
  await session.run(trusted('SAVEPOINT import'))
  try {
    // Only postgres_fdw names the schemas of types. Others mean what the manifest means by a name.
    if (setup.wrapper !== 'postgres_fdw') await session.run(manifestPath(context.searchPath))
    await session.run(importStatement(run, request, limit))
    await session.run(readingPath)
    return await read()
  } finally {
    // Locks are a finite table, and the names are free for the next part.
    if (!session.isLost()) await session.run(sql`ROLLBACK TO import; RELEASE import`)
  }
}

/** IMPORT FOREIGN SCHEMA into the scratch schema. */
export function importStatement({ setup, scratch }: Run, { remoteSchema, options }: ImportRequest, limit: Sql): Sql {
  const parts = Object.entries(options).map(([name, value]) => sql`${ident(name)} ${literal(value)}`)
  const clause = parts.length === 0 ? sql`` : sql` OPTIONS (${join(parts, ', ')})`
  return sql`IMPORT FOREIGN SCHEMA ${ident(remoteSchema)} ${limit} FROM SERVER ${ident(setup.name)} INTO ${ident(scratch)}${clause}`
}

function limits({ limitTo, except }: ImportRequest): Sql {
  if (limitTo) return sql`LIMIT TO (${join(limitTo.map(ident), ', ')})`
  return except.length === 0 ? sql`` : sql`EXCEPT (${join(except.map(ident), ', ')})`
}

/** An error about a definition: a type or its schema that is not here, a function in a default. Not about rights or the connection. */
function isOfTable(error: unknown): error is DatabaseError {
  return isDatabaseError(error) && /^42(?!501)|^3F000/.test(error.sqlstate)
}
