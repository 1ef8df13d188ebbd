// Runs IMPORT FOREIGN SCHEMA into a scratch schema, and reads the tables that it creates. A table that cannot be imported fails the
// entire statement, so such tables are found and left out.

import { isReported, type Notice } from '../../core/notice.ts'
import type { ObjectId } from '../../core/object.ts'
import { ident, join, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../../db/database-error.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { manifestPath, readingPath } from '../../introspector/transaction-settings.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { asKind } from '../../kinds/specs.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import type { Reason } from '../reasons.ts'
import type { ServerSession } from '../server-session.ts'
import { readTablesState, type TablesState } from '../source-state.ts'
import { importFailure } from './import-failure.ts'
import { type ExpressionOption, isOn, optionsOfImport } from './import-options.ts'
import { requirePlainTables } from './require-plain-tables.ts'

/** A server session that imports. */
export interface ImportRun extends ServerSession {
  /** Called for what the wrapper reports while it imports. */
  onNotice?(notice: Notice): void
  /** The options that keep the wrapper from importing expressions. */
  readonly off: readonly ExpressionOption[]
}

export interface Imported {
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** Tables that exist at the source but cannot be imported. */
  readonly failed: ReadonlyMap<string, Reason>
  readonly notices: readonly Notice[]
  /** Tables of a mirror that were imported without the collations of their columns, since one does not exist here. */
  readonly withoutCollations: ReadonlySet<string>
  /** The state of everything that was imported; undefined if a table failed. */
  readonly state: TablesState | undefined
}

const nothing: TablesState = { state: 'nothing', areTypesBuiltIn: true }

/** What an import collects, table by table. */
interface Results {
  readonly tables: Map<string, ForeignTableSpec>
  readonly failed: Map<string, Reason>
  readonly withoutCollations: Set<string>
}

/** @param names lists the requested tables, or returns undefined if the wrapper cannot list tables */
export async function importTables(
  run: ImportRun,
  request: ImportRequest,
  names: () => Promise<readonly string[] | undefined>,
): Promise<Imported> {
  const results: Results = { tables: new Map(), failed: new Map(), withoutCollations: new Set() }
  if (request.limitTo?.length === 0) return { ...results, notices: [], state: nothing }
  // An import may be repeated for some of the tables, with the same notices.
  const notices = new Map<string, Notice>()
  const all: ImportRun = { ...run, onNotice: (notice) => notices.set(notice.text, notice) }
  try {
    const state = await importAndRead(all, request, limits(request), results.tables)
    return { ...results, notices: [...notices.values()], state }
  } catch (error) {
    if (!isTableError(error)) throw error
    const state = await withoutCollations(request, (plain) =>
      importAndRead(all, plain, limits(request), results.tables),
    )
    if (state !== undefined)
      return { ...results, withoutCollations: new Set(results.tables.keys()), notices: [...notices.values()], state }
    const each = await names()
    if (each) await importHalves(all, request, each, results)
    else await importExcept(all, request, error, results)
  }
  return { ...results, notices: [...notices.values()], state: undefined }
}

interface ImportedState {
  /** Undefined if a table cannot be imported. */
  readonly state: string | undefined
  readonly isWithoutCollations: boolean
}

/** Imports, and reads only the state. */
export async function importedState(run: ImportRun, request: ImportRequest): Promise<ImportedState> {
  if (request.limitTo?.length === 0) return { state: nothing.state, isWithoutCollations: false }
  const read = (each: ImportRequest) =>
    withImported(run, each, limits(each), async () => (await readTablesState(run.session, run.scratch)).state)
  try {
    return { state: await read(request), isWithoutCollations: false }
  } catch (error) {
    if (!isTableError(error)) throw error
    return { state: await withoutCollations(request, read), isWithoutCollations: true }
  }
}

/**
 * Repeats a failed import without the collations of columns: the most frequent reason for a failure is one that does not exist
 * here. Undefined if that fails too, or if the request must have the collations.
 */
async function withoutCollations<State>(
  request: ImportRequest,
  read: (request: ImportRequest) => Promise<State>,
): Promise<State | undefined> {
  if (!request.mirrored || !isOn(request, 'import_collate')) return undefined
  try {
    return await read({ ...request, options: { ...request.options, import_collate: 'false' } })
  } catch (error) {
    if (!isTableError(error)) throw error
    return undefined
  }
}

/** Imports halves, and halves of those, until the tables that fail are found. */
async function importHalves(
  run: ImportRun,
  request: ImportRequest,
  names: readonly string[],
  results: Results,
): Promise<void> {
  if (names.length === 0) return
  try {
    await importAndRead(run, request, limits({ limitTo: names, except: [] }), results.tables)
  } catch (error) {
    if (!isTableError(error)) throw error
    const [only] = names
    if (only !== undefined && names.length === 1) return importWithoutCollations(run, request, only, error, results)
    const half = Math.ceil(names.length / 2)
    await importHalves(run, request, names.slice(0, half), results)
    await importHalves(run, request, names.slice(half), results)
  }
}

/** A copy can do without missing collations. An import has what PostgreSQL imports, or fails. */
async function importWithoutCollations(
  run: ImportRun,
  request: ImportRequest,
  name: string,
  error: DatabaseError,
  { tables, failed, withoutCollations: without }: Results,
): Promise<void> {
  if (!request.mirrored || !isOn(request, 'import_collate')) {
    failed.set(name, importFailure(error, request))
    return
  }
  const options = { ...request.options, import_collate: 'false' }
  try {
    await importAndRead(run, { ...request, options }, limits({ limitTo: [name], except: [] }), tables)
    without.add(name)
  } catch (next) {
    if (!isTableError(next)) throw next
    failed.set(name, importFailure(next, request))
  }
}

/** For a wrapper that cannot list tables: leaves out the table that an error names, and tries again. */
async function importExcept(
  run: ImportRun,
  request: ImportRequest,
  first: DatabaseError,
  { tables, failed }: Results,
): Promise<void> {
  for (let error = first; ; ) {
    const name = error.importedTable
    if (name === undefined || failed.has(name)) throw error
    failed.set(name, importFailure(error, request))
    try {
      const except = [...request.except, ...failed.keys()]
      await importAndRead(run, request, limits({ ...request, except }), tables)
      return
    } catch (next) {
      if (!isTableError(next)) throw next
      error = next
    }
  }
}

/** Imports, adds what was imported to `tables`, and returns its state. */
function importAndRead(
  run: ImportRun,
  request: ImportRequest,
  limit: Sql,
  tables: Map<string, ForeignTableSpec>,
): Promise<TablesState> {
  const { session, scratch } = run
  return withImported(run, request, limit, async () => {
    const state = await readTablesState(session, scratch)
    await readForeignTables(run, tables)
    return state
  })
}

/** Reads the foreign tables in the scratch schema. */
export async function readForeignTables(
  { session, context, scratch }: ImportRun,
  tables: Map<string, ForeignTableSpec>,
): Promise<void> {
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
  for (const object of live.values()) {
    const table = asKind(object, 'foreignTable')
    if (table) tables.set(table.id.name, table.spec)
  }
}

/** Imports, reads the result, and rolls the import back. */
async function withImported<Result>(
  run: ImportRun,
  request: ImportRequest,
  limit: Sql,
  read: () => Promise<Result>,
): Promise<Result> {
  const { session, context, setup } = run
  await session.run(trusted('SAVEPOINT import'))
  try {
    // Only postgres_fdw qualifies the names of types. Types from other wrappers are looked up in the manifest's search_path.
    if (!setup.isPostgresFdw) await session.run(manifestPath(context.searchPath))
    session.takeNotices()
    await session.run(importStatement(run, request, limit))
    // Functions, such as event triggers, report on the tables of the import, which are rolled back.
    const notices = session.takeNotices().filter((notice) => isReported(notice) && !notice.isOfFunction)
    for (const notice of notices) run.onNotice?.(notice)
    await session.run(readingPath)
    const { remoteSchema } = request
    if (setup.isPostgresFdw)
      await requirePlainTables(session, { scratch: run.scratch, server: setup.name, remoteSchema })
    return await read()
  } finally {
    // Frees the entries of the lock table, which is finite, and the names for the next import.
    if (!session.isLost()) await session.run(sql`ROLLBACK TO import; RELEASE import`)
  }
}

/** IMPORT FOREIGN SCHEMA into the scratch schema. */
export function importStatement(
  { setup, scratch, off }: ImportRun,
  { remoteSchema, options }: ImportRequest,
  limit: Sql,
): Sql {
  const parts = Object.entries(optionsOfImport(options, off)).map(
    ([name, value]) => sql`${ident(name)} ${literal(value)}`,
  )
  const clause = parts.length === 0 ? sql`` : sql` OPTIONS (${join(parts, ', ')})`
  return sql`IMPORT FOREIGN SCHEMA ${ident(remoteSchema)} ${limit} FROM SERVER ${ident(setup.name)} INTO ${ident(scratch)}${clause}`
}

function limits({ limitTo, except }: Pick<ImportRequest, 'limitTo' | 'except'>): Sql {
  if (limitTo) return sql`LIMIT TO (${join(limitTo.map(ident), ', ')})`
  return except.length === 0 ? sql`` : sql`EXCEPT (${join(except.map(ident), ', ')})`
}

/**
 * Whether the definition of a table is at fault, for example a missing type, schema or function, and not a privilege at the source or
 * the connection.
 */
function isTableError(error: unknown): error is DatabaseError {
  if (!isDatabaseError(error)) return false
  // 22: a type modifier that this server does not accept, such as the scale of numeric(3,-2) before PostgreSQL 15.
  // 42501: the type of a column is in a schema of this server that the role may not use.
  return (
    /^42(?!501)|^3F000/.test(error.sqlstate) || (error.importedTable !== undefined && /^22|^42501/.test(error.sqlstate))
  )
}
