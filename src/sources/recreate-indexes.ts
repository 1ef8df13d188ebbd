// Recreates the indexes of a source on empty tables with the same columns, in a transaction that is rolled back. That
// shows which of them can exist here, and how a manifest would declare them.

import { randomBytes } from 'node:crypto'
import type { Warning } from '../core/plan.ts'
import { fragment, ident, join, joinParts, qualified, type Sql, sql, statementOf, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../introspector/evaluation/evaluation.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { columnDefinition } from '../kinds/facets/columns/columns.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { IndexSpec } from '../kinds/index/spec.ts'
import type { IndexStanza } from '../manifest/expansion/imports.ts'
import { isSqlNode, parseSql, statementsOf } from '../parser/parse-sql.ts'
import { rejections } from './built-in-expressions.ts'
import { createMissingPrerequisites, inSavepoint } from './prerequisites.ts'
import type { RemoteIndex } from './remote-catalog.ts'
import type { ServerContext } from './server-context.ts'
import { indexStanza } from './stanzas.ts'
import { foreignExpressions } from './stored-expressions.ts'

/** The indexes of one table of the source, for a copy of the same columns. */
export interface IndexesToRecreate {
  readonly schema: string
  readonly table: string
  readonly columns: ForeignTableSpec['columns']
  readonly indexes: readonly RemoteIndex[]
}

export interface RecreatedIndexes {
  readonly indexes: readonly { readonly of: IndexesToRecreate; readonly name: string; readonly stanza: IndexStanza }[]
  readonly warnings: readonly Warning[]
}

/** In indexes: the server's lock table is finite. */
const batchSize = 200

const uniqueInParent =
  'it is unique among the rows of the table alone, and the copy has those of the tables that inherit from it, too. To have an index that is not unique, declare it below "indexes" of the copy'

export async function recreateIndexes(
  session: Session,
  context: ServerContext,
  all: readonly IndexesToRecreate[],
): Promise<RecreatedIndexes> {
  const warnings: Warning[] = []
  const units: Unit[] = []
  const schema = `fdwsync_import_${randomBytes(6).toString('hex')}`
  for (const [at, of] of all.entries()) {
    for (const index of of.indexes) {
      if (index.isUniqueInParent) {
        warnings.push(notCopied(of, index, uniqueInParent))
        continue
      }
      const scratch = { table: { schema, name: `t${at}` }, name: `i${units.length}` }
      const parsed = await createStatement(index, scratch.table, scratch.name)
      if (parsed) units.push({ of, index, ...scratch, ...parsed })
      else warnings.push(notCopied(of, index, 'fdwsync cannot parse its definition'))
    }
  }
  if (units.length === 0) return { indexes: [], warnings }
  const indexes: RecreatedIndexes['indexes'][number][] = []
  await session.run(
    sql`${beginStatement(session.serverVersion, { lockTimeoutMilliseconds: 3000, limitMilliseconds: planLimits })}; ${readingPath}; CREATE SCHEMA ${ident(schema)}`,
  )
  try {
    await createMissingPrerequisites(session, context, schema)
    await session.run(readingPath)
    const trustworthy = await withoutForeignCode(session, units, warnings)
    for (let start = 0; start < trustworthy.length; start += batchSize) {
      await session.run(sql`${readingPath}; SAVEPOINT batch`)
      const created = await createIndexes(session, trustworthy.slice(start, start + batchSize), warnings)
      const foreign = new Map((await foreignExpressions(session, schema)).map(({ object, reason }) => [object, reason]))
      warnings.push(...created.flatMap(({ of, index, name }) => notCopiedIf(of, index, foreign.get(name))))
      indexes.push(
        ...(await readIndexes(
          session,
          context,
          created.filter(({ name }) => !foreign.has(name)),
        )),
      )
      await session.run(trusted('ROLLBACK TO batch; RELEASE batch'))
    }
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
  return { indexes, warnings }
}

interface Unit {
  readonly of: IndexesToRecreate
  readonly index: RemoteIndex
  readonly table: { readonly schema: string; readonly name: string }
  readonly name: string
  readonly create: Sql
  /** The parse trees of its expressions and of its predicate. */
  readonly expressions: readonly unknown[]
}

/** A source is not trusted with code, and PostgreSQL computes constant parts of expressions when it creates the index. */
async function withoutForeignCode(
  session: Session,
  units: readonly Unit[],
  warnings: Warning[],
): Promise<readonly Unit[]> {
  const candidates = units.flatMap((unit) => unit.expressions.map((tree) => ({ unit, tree, isSimplified: true })))
  const reasons = candidates.length === 0 ? [] : await rejections(session, candidates)
  const rejected = new Map(candidates.flatMap(({ unit }, at) => (reasons[at] ? [[unit, reasons[at]] as const] : [])))
  const code = await readEvaluatingCode(session)
  for (const unit of units) {
    const run = rejected.has(unit) ? [] : await runByStatements(session, code, [{ sql: unit.create }])
    if (run.length > 0) rejected.set(unit, evaluationReason(run))
  }
  warnings.push(...units.flatMap((unit) => notCopiedIf(unit.of, unit.index, rejected.get(unit))))
  return units.filter((unit) => !rejected.has(unit))
}

function notCopiedIf(of: IndexesToRecreate, index: RemoteIndex, reason: string | undefined): readonly Warning[] {
  if (reason === undefined) return []
  const hint = `To have it, declare it below "indexes" of the copy: ${index.definition}`
  return [notCopied(of, index, `${reason}. ${hint}`)]
}

/** Creates all at once or, if that fails, each half by itself. Returns those that could be created. */
async function createIndexes(session: Session, units: readonly Unit[], warnings: Warning[]): Promise<readonly Unit[]> {
  try {
    await inSavepoint(session, () =>
      session.run(join([...tablesOf(units), ...units.map(({ create }) => create)], '; ')),
    )
    return units
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    const [only] = units
    if (only && units.length === 1) {
      warnings.push(notCopied(only.of, only.index, whyNotCreated(session, only.index, error)))
      return []
    }
    const middle = units.length >> 1
    const created = await createIndexes(session, units.slice(0, middle), warnings)
    return [...created, ...(await createIndexes(session, units.slice(middle), warnings))]
  }
}

function whyNotCreated({ serverVersion }: Session, { definition }: RemoteIndex, error: DatabaseError): string {
  if (serverVersion < 150_000 && error.sqlstate === '42601' && / NULLS NOT DISTINCT/.test(definition)) {
    return 'NULLS NOT DISTINCT needs PostgreSQL 15 or later here. A unique index without it can be declared below "indexes" of the copy'
  }
  return error.message
}

/** The tables that the indexes are on. What failed before may have left some of them. */
function tablesOf(units: readonly Unit[]): readonly Sql[] {
  const tables = new Map(units.map(({ of, table }) => [table.name, { of, table }]))
  return Array.from(tables.values(), ({ of, table }) => {
    const columns = Object.entries(of.columns).map(([name, column]) =>
      columnDefinition(name, { ...column, notNull: false, default: null, generated: null, options: {} }),
    )
    const list = joinParts(columns, sql`, `)
    return statementOf([sql`CREATE TABLE IF NOT EXISTS ${qualified(table.schema, table.name)} (`, ...list, sql`)`]).sql
  })
}

async function readIndexes(
  session: Session,
  { digests }: ServerContext,
  units: readonly Unit[],
): Promise<RecreatedIndexes['indexes']> {
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const ids = units.map(({ table, name }) => ({ kind: 'index' as const, schema: table.schema, name }))
  const { live } = await readCatalog(session, ids, digests.salt, units[0]?.table.schema)
  return Array.from(live.values(), ({ id, spec }) => {
    const unit = id.kind === 'index' ? byName.get(id.name) : undefined
    if (!unit) return []
    const { of, index } = unit
    return { of, name: index.name, stanza: indexStanza(of.schema, index.name, spec as IndexSpec) } // the objects of a kind have its specs
  }).flat()
}

function notCopied({ schema, table }: IndexesToRecreate, { name }: RemoteIndex, reason: string): Warning {
  const message = `index ${ident(name)} of the source is not created on ${qualified(schema, table)}: ${reason}`
  return { code: 'source/index', message }
}

const name = String.raw`(?:"(?:[^"]|"")+"|[^\s".]+)`
const definition = new RegExp(
  String.raw`^CREATE (UNIQUE )?INDEX ${name} ON (?:ONLY )?${name}\.${name} (USING .*)$`,
  's',
)

/**
 * The statement with another table and name. The text comes from pg_get_indexdef of the source, which is not trusted,
 * so it must parse as one CREATE INDEX statement and nothing else.
 */
async function createStatement(
  { definition: text }: RemoteIndex,
  table: Unit['table'],
  newName: string,
): Promise<Pick<Unit, 'create' | 'expressions'> | undefined> {
  const [, unique, rest] = definition.exec(text) ?? []
  if (rest === undefined) return undefined
  // The index of a constraint WITHOUT OVERLAPS is shown as unique, but CREATE INDEX cannot create that, no more than an exclusion.
  const isUnique = unique !== undefined && !rest.startsWith('USING gist ')
  const create = sql`CREATE ${isUnique ? sql`UNIQUE ` : sql``}INDEX ${ident(newName)} ON ${qualified(table.schema, table.name)} ${fragment(rest)}`
  const parsed = await parseSql(create)
  if (!('tree' in parsed)) return undefined
  const [only, ...others] = statementsOf(parsed.tree)
  const index = only?.IndexStmt
  if (others.length > 0 || !isSqlNode(index)) return undefined
  const elements: readonly unknown[] = Array.isArray(index.indexParams) ? index.indexParams : []
  const expressions = elements.map((each) =>
    isSqlNode(each) && isSqlNode(each.IndexElem) ? each.IndexElem.expr : each,
  )
  return { create, expressions: [...expressions, index.whereClause].filter((each) => each !== undefined) }
}
