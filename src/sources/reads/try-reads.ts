// Tries to read from one source: creates stand-ins of its server and foreign tables, and reads them in a transaction that is rolled
// back.
//
// With LIMIT 0 the source checks the table, the columns and the privileges, and returns nothing. A wrong type shows only in
// a value, so some rows are read, too. They do not leave the server.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import { ident, join, literal, number, qualified, type Sql, type Statement, sql, trusted } from '../../core/sql.ts'
import { DeadlineError, withDeadline } from '../../db/cancellation.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import {
  columnsWithBuiltInTypes,
  mayReadRows,
  readableStandIn,
  runsProgram,
} from '../../kinds/foreign-table/readable-stand-in.ts'
import { kindOf } from '../../kinds/registry.ts'
import { reasonOfFailure } from '../reasons.ts'
import {
  type AskOptions,
  inServerSession,
  type PreparedServer,
  prepareServer,
  type ServerSession,
  withDeclaredNames,
} from '../server-session.ts'
import { endsRole, endsServer, faultsOfRead, notTried, wrongType } from './read-faults.ts'
import type { RoleReads, ServerReads, TableRead } from './reads-to-try.ts'

/** How many tables are tried at once: their stand-ins hold locks until they are rolled back. */
const batchSize = 20

/** Returns warnings for what cannot be read, and for what could not be tried. */
export async function tryReads(options: AskOptions, reads: ServerReads): Promise<readonly Warning[]> {
  const { server, byRole } = reads
  const roles = byRole.map(({ role }) => role)
  const prepared = prepareServer(options, server, roles)
  if (!prepared || (reads.isForConnecting && !prepared.setup.isPostgresFdw)) return []
  const standIns = standInsOf(reads, prepared)
  const faults: Fault[] = []
  const { timeoutMilliseconds } = options
  try {
    await inServerSession(
      options,
      prepared,
      (run) => tryRoles({ run, reads, standIns, timeoutMilliseconds, faults }),
      Array.from(standIns.values(), ({ create }) => create),
    )
  } catch (error) {
    faults.push({ table: undefined, warning: notTried({ kind: 'server', name: server }, reasonOfFailure(error)) })
  }
  return warningsOf(faults, reads)
}

interface Fault {
  /** The table; undefined if the fault does not concern a single one. */
  readonly table: TableRead | undefined
  readonly warning: Warning
}

/** If no view reads a table as a role, that role need not be able to read it, as long as another role with a user mapping can. */
function warningsOf(faults: readonly Fault[], { byRole }: ServerReads): readonly Warning[] {
  const failures = groupBy(faults, ({ table }) => table)
  const trials = groupBy(
    byRole.flatMap(({ tables }) => tables),
    (table) => table,
  )
  const isReadable = (table: TableRead) => (failures.get(table)?.length ?? 0) < (trials.get(table)?.length ?? 0)
  return faults.flatMap(({ table, warning }) => (table && !table.hasReader && isReadable(table) ? [] : [warning]))
}

interface StandIn {
  readonly schema: string
  readonly create: Statement
}

interface Trial {
  readonly run: ServerSession
  readonly reads: ServerReads
  readonly standIns: ReadonlyMap<TableRead, StandIn>
  readonly timeoutMilliseconds: number
  /** The faults so far. */
  readonly faults: Fault[]
}

/** Each schema has a scratch schema of its own, so that every stand-in can have the name of its table. */
function standInsOf({ byRole }: ServerReads, { setup, scratch }: PreparedServer): ReadonlyMap<TableRead, StandIn> {
  const tables = [...new Set(byRole.flatMap((role) => role.tables))]
  const schemas = [...new Set(tables.map(({ id }) => id.schema))]
  const { name: server, isPostgresFdw } = setup
  return new Map(
    tables.map((table) => {
      const schema = `${scratch}_${schemas.indexOf(table.id.schema)}`
      return [table, { schema, create: readableStandIn(table.id, table.spec, { schema, server, isPostgresFdw }) }]
    }),
  )
}

async function tryRoles(trial: Trial): Promise<void> {
  const { run, reads, standIns } = trial
  if (run.setup.name === reads.server) {
    for (const id of reads.droppedMappings) for (const each of kindOf(id).drop(id)) await run.session.execute(each)
  }
  for (const schema of new Set(Array.from(standIns.values(), (each) => each.schema))) {
    await run.session.run(sql`CREATE SCHEMA ${ident(schema)}`)
  }
  for (const role of reads.byRole) {
    const error = await tryRole(trial, role)
    if (endsServer(error) || run.session.isLost()) return
  }
}

