// Recreates the indexes of a source on empty tables with the same columns, in a transaction that is rolled back. That
// shows which of them can exist here, and how a manifest would declare them.

import { randomBytes } from 'node:crypto'
import type { Warning } from '../core/plan.ts'
import { fragment, ident, join, joinParts, qualified, type Sql, sql, statementOf, trusted } from '../core/sql.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { columnDefinition } from '../kinds/facets/columns/columns.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { IndexSpec } from '../kinds/index/spec.ts'
import type { IndexStanza } from '../manifest/expansion/imports.ts'
import { isSqlNode, parseSql, statementsOf } from '../parser/parse-sql.ts'
import { createMissingPrerequisites, inSavepoint } from './prerequisites.ts'
import type { RemoteIndex } from './remote-catalog.ts'
import type { ServerContext } from './server-context.ts'
import { indexStanza } from './stanzas.ts'

/** The indexes of one table of the source, for a view of the same columns. */
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

const batchSize = 100

export async function recreateIndexes(
  session: Session,
  context: ServerContext,
  all: readonly IndexesToRecreate[],
): Promise<RecreatedIndexes> {
  const warnings: Warning[] = []
  const units: Unit[] = []
  const schema = `fdwsync_import_${randomBytes(6).toString('hex')}`
  for (const of of all) {
    for (const index of of.indexes) {
      const scratch = { table: { schema, name: `t${units.length}` }, name: `i${units.length}` }
      const create = await createStatement(index, scratch.table, scratch.name)
      if (create) units.push({ of, index, ...scratch, create })
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
    for (let start = 0; start < units.length; start += batchSize) {
      await session.run(sql`${readingPath}; SAVEPOINT batch`)
      const created = await createIndexes(session, units.slice(start, start + batchSize), warnings)
      indexes.push(...(await readIndexes(session, context, created)))
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
}

/** Creates all at once or, if that fails, each half by itself. Returns those that could be created. */
async function createIndexes(session: Session, units: readonly Unit[], warnings: Warning[]): Promise<readonly Unit[]> {
  try {
    await inSavepoint(session, () => session.run(join(units.flatMap(statements), '; ')))
    return units
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    const [only] = units
    if (only && units.length === 1) {
      warnings.push(notCopied(only.of, only.index, error.message))
      return []
    }
    const middle = units.length >> 1
    const created = await createIndexes(session, units.slice(0, middle), warnings)
    return [...created, ...(await createIndexes(session, units.slice(middle), warnings))]
  }
}

function statements({ of, table, create }: Unit): readonly Sql[] {
  const columns = Object.entries(of.columns).map(([name, column]) =>
    columnDefinition(name, { ...column, notNull: false, default: null, generated: null, options: {} }),
  )
  const list = joinParts(columns, sql`, `)
  return [statementOf([sql`CREATE TABLE ${qualified(table.schema, table.name)} (`, ...list, sql`)`]).sql, create]
}

async function readIndexes(
  session: Session,
  { digests }: ServerContext,
  units: readonly Unit[],
): Promise<RecreatedIndexes['indexes']> {
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const ids = units.map(({ table, name }) => ({ kind: 'index' as const, schema: table.schema, name }))
  const { live } = await readCatalog(session, ids, digests.salt)
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
): Promise<Sql | undefined> {
  const [, unique, rest] = definition.exec(text) ?? []
  if (rest === undefined) return undefined
  const create = sql`CREATE ${unique ? sql`UNIQUE ` : sql``}INDEX ${ident(newName)} ON ${qualified(table.schema, table.name)} ${fragment(rest)}`
  const parsed = await parseSql(create)
  if (!('tree' in parsed)) return undefined
  const [only, ...others] = statementsOf(parsed.tree)
  return others.length === 0 && isSqlNode(only?.IndexStmt) ? create : undefined
}
