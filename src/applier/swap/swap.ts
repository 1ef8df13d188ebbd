// The swap at the end of a replacement: puts the successors in the place of the originals, in milliseconds.

import { relationKey } from '../../core/object.ts'
import type { ReplaceStep } from '../../core/plan.ts'
import { join, sql, trusted } from '../../core/sql.ts'
import { throwIfInterrupted } from '../../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import { withRetries } from '../../db/retry.ts'
import type { Session } from '../../db/session.ts'
import type { ApplyContext } from '../context.ts'
import { lockForSwap, swapTimeoutMilliseconds } from './lock-order.ts'
import { type Originals, readOriginals, replacementOf, requireUnchanged } from './originals.ts'
import { repointViews, swappedRelations } from './repoint-views.ts'

const attempts = 300

/**
 * Swaps the members of a step inside the transaction that built the successors. In this order:
 *
 * 1. Lock every relation that changes, in ACCESS EXCLUSIVE mode: see lock-order.ts. From here until COMMIT, readers
 *    wait.
 * 2. Read the originals again, and stop if another session has changed one since its successor was built.
 * 3. Repoint unmanaged views to the successors, which are still in their scratch schemas.
 * 4. Move the originals out, dependents first; then move the successors in, dependents last.
 *
 * What fails because of a lock is rolled back to a savepoint and attempted again: the build itself is not repeated.
 * Runs under `readingPath`.
 */
export async function swap(
  context: ApplyContext,
  session: Session,
  step: ReplaceStep,
  originals: Originals,
): Promise<void> {
  const { emit, signal } = context.options
  const statements = swapStatements(step, originals)
  const replaced = step.members.flatMap(({ key }) => replacementOf(context.inHand, key).from.oid)
  const scratchSchemas = scratchSchemasOf(context, step)
  const onRetry = (error: Error, attempt: number) => {
    throwIfInterrupted(signal)
    if (attempt % 10 === 2) emit({ type: 'retrying', stage: 'build', reason: error.message, attempt })
  }
  await withRetries({ attempts, pauseMilliseconds: 25, onRetry }, async () => {
    await session.run(trusted('SAVEPOINT swap'))
    try {
      const relations = await swappedRelations(session, replaced)
      await lockForSwap(session, relations)
      // Locks that the statements below need in addition, on servers' dependents for example, may not wait for long
      // either.
      await session.run(sql`SET LOCAL lock_timeout = ${trusted(String(swapTimeoutMilliseconds))}`)
      requireUnchanged(originals, await readOriginals(session, step, context.inHand))
      const views = relations.filter(({ oid }) => !replaced.includes(oid))
      const scratchOf = (schema: string, name: string) => scratchSchemas.get(relationKey(schema, name))
      await repointViews(context, session, views, scratchOf)
      await session.run(statements)
    } catch (error) {
      if (!isDatabaseError(error) || session.isLost()) throw error
      await session.run(trusted('ROLLBACK TO swap'))
      // If another session has dropped or changed an original, report that instead of the error that it caused.
      if (!isTransient(error)) requireUnchanged(originals, await readOriginals(session, step, context.inHand))
      throw error
    }
  })
}

/** Members are in the order of their dependencies: each comes after the members that it reads. */
function swapStatements({ members }: ReplaceStep, originals: Originals) {
  const out = members.toReversed().flatMap((member) => member.swap.out)
  const into = members.flatMap((member) => member.swap.in)
  return join(
    [
      ...originals.flatMap(({ attachments }) => attachments.beforeSwap),
      ...[...out, ...into].map((statement) => statement.sql),
      ...originals.flatMap(({ attachments }) => attachments.afterSwap),
    ],
    ';\n',
  )
}

/** By `relationKey`: the scratch schema that has the successor of a relation. */
function scratchSchemasOf(context: ApplyContext, step: ReplaceStep): ReadonlyMap<string, string> {
  return new Map(
    step.members.flatMap(({ key, scratch }) => {
      const { id } = replacementOf(context.inHand, key).from
      return 'schema' in id && scratch !== undefined ? [[relationKey(id.schema, id.name), scratch]] : []
    }),
  )
}
