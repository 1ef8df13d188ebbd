// Creates many probed objects at once, and finds those that fail.

import type { DeclaredObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf, relationKey } from '../core/object.ts'
import { sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { turnOffExposure } from '../db/secrets/exposure.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'
import { batchesToEvaluate, withoutEvaluation, wouldEvaluate } from './evaluation.ts'
import { dependencyFinding, exposureFinding, leakFinding } from './findings.ts'
import { probePath } from './namesakes.ts'
import { mayNeedUnmanagedUsers } from './references.ts'
import { errorFinding } from './rejection.ts'
import type { ProbeRun } from './run.ts'
import { type FailedStatements, tryStatements } from './try-statements.ts'
import type { Unit } from './unit.ts'

/**
 * Creates many objects, except those whose creation would run user-defined code. Returns the created objects, and adds a finding
 * for each of the others.
 */
export async function createOrBisect(run: ProbeRun, all: readonly Unit[]): Promise<readonly DeclaredObject[]> {
  const created: DeclaredObject[] = []
  for (const batch of await batchesToEvaluate(run, all)) {
    const possible = batch.filter(({ object }) => !hasFailedDependency(run, object))
    created.push(...(await createHalves(run, await withoutEvaluation(run, possible))))
  }
  return created
}

/**
 * Runs all statements in one batch. If it fails, tries each half on its own, so that objects that fail do not affect the others.
 */
async function createHalves(run: ProbeRun, all: readonly Unit[]): Promise<readonly DeclaredObject[]> {
  const units = all.filter(({ object }) => !hasFailedDependency(run, object))
  if (units.length === 0) return []
  const failed = await tryStatements(
    run,
    units.flatMap(({ statements }) => statements),
  )
  if (!failed) return units.map(({ object }) => object)
  const [unit] = units
  if (unit && units.length === 1) {
    const own = await failureWithSecrets(run, unit, failed)
    if (own === undefined) return [unit.object]
    if (own === 'not tried') return []
    const { error, position } = own
    const key = keyOf(unit.object.id)
    const mayBeUnmanaged = mismatches.has(error.sqlstate) && (await mayNeedUnmanagedUsers(run, unit.statements))
    run.findings.push(mayBeUnmanaged ? leakFinding(key) : await errorFinding(run, unit.object, error, position))
    return []
  }
  const middle = units.length >> 1
  const created = await createHalves(run, units.slice(0, middle))
  return [...created, ...(await createHalves(run, units.slice(middle)))]
}

/** Skips an object if something that it needs has failed: its own error would be misleading. */
function hasFailedDependency(run: ProbeRun, { id, needs }: DeclaredObject): boolean {
  const failed = new Set(run.findings.map(({ key }) => key))
  const missing = needs.find((need) => failed.has(need) && !isUsable(run, need))
  if (missing === undefined) return false
  if (!failed.has(keyOf(id))) run.findings.push(dependencyFinding(run, id, missing))
  return true
}

/** Whether other objects can use the live object, because their SQL need not find a changed one in its place. */
function isUsable(run: ProbeRun, key: Key): boolean {
  const live = run.input.reading.live.get(key)
  if (!live || !('schema' in live.id)) return live !== undefined
  return !run.ownNames.has(relationKey(live.id.schema, live.id.name))
}

/** SQLSTATEs of errors that no value of an option causes: an unknown name of an option, a missing privilege, a lock. */
const notOfValues: ReadonlySet<string> = new Set(['HV00D', '42501', '55P03'])

/**
 * A wrapper can check the value of a secret, in place of which the probe sends `(secret)`. So a rejected object is tried once more
 * with its secrets, unless the server would record one of them. Then whether it accepts them is unknown.
 */
async function failureWithSecrets(
  run: ProbeRun,
  { object, withSecrets }: Unit,
  failed: FailedStatements,
): Promise<FailedStatements | 'not tried' | undefined> {
  if (!withSecrets || notOfValues.has(failed.error.sqlstate)) return failed
  const { session } = run
  await session.run(trusted('SAVEPOINT attempt'))
  try {
    const exposing = await turnOffExposure(session, withSecrets)
    if (exposing.length > 0) {
      run.findings.push(exposureFinding(keyOf(object.id), exposing))
      return 'not tried'
    }
    await session.run(manifestPath(probePath(run)))
    for (const statement of withSecrets) await session.executeApart(statement)
    await session.run(trusted('RELEASE attempt'))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await session.run(sql`ROLLBACK TO attempt`)
    return { error, position: undefined }
  }
}

/** Whether the server rejects an object. The trial leaves nothing behind. An object that must not be tried counts as accepted. */
export async function isRejected(run: ProbeRun, unit: Unit): Promise<boolean> {
  if (await wouldEvaluate(run, unit)) return false
  await run.session.run(trusted('SAVEPOINT trial'))
  const failed = await tryStatements(run, unit.statements)
  await run.session.run(trusted('ROLLBACK TO trial'))
  return failed !== undefined
}

/** SQLSTATEs for a function, operator or cast that does not exist, and for a value of the wrong type. */
const mismatches: ReadonlySet<string | undefined> = new Set(['42883', '42804', '42846', '42725'])

/** A batch with all objects that it needs, dependencies first. The stand-ins of earlier batches no longer exist. */
export function withNeeded(
  batch: readonly DeclaredObject[],
  all: ReadonlyMap<Key, DeclaredObject>,
): readonly DeclaredObject[] {
  const needed = new Set(batch)
  for (const { needs } of needed) {
    for (const object of needs.flatMap((need) => all.get(need) ?? [])) needed.add(object)
  }
  return topologicalOrder(
    needed,
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
}
