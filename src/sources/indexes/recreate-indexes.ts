// Recreates the indexes of a source on empty tables with the same columns, in a transaction that is rolled back. That
// shows which of them can exist here, and how a manifest would declare them.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import { ident, join, qualified, type Sql, sql, statementOf, trusted } from '../../core/sql.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { newSuffix } from '../../db/suffix.ts'
import { rolledBack } from '../../db/transaction.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../../introspector/evaluation/evaluation.ts'
import { hasEventTriggers } from '../../introspector/event-triggers.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { beginTrial, readingPath } from '../../introspector/transaction-settings.ts'
import { type Column, columnDefinition } from '../../kinds/facets/columns/columns.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { withColumns } from '../../kinds/index/alike.ts'
import type { IndexSpec } from '../../kinds/index/spec.ts'
import { asKind } from '../../kinds/specs.ts'
import type { IndexStanza } from '../../manifest/expansion/imports.ts'
import { rejections } from '../built-in-expressions.ts'
import { createMissingPrerequisites, inSavepoint } from '../imports/prerequisites.ts'
import { indexStanza } from '../imports/stanzas.ts'
import { type ExtensionsHere, existingExtensions, whyOfExtension } from '../missing-extensions.ts'
import type { RemoteIndex } from '../remote-catalog.ts'
import type { ServerContext } from '../server-context.ts'
import { foreignExpressions } from '../stored-expressions.ts'
import { createIndex, type IndexDefinition, parseDefinition, signatureOf } from './index-definition.ts'

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

/** How many indexes are created at once: the server's lock table is finite. */
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
  const parsed = new Map<string, IndexDefinition | undefined>()
  const schema = `fdwsync_import_${newSuffix()}`
  for (const [at, of] of all.entries()) {
    for (const index of of.indexes) {
      if (index.isUniqueInParent) {
        warnings.push(notCopied(of, index, uniqueInParent))
        continue
      }
      const definition = await parseDefinition(index, parsed)
      const scratch = { table: { schema, name: `t${at}` }, name: `i${units.length}` }
      if (definition) units.push({ of, index, definition, ...scratch })
      else warnings.push(notCopied(of, index, 'fdwsync cannot parse its definition'))
    }
  }
  if (units.length === 0) return { indexes: [], warnings }
  return rolledBack(session, sql`${beginTrial(session)}; CREATE SCHEMA ${ident(schema)}`, async () => {
    await createMissingPrerequisites(session, context, schema)
    await session.run(readingPath)
    const used = units.flatMap(({ index }) => index.extensions)
    const extensions = await existingExtensions(session, used)
    const recreated = await recreateByRepresentatives({ session, context, schema, extensions, warnings }, units)
    const indexes = units.flatMap((unit) => {
      const { of, index } = unit
      const spec = recreated.get(unit)
      return spec ? [{ of, name: index.name, stanza: indexStanza(of.schema, index.name, spec) }] : []
    })
    return { indexes, warnings }
  })
}

interface Trial {
  readonly session: Session
  readonly context: ServerContext
  /** A scratch schema. */
  readonly schema: string
  readonly extensions: ExtensionsHere
  readonly warnings: Warning[]
}

interface Unit {
  readonly of: IndexesToRecreate
  readonly index: RemoteIndex
  readonly definition: IndexDefinition
  readonly table: { readonly schema: string; readonly name: string }
  readonly name: string
}

type Recreated = ReadonlyMap<Unit, IndexSpec>

/** Creates one index of those that are alike. If that fails, the others are created too. */
async function recreateByRepresentatives(trial: Trial, units: readonly Unit[]): Promise<Recreated> {
  const groups = await groupsOf(trial, units)
  const represented = new Map(groups.flatMap(([first, ...rest]) => rest.map((unit) => [unit, first])))
  const recreated = await recreate(
    trial,
    units.filter((unit) => !represented.has(unit)),
  )
  const known = new Map(
    Array.from(represented, ([unit, first]) => {
      const spec = first && recreated.get(first)
      return spec ? [[unit, withColumns(spec, unit.definition.columns, unit.definition.include)] as const] : []
    }).flat(),
  )
  const uncertain = await recreate(
    trial,
    [...represented.keys()].filter((unit) => !known.has(unit)),
  )
  return new Map([...recreated, ...known, ...uncertain])
}

async function groupsOf({ session }: Trial, units: readonly Unit[]): Promise<readonly (readonly Unit[])[]> {
  if (await hasEventTriggers(session)) return []
  const columns = new Map(
    [...new Set(units.map(({ of }) => of))].map((of) => [
      of,
      new Map(Object.entries(of.columns).map(([name, column]) => [name, definitionOf('column', column)])),
    ]),
  )
  const alike = groupBy(units, ({ of, definition }) => signatureOf(definition, columns.get(of) ?? new Map()))
  return [...alike].flatMap(([signature, all]) => (signature === undefined ? [] : [all]))
}

