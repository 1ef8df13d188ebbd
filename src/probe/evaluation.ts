// Keeps a plan from running user-defined code: leaves out the objects whose creation would run some.

import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf } from '../core/object.ts'
import { join, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import {
  type EvaluatingCode,
  evaluationReason,
  readEvaluatingCode,
  runByStatements,
} from '../introspector/evaluation/evaluation.ts'
import { calledByViews } from '../introspector/evaluation/expressions.ts'
import { runForPartition } from '../introspector/evaluation/partitioned.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { nameOf } from '../kinds/facets/names.ts'
import { byName, canBeInScratch } from './found-by-name.ts'
import { inScratchSchemas, probePath } from './namesakes.ts'
import { errorFinding } from './rejection.ts'
import type { ProbeRun } from './run.ts'
import type { Unit } from './unit.ts'

/**
 * Batches of which each can be judged before it is created: what an object does may depend on what is created before it. No
 * literal runs code until there is a type for it, so types alone matter in most databases.
 */
export async function batchesToEvaluate(run: ProbeRun, units: readonly Unit[]): Promise<readonly (readonly Unit[])[]> {
  if (run.input.mayEvaluate || units.length === 0) return [units]
  const { types } = await evaluatingCode(run)
  const batches: Unit[][] = [[]]
  let keys = new Set<Key>()
  for (const unit of units) {
    const { id, needs } = unit.object
    const isTypeWithLiteral = canBeInScratch(id) && unit.statements.some(({ sql: text }) => text.includes("'"))
    if (isTypeWithLiteral || (types && needs.some((need) => keys.has(need)))) {
      batches.push([])
      keys = new Set()
    }
    batches.at(-1)?.push(unit)
    keys.add(keyOf(id))
  }
  return batches
}

/** The units that can be created. Adds a finding for each other one. */
export async function withoutEvaluation(run: ProbeRun, all: readonly Unit[]): Promise<readonly Unit[]> {
  if (run.input.mayEvaluate || all.length === 0) return all
  const code = await evaluatingCode(run)
  if (all.some(({ object }) => byName(object.id) !== undefined)) run.evaluatingCode = undefined
  const units: Unit[] = []
  for (const unit of all) {
    const found = await runByUnit(run, code, unit)
    if (found.length === 0) units.push(unit)
    else run.findings.push(evaluationFinding(keyOf(unit.object.id), found))
  }
  return withoutFolding(run, units)
}

/** Once a type runs code, each relation with a column of that type counts too. */
async function evaluatingCode(run: ProbeRun): Promise<EvaluatingCode> {
  if (run.evaluatingCode && !run.evaluatingCode.types) return run.evaluatingCode
  await run.session.run(readingPath)
  run.evaluatingCode = await readEvaluatingCode(run.session)
  return run.evaluatingCode
}

/** Whether the creation of an object would run user-defined code. */
export async function wouldEvaluate(run: ProbeRun, unit: Unit): Promise<boolean> {
  const findings = run.findings.length
  const units = await withoutEvaluation(run, [unit])
  run.findings.length = findings
  return units.length === 0
}

async function runByUnit(run: ProbeRun, code: EvaluatingCode, unit: Unit): Promise<readonly string[]> {
  const { session } = run
  const found = await runByStatements(session, code, unit.statements)
  if (!unit.partitioned) return found
  const { name, hasBound } = unit.partitioned
  await session.run(manifestPath(probePath(run)))
  const [row] = await session.query<{ oid: number | null }>(
    trusted('SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid'),
    [nameOf(name)],
  )
  await session.run(readingPath)
  return row?.oid ? [...found, ...(await runForPartition(session, row.oid, code.types, hasBound))] : found
}

interface View {
  readonly unit: Unit
  readonly name: string
  readonly statements: readonly Statement[]
}

/** Leaves out those whose expressions PostgreSQL would simplify by calling user-defined functions. */
async function withoutFolding(run: ProbeRun, units: readonly Unit[]): Promise<readonly Unit[]> {
  const { session, scratchSchema: schema } = run
  const views = units.flatMap((unit): readonly View[] => {
    const name = `${schema}_s${run.names++}`
    const statements = unit.expressions?.({ schema, name }) ?? []
    return statements.length === 0 ? [] : [{ unit, name, statements }]
  })
  if (views.length === 0) return units
  await session.run(trusted('SAVEPOINT views'))
  const created = await createViews(run, views)
  await session.run(readingPath)
  const called = await calledByViews(
    session,
    schema,
    created.map(({ name }) => name),
  )
  await session.run(trusted('ROLLBACK TO views'))
  const left = new Set(views.filter((view) => !created.includes(view)).map(({ unit }) => unit))
  for (const { unit, name } of created) {
    const functions = called.get(name) ?? []
    if (functions.length === 0) continue
    left.add(unit)
    run.findings.push(evaluationFinding(keyOf(unit.object.id), functions))
  }
  return units.filter((unit) => !left.has(unit))
}

/** Returns the views that could be created. For the others, the error of the view is that of the object. */
async function createViews(run: ProbeRun, views: readonly View[]): Promise<readonly View[]> {
  if (views.length === 0) return []
  const { session } = run
  const all: readonly Sql[] = (
    await inScratchSchemas(
      run,
      views.flatMap(({ statements }) => statements),
    )
  ).map((each) => each.sql)
  try {
    await session.run(trusted('SAVEPOINT half'))
    await session.run(join([manifestPath(probePath(run)), ...all, trusted('RELEASE half')], ';\n'))
    return views
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    await session.run(sql`ROLLBACK TO half`)
    const [only] = views
    if (only && views.length === 1) {
      run.findings.push(await errorFinding(run, only.unit.object, error))
      return []
    }
    const middle = views.length >> 1
    const created = await createViews(run, views.slice(0, middle))
    return [...created, ...(await createViews(run, views.slice(middle)))]
  }
}

function evaluationFinding(key: Key, code: readonly string[]): ProbeFinding {
  return {
    code: 'object/evaluates-code',
    key,
    status: 'undetermined',
    reason: evaluationReason(code),
    hint: 'An apply runs it. To avoid that, write the result instead of the call.',
  }
}
