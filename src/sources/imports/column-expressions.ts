// Defaults and generation expressions of a source's columns. IMPORT FOREIGN SCHEMA puts their text into CREATE FOREIGN TABLE as the
// source sends it, so they are not imported that way. They are read from the source's catalog, and the accepted ones are added to
// the imported tables.

import { groupBy } from '../../core/data.ts'
import { keyOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../../introspector/evaluation/evaluation.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { readingPath } from '../../introspector/transaction-settings.ts'
import { foreignTable } from '../../kinds/foreign-table/foreign-table.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { asKind } from '../../kinds/specs.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { parseExpression, rejections } from '../built-in-expressions.ts'
import type { RemoteExpression } from '../remote-catalog.ts'
import { foreignExpressions } from '../stored-expressions.ts'
import type { ImportRun } from './import-tables.ts'
import { inSavepoint } from './prerequisites.ts'

/** The expressions of requested columns, as the source has them. */
export interface ColumnExpressions {
  readonly all: readonly RemoteExpression[]
  /** The expressions whose names are acceptable, by table. */
  readonly ofTables: ReadonlyMap<string, readonly RemoteExpression[]>
  readonly omitted: Map<RemoteExpression, string>
}

/** Decides by names which expressions are taken over. */
export async function chooseExpressions(
  { session }: ImportRun,
  all: readonly RemoteExpression[],
): Promise<ColumnExpressions> {
  const candidates = await Promise.all(
    all.map(async ({ text, isGenerated }) => ({ tree: await parseExpression(text), isSimplified: isGenerated })),
  )
  const reasons = all.length === 0 ? [] : await rejections(session, candidates)
  const omitted = new Map(
    all.flatMap((each, at) => {
      const reason = reasons[at]
      return reason === undefined ? [] : [[each, reason] as const]
    }),
  )
  const kept = all.filter((each) => !omitted.has(each))
  return { all, omitted, ofTables: groupBy(kept, ({ table }) => table) }
}

/** Adds the expressions to imported tables, except those that this server cannot create, or understands differently. */
export async function withExpressions(
  run: ImportRun,
  imported: ReadonlyMap<string, ForeignTableSpec>,
  { ofTables, omitted }: ColumnExpressions,
): Promise<ReadonlyMap<string, ForeignTableSpec>> {
  const tables = new Map(imported)
  const candidates = [...ofTables].flatMap(([name, own]) => {
    const spec = tables.get(name)
    const left = own.filter((each) => !omitted.has(each) && spec?.columns[each.column])
    return spec && left.length > 0 ? [{ name, spec, expressions: left }] : []
  })
  if (candidates.length === 0) return tables
  const schema = `${run.scratch}_expressions`
  const { session } = run
  await session.run(sql`${readingPath}; SAVEPOINT expressions; CREATE SCHEMA ${ident(schema)}`)
  const created = await createTables(run, schema, candidates, omitted)
  for (const { object, part, reason } of await foreignExpressions(session, schema)) {
    const foreign = created.find(({ name }) => name === object)?.expressions.find(({ column }) => column === part)
    if (foreign) omitted.set(foreign, reason)
  }
  const ids = created.map(({ name }) => ({ kind: 'foreignTable' as const, schema, name }))
  const { live } = await readCatalog(session, ids, run.context.digests.salt)
  await session.run(trusted('ROLLBACK TO expressions; RELEASE expressions'))
  for (const { name, spec, expressions } of created) {
    const read = asKind(live.get(keyOf({ kind: 'foreignTable', schema, name })), 'foreignTable')?.spec
    const taken = expressions.filter((each) => !omitted.has(each))
    const columns = taken.map(({ column }) => [column, { ...spec.columns[column], ...valuesOf(read?.columns[column]) }])
    tables.set(name, { ...spec, columns: { ...spec.columns, ...Object.fromEntries(columns) } })
  }
  return tables
}

function valuesOf(column: ForeignTableSpec['columns'][string] | undefined) {
  return column && { default: column.default, generated: column.generated, virtual: column.virtual }
}

interface Candidate {
  readonly name: string
  readonly spec: ForeignTableSpec
  readonly expressions: readonly RemoteExpression[]
}

/** Creates all at once or, if that fails, each half on its own. Returns what could be created. */
async function createTables(
  run: ImportRun,
  schema: string,
  candidates: readonly Candidate[],
  omitted: Map<RemoteExpression, string>,
): Promise<readonly Candidate[]> {
  if (candidates.length === 0) return []
  const { session } = run
  const statements = candidates.flatMap((each) => statementsOf(schema, each))
  const code = await runByStatements(session, await readEvaluatingCode(session), statements)
  const failure =
    code.length > 0
      ? evaluationReason(code)
      : await failureOf(
          run,
          statements.map((each) => each.sql),
        )
  if (failure === undefined) return candidates
  const [only] = candidates
  const [expression] = only?.expressions ?? []
  if (only && candidates.length === 1 && only.expressions.length <= 1) {
    if (expression) omitted.set(expression, failure)
    return []
  }
  if (only && candidates.length === 1) {
    const each = only.expressions.map((one) => ({ ...only, expressions: [one] }))
    const good: RemoteExpression[] = []
    for (const one of each) {
      await session.run(trusted('SAVEPOINT alone'))
      if ((await createTables(run, schema, [one], omitted)).length > 0) good.push(...one.expressions)
      await session.run(trusted('ROLLBACK TO alone; RELEASE alone'))
    }
    return createTables(run, schema, good.length > 0 ? [{ ...only, expressions: good }] : [], omitted)
  }
  const middle = candidates.length >> 1
  const created = await createTables(run, schema, candidates.slice(0, middle), omitted)
  return [...created, ...(await createTables(run, schema, candidates.slice(middle), omitted))]
}

function statementsOf(schema: string, { name, spec, expressions }: Candidate) {
  const columns = { ...spec.columns }
  for (const { column, isGenerated, text } of expressions) {
    const plain = columns[column]
    if (plain) columns[column] = { ...plain, ...(isGenerated ? { generated: text } : { default: text }) }
  }
  return foreignTable.create({ kind: 'foreignTable', schema, name }, { ...spec, columns })
}

async function failureOf({ session }: ImportRun, statements: readonly Sql[]): Promise<string | undefined> {
  try {
    await inSavepoint(session, () => session.run(join(statements, '; ')))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    return error.message
  }
}

/** Warnings about expressions of imported tables that are not taken over, with what to do. */
export function expressionWarnings(
  { schema, path }: ImportRequest,
  tables: ReadonlyMap<string, unknown>,
  { omitted }: ColumnExpressions,
): readonly Warning[] {
  return [...omitted].flatMap(([{ table, column, isGenerated, text }, reason]) => {
    if (!tables.has(table)) return []
    const what = isGenerated ? 'the generation expression' : 'the default'
    const stanza = JSON.stringify({
      [table]: { columns: { [column]: { [isGenerated ? 'generated' : 'default']: text } } },
    })
    const where =
      path[0] === 'mirrors' ? `below "foreign_tables" of schema ${ident(schema)}` : 'below "tables" of the import'
    const message = `foreign table ${qualified(schema, table)}: ${what} of column ${ident(column)} is not imported, because ${reason}. To have it, declare it ${where}: ${stanza}`
    return [{ code: 'source/expression', message }]
  })
}