async function recreate(trial: Trial, units: readonly Unit[]): Promise<Recreated> {
  const { session, schema, warnings } = trial
  const recreated = new Map<Unit, IndexSpec>()
  if (units.length === 0) return recreated
  const trustworthy = await withoutForeignCode(trial, units)
  for (let start = 0; start < trustworthy.length; start += batchSize) {
    await session.run(sql`${readingPath}; SAVEPOINT batch`)
    const created = await createIndexes(trial, trustworthy.slice(start, start + batchSize))
    const foreign = new Map((await foreignExpressions(session, schema)).map(({ object, reason }) => [object, reason]))
    warnings.push(...created.flatMap(({ of, index, name }) => notCopiedIf(of, index, foreign.get(name))))
    const read = await readIndexes(
      trial,
      created.filter(({ name }) => !foreign.has(name)),
    )
    for (const [unit, spec] of read) recreated.set(unit, spec)
    await session.run(trusted('ROLLBACK TO batch; RELEASE batch'))
  }
  return recreated
}

/** A source is not trusted with code, and PostgreSQL computes constant parts of expressions when it creates the index. */
async function withoutForeignCode({ session, warnings }: Trial, units: readonly Unit[]): Promise<readonly Unit[]> {
  const candidates = units.flatMap((unit) =>
    unit.definition.expressions.map((tree) => ({ unit, tree, isSimplified: true })),
  )
  const reasons = candidates.length === 0 ? [] : await rejections(session, candidates)
  const rejected = new Map(candidates.flatMap(({ unit }, at) => (reasons[at] ? [[unit, reasons[at]] as const] : [])))
  const code = await readEvaluatingCode(session)
  for (const unit of units) {
    const run = rejected.has(unit)
      ? []
      : await runByStatements(session, code, [{ sql: createIndex(unit.definition, unit.table, unit.name) }])
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

/** Creates all at once or, if that fails, each half on its own. Returns those that could be created. */
async function createIndexes(trial: Trial, units: readonly Unit[]): Promise<readonly Unit[]> {
  const { session, warnings } = trial
  const creations = units.map(({ definition, table, name }) => createIndex(definition, table, name))
  try {
    await inSavepoint(session, () => session.run(join([...tablesOf(units), ...creations], '; ')))
    return units
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    const [only] = units
    if (only && units.length === 1) {
      warnings.push(notCopied(only.of, only.index, whyNotCreated(trial, only.index, error)))
      return []
    }
    const middle = units.length >> 1
    const created = await createIndexes(trial, units.slice(0, middle))
    return [...created, ...(await createIndexes(trial, units.slice(middle)))]
  }
}

function whyNotCreated(
  { session: { serverVersion }, extensions: here }: Trial,
  { definition, extensions }: RemoteIndex,
  error: DatabaseError,
): string {
  if (serverVersion < 150_000 && error.sqlstate === '42601' && / NULLS NOT DISTINCT/.test(definition)) {
    return 'NULLS NOT DISTINCT needs PostgreSQL 15 or later here. A unique index without it can be declared below "indexes" of the copy'
  }
  const missing = extensions.filter(({ name, schema }) => here.schemaOf.get(name) !== schema)
  if (error.sqlstate !== '42704' || missing.length === 0) return error.message
  const reasons = missing.map((each) => whyOfExtension('it has an operator class of', each, here))
  return reasons.map(({ reason, hint }) => `${reason}. ${hint}`).join(' ')
}

/** Creates the tables of the indexes, unless they exist. A failed attempt may have left some of them. */
function tablesOf(units: readonly Unit[]): readonly Sql[] {
  const tables = new Map(units.map(({ of, table }) => [table.name, { of, table }]))
  return Array.from(tables.values(), ({ of, table }) => {
    const columns = Object.entries(of.columns).map(([name, column]) => definitionOf(name, column))
    return sql`CREATE TABLE IF NOT EXISTS ${qualified(table.schema, table.name)} (${join(columns, ', ')})`
  })
}

function definitionOf(name: string, column: Column): Sql {
  const bare: Column = { ...column, notNull: false, default: null, generated: null, options: {} }
  return statementOf(columnDefinition(name, bare)).sql
}

async function readIndexes({ session, context }: Trial, units: readonly Unit[]): Promise<Recreated> {
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const ids = units.map(({ table, name }) => ({ kind: 'index' as const, schema: table.schema, name }))
  const { live } = await readCatalog(session, ids, context.digests.salt, units[0]?.table.schema)
  const found = Array.from(live.values(), (object) => {
    const index = asKind(object, 'index')
    const unit = index && byName.get(index.id.name)
    return unit ? [[unit, index.spec] as const] : []
  })
  return new Map(found.flat())
}

function notCopied({ schema, table }: IndexesToRecreate, { name }: RemoteIndex, reason: string): Warning {
  const message = `index ${ident(name)} of the source is not created on ${qualified(schema, table)}: ${reason}`
  return { code: 'source/index', message }
}
