// Keeps a plan from running user-defined code: it does not create objects whose creation would run some.

import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf } from '../core/object.ts'
import { ident, type Statement, trusted } from '../core/sql.ts'
import { isTransient } from '../db/database-error.ts'
import { describeCode, type EvaluatedCode, type EvaluationContext } from '../introspector/evaluation/evaluated-code.ts'
import {
  type EvaluatingCode,
  evaluationReason,
  readEvaluatingCode,
  runByStatements,
} from '../introspector/evaluation/evaluation.ts'
import { calledByViews } from '../introspector/evaluation/expressions.ts'
import { runForPartition } from '../introspector/evaluation/partitioned.ts'
import { readReferencedCode } from '../introspector/referenced-code.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { nameOf } from '../kinds/facets/names.ts'
import { parentOf } from '../kinds/registry.ts'
import { byName, canBeInScratch } from './found-by-name.ts'
import { probePath } from './namesakes.ts'
import { errorFinding, withDeclaredSchemas } from './rejection.ts'
import type { ProbeRun } from './run.ts'
import { tryStatements } from './try-statements.ts'
import type { Unit } from './unit.ts'

/**
 * Splits the units into batches that can be judged one after the other, since what an object runs may depend on what was created
 * before it. In most databases only types matter: no literal runs code until its type exists.
 */
export async function batchesToEvaluate(run: ProbeRun, units: readonly Unit[]): Promise<readonly (readonly Unit[])[]> {
  if (run.input.mayEvaluate === 'everything' || units.length === 0) return [units]
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

/** The units that can be created. Adds a finding for each of the others. */
export async function withoutEvaluation(run: ProbeRun, all: readonly Unit[]): Promise<readonly Unit[]> {
  if (run.input.mayEvaluate === 'everything' || all.length === 0) return all
  const code = await evaluatingCode(run)
  if (all.some(({ object }) => byName(object.id) !== undefined)) run.evaluatingCode = undefined
  const units: Unit[] = []
  for (const unit of all) {
    const found = await runByUnit(run, code, unit)
    if (found.length === 0) units.push(unit)
    else run.findings.push(evaluationFinding(run, unit, found))
  }
  return withoutFolding(run, units)
}

/** Once a type runs code, each relation with a column of that type counts too. */
async function evaluatingCode(run: ProbeRun): Promise<EvaluatingCode> {
  if (run.evaluatingCode && !run.evaluatingCode.types) return run.evaluatingCode
  await run.session.run(readingPath)
  run.evaluatingCode = await readEvaluatingCode(run.session, contextOf(run))
  return run.evaluatingCode
}

/** Whether the creation of an object would run user-defined code. */
export async function wouldEvaluate(run: ProbeRun, unit: Unit): Promise<boolean> {
  const findings = run.findings.length
  const units = await withoutEvaluation(run, [unit])
  run.findings.length = findings
  return units.length === 0
}

async function runByUnit(run: ProbeRun, code: EvaluatingCode, unit: Unit): Promise<readonly EvaluatedCode[]> {
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
  if (!row?.oid) return found
  const inPartition = await runForPartition(session, row.oid, code.types, hasBound, contextOf(run))
  // The owner of the parent has chosen what its key runs, and the manifest names that parent.
  return run.input.mayEvaluate === 'nothing' ? [...found, ...inPartition] : found
}

/** An apply leaves out only untrusted code. */
function contextOf(run: ProbeRun): EvaluationContext {
  const { trustedRoles, mayEvaluate, withUnmanaged } = run.input
  if (mayEvaluate === 'nothing') return { trustedRoles }
  return { trustedRoles, isUntrustedOnly: true, ...(withUnmanaged ? {} : { foundIn: probePath(run) }) }
}

interface View {
  readonly unit: Unit
  readonly name: string
  readonly statements: readonly Statement[]
}

/** Leaves out units whose expressions PostgreSQL would simplify by calling user-defined functions. */
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
    contextOf(run),
  )
  const isRefused = await refusedViews(run, created)
  await session.run(trusted('ROLLBACK TO views'))
  const left = new Set(views.filter((view) => !created.includes(view)).map(({ unit }) => unit))
  for (const { unit, name } of created) {
    const isTrustedOnly = run.input.mayEvaluate !== 'nothing'
    const functions = (called.get(name) ?? []).filter(({ isTrusted }) => !(isTrustedOnly && isTrusted))
    if (functions.length === 0 || !isRefused(unit)) continue
    left.add(unit)
    run.findings.push(evaluationFinding(run, unit, functions))
  }
  return units.filter((unit) => !left.has(unit))
}

/** Returns the views that could be created. For the others, the error of the view is that of the object. */
async function createViews(run: ProbeRun, views: readonly View[]): Promise<readonly View[]> {
  if (views.length === 0) return []
  const statements = views.flatMap((view) => view.statements)
  const failed = await tryStatements(run, statements)
  if (!failed) return views
  const { error, position } = failed
  if (isTransient(error)) throw error
  const [only] = views
  if (only && views.length === 1) {
    run.findings.push(await errorFinding(run, only.unit.object, error, position))
    return []
  }
  const middle = views.length >> 1
  const created = await createViews(run, views.slice(0, middle))
  return [...created, ...(await createViews(run, views.slice(middle)))]
}

/** In an apply, refuses units whose expressions find untrusted code. What they name with its schema is the author's decision. */
async function refusedViews(run: ProbeRun, views: readonly View[]): Promise<(unit: Unit) => boolean> {
  const { session, input, scratchSchema, settled } = run
  if (input.mayEvaluate === 'nothing') return () => true
  const rows = await session.query<{ oid: number; name: string }>(
    trusted(
      `SELECT c.oid, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1`,
    ),
    [scratchSchema],
  )
  const oids = new Map(rows.map(({ oid, name }) => [name, oid]))
  const users = views.map(({ unit: { object }, name }) => {
    const parent = parentOf(object)
    return { object, catalog: 'pg_class', oid: oids.get(name) ?? 0, parent: parent && settled.get(parent) }
  })
  const { trustedRoles, declared } = input
  const code = await readReferencedCode(session, users, { searchPath: probePath(run), trustedRoles, declared })
  return ({ object }) => (code.get(keyOf(object.id)) ?? []).some(({ isTrusted, isNamed }) => !isTrusted && !isNamed)
}

function evaluationFinding(run: ProbeRun, { object }: Unit, found: readonly EvaluatedCode[]): ProbeFinding {
  const code = found.map((each) => ({ ...each, title: withDeclaredSchemas(run, each.title, ident) }))
  const key = keyOf(object.id)
  const status = 'undetermined'
  const advice = 'To allow it, name it with its schema, add its owner to trusted_roles, or use --allow untrusted-code.'
  if (run.input.mayEvaluate !== 'nothing') {
    const reason = `creating it would run ${describeCode(code)}`
    return { code: 'object/untrusted-code', key, status, reason, hint: advice }
  }
  const hint = code.every(({ isTrusted }) => isTrusted)
    ? 'An apply runs it. To avoid that, write the result instead of the call.'
    : `An apply refuses that. ${advice}`
  return { code: 'object/evaluates-code', key, status, reason: evaluationReason(code), hint }
}
