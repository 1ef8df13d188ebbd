// Creates, in a transaction that is rolled back, the declared objects that an import needs and that do not exist yet:
// schemas, extensions, types.

import type { DeclaredObject } from '../../core/change.ts'
import { topologicalOrder } from '../../core/graph.ts'
import { keyOf, type ObjectId } from '../../core/object.ts'
import { ident, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { runByStatements } from '../../introspector/evaluation/evaluation.ts'
import { manifestPath, readingPath } from '../../introspector/transaction-settings.ts'
import { kindOf } from '../../kinds/registry.ts'
import { differencesOf, forbiddenCode, type ServerContext } from '../server-context.ts'

/**
 * Skips objects that cannot be created or would run user-defined code: the probe reports these. An enumeration with new values is
 * recreated, because a value that was added cannot be used before COMMIT. A live type with the name of a new one is moved into a
 * schema whose name begins with `scratch`.
 */
export async function createMissingPrerequisites(
  session: Session,
  context: ServerContext,
  scratch: string,
): Promise<void> {
  const prerequisites = topologicalOrder(
    context.declared.filter(({ id }) => isPrerequisite(id)),
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
  for (const [at, object] of prerequisites.entries()) {
    const statements = statementsToCreate(context, object, `${scratch}_aside_${at}`)
    if (statements.length === 0) continue
    await session.run(readingPath)
    // A created object can cause user-defined code to run in the ones after it.
    const forbidden = await forbiddenCode(session, context)
    if (forbidden && (await runByStatements(session, forbidden, statements)).length > 0) continue
    const path = object.id.kind === 'type' ? manifestPath(context.searchPath) : readingPath
    await inSavepoint(session, async () => {
      await session.run(path)
      for (const { sql: text } of statements) await session.run(text)
    }).catch((error: unknown) => {
      if (!isDatabaseError(error) || isTransient(error)) throw error
    })
  }
}

function isPrerequisite(id: ObjectId): boolean {
  return id.kind === 'type' || kindOf(id).probe.how === 'by-name'
}

/**
 * The statements that create an object under its name, with all that other objects can depend on. There are none if the live object
 * is good enough. Otherwise the live object is moved into the new schema `aside`.
 */
export function statementsToCreate(
  context: ServerContext,
  object: DeclaredObject,
  aside: string,
): readonly Statement[] {
  const { id, spec } = object
  const kind = kindOf(id)
  const live = context.reading.live.get(keyOf(id))
  if (!live) return kind.create(id, spec)
  if (kind.probe.how !== 'read-back' || !kind.probe.byName?.intoSchema) return []
  const { affectsOthers } = kind.probe.byName
  const suffices = !differencesOf(context, object, live).some((field) => affectsOthers?.(field, live.spec))
  if (suffices) return []
  return [
    statement(sql`CREATE SCHEMA ${ident(aside)}`),
    kind.probe.byName.intoSchema(id, aside),
    ...kind.create(id, spec),
  ]
}

/** Runs work that may fail without ending the transaction. */
export async function inSavepoint<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run(trusted('SAVEPOINT part'))
  try {
    const result = await work()
    await session.run(trusted('RELEASE part'))
    return result
  } catch (error) {
    if (!session.isLost()) await session.run(sql`ROLLBACK TO part; RELEASE part`)
    throw error
  }
}
