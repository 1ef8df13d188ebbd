import type { DeclaredObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { join, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { ProbeFinding, ProbeRun } from './probe.ts'
import { manifestPath } from './read.ts'

interface Unit {
  readonly object: DeclaredObject
  readonly statements: readonly Statement[]
}

/**
 * Runs the statements of many objects at once; if one fails, each by itself, so that the guilty ones are found and do
 * not take the others down. Returns those that could be made, and notes why the others could not.
 */
export async function tryOut(run: ProbeRun, units: readonly Unit[]): Promise<readonly DeclaredObject[]> {
  if (units.length === 0) return []
  const failed = await attempt(run, units)
  if (!failed) return units.map(({ object }) => object)
  if (units.length === 1) {
    run.findings.push(...units.map(({ object }) => finding(object, failed)))
    return []
  }
  const made: DeclaredObject[] = []
  for (const unit of units) made.push(...(await tryOut(run, [unit])))
  return made
}

async function attempt(run: ProbeRun, units: readonly Unit[]): Promise<DatabaseError | undefined> {
  const statements: readonly Sql[] = units.flatMap((unit) => unit.statements.map((statement) => statement.sql))
  try {
    await run.session.run(trusted('SAVEPOINT attempt'))
    await run.session.run(join([manifestPath(run.input.searchPath), ...statements, trusted('RELEASE attempt')], ';\n'))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await run.session.run(sql`ROLLBACK TO attempt`)
    return error
  }
}

/** A lock or a missing right says nothing about the declaration; any other error does. */
function finding(object: DeclaredObject, error: DatabaseError): ProbeFinding {
  const key = keyOf(object.id)
  const hint = [error.detail, error.hint].filter((part) => part !== undefined).join(' ')
  if (error.sqlstate === '55P03') {
    const reason = 'what it reads is locked by another session, by a REFRESH for instance'
    return { key, status: 'undetermined', reason, hint: 'Plan again when that is done.' }
  }
  if (error.sqlstate === '42501') {
    const reason = `it could not be tried out on the server: ${error.message}`
    return { key, status: 'undetermined', reason, hint: hint || 'Grant the privilege to the role that plans.' }
  }
  return { key, status: 'problem', reason: error.message, hint }
}