/** @returns the error after which nothing else can be read as this role, if there was one */
async function tryRole(trial: Trial, role: RoleReads): Promise<unknown> {
  const tables = role.tables.filter(({ spec }) => !runsProgram(spec))
  // The first table is tried alone, since it shows whether connecting works.
  for (const batch of [tables.slice(0, 1), ...batchesOf(tables.slice(1))]) {
    for (const [table, failure] of await failuresOf(trial, role, batch, selectNothing)) {
      const isOfTable = !endsRole(failure.error)
      for (const warning of faultsOf(trial, role, table, failure)) {
        trial.faults.push({ warning, table: isOfTable ? table : undefined })
      }
      if (endsRole(failure.error) || trial.run.session.isLost()) return failure.error
    }
  }
  const { isPostgresFdw } = trial.run.setup
  const withRows = tables.filter(({ isFresh, spec }) => !isFresh && mayReadRows(spec, isPostgresFdw))
  for (const batch of batchesOf(withRows)) {
    for (const [table, { error }] of await failuresOf(trial, role, batch, selectRows)) {
      // Finding a row may take long. That does not mean that the view cannot be loaded.
      if (error instanceof DeadlineError) return undefined
      if (!isWrongValue(error)) continue
      for (const warning of await wrongTypesOf(trial, role, table)) trial.faults.push({ warning, table: undefined })
    }
  }
  return undefined
}

function faultsOf({ reads: { server }, run }: Trial, role: RoleReads, table: TableRead, failure: Failure) {
  const reason = reasonOfFailure(failure.error)
  const named = { ...reason, reason: withDeclaredNames(run, reason.reason, table.id.schema) }
  if (failure.isLocal) return [notTried(table.id, named)]
  return faultsOfRead({ server, role, table }, failure.error, named)
}

/** Whether a value does not fit the type of its column, or the source sends another number of columns. */
function isWrongValue(error: unknown): boolean {
  return isDatabaseError(error) && !error.isOfSource && /^22/.test(error.sqlstate)
}

/** The error quotes the wrong value, but a plan must show no data. So the columns are read one by one. */
async function wrongTypesOf(trial: Trial, role: RoleReads, table: TableRead): Promise<readonly Warning[]> {
  const faults: Warning[] = []
  for (const column of columnsWithBuiltInTypes(table.spec)) {
    const failure = await read(trial, role, [table], (name) => selectColumn(name, column))
    if (failure && isWrongValue(failure.error)) faults.push(wrongType(table, column))
  }
  return faults
}

/** How many rows of a table are read, and how many postgres_fdw fetches at once. */
const sample = number(20)

const selectNothing = (name: Sql) => sql`SELECT * FROM ${name} LIMIT 0`
const selectRows = (name: Sql) => sql`SELECT pg_catalog.count(s.*) FROM (SELECT * FROM ${name} LIMIT ${sample}) AS s`
const selectColumn = (name: Sql, column: string) =>
  sql`SELECT pg_catalog.count(s.*) FROM (SELECT ${ident(column)} FROM ${name} LIMIT ${sample}) AS s`

function batchesOf(tables: readonly TableRead[]): readonly (readonly TableRead[])[] {
  const count = Math.ceil(tables.length / batchSize)
  return Array.from({ length: count }, (_, at) => tables.slice(at * batchSize, (at + 1) * batchSize))
}

interface Failure {
  readonly error: unknown
  /** Whether it failed before the source was contacted. */
  readonly isLocal: boolean
}

/** Reads all tables at once. If that fails, it reads each on its own to find out which ones cannot be read. */
async function failuresOf(
  trial: Trial,
  role: RoleReads,
  tables: readonly TableRead[],
  select: (name: Sql) => Sql,
): Promise<readonly (readonly [TableRead, Failure])[]> {
  const [first] = tables
  if (!first) return []
  const failure = await read(trial, role, tables, select)
  if (!failure) return []
  if (tables.length === 1 || trial.run.session.isLost()) return [[first, failure]]
  const failures: (readonly [TableRead, Failure])[] = []
  for (const table of tables) {
    const own = await read(trial, role, [table], select)
    if (!own) continue
    failures.push([table, own])
    if (endsRole(own.error) || trial.run.session.isLost()) break
  }
  return failures
}

async function read(
  { run: { session, server }, standIns, timeoutMilliseconds }: Trial,
  { role }: RoleReads,
  tables: readonly TableRead[],
  select: (name: Sql) => Sql,
): Promise<Failure | undefined> {
  let isLocal = true
  await session.run(trusted('SAVEPOINT read'))
  try {
    for (const table of tables) {
      const standIn = standIns.get(table)
      if (standIn) await session.execute(standIn.create)
    }
    if (role !== session.user) await session.run(actAs(role, [...new Set(schemasOf(tables, standIns))]))
    isLocal = false
    const selects = tables.map((table) => select(qualified(standIns.get(table)?.schema ?? '', table.id.name)))
    const what = `reading from the source of server ${ident(server)}`
    await withDeadline(session, timeoutMilliseconds, what, () => session.run(join(selects, '; ')))
    return undefined
  } catch (error) {
    return { error, isLocal }
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO read'))
  }
}

function schemasOf(tables: readonly TableRead[], standIns: Trial['standIns']): readonly string[] {
  return tables.flatMap((table) => standIns.get(table)?.schema ?? [])
}

/** Acts as the role until the savepoint is rolled back. */
function actAs(role: string, schemas: readonly string[]): Sql {
  const grants = schemas.map(
    (schema) =>
      sql`GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(role)}; GRANT SELECT ON ALL TABLES IN SCHEMA ${ident(schema)} TO ${ident(role)}`,
  )
  return join([...grants, sql`SET LOCAL ROLE ${literal(role)}`], '; ')
}
