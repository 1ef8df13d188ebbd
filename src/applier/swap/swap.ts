// The swap at the end of a replacement: puts the successors in the place of the originals, in milliseconds.

import { topologicalOrder } from '../../core/graph.ts'
import { relationKey } from '../../core/object.ts'
import type { ReplaceStep } from '../../core/plan.ts'
import { join, sql, trusted } from '../../core/sql.ts'
import { throwIfInterrupted } from '../../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import { withRetries } from '../../db/retry.ts'
import type { Session } from '../../db/session.ts'
import { describeLockHolders, type LockHolder, readLockHolders } from '../../introspector/lock-holders.ts'
import { seenRepeatedly, waitsForItself } from '../../loader/self-wait.ts'
import type { ApplyContext } from '../context.ts'
import { lockForSwap, type SwappedRelation, swapTimeoutMilliseconds } from './lock-order.ts'
import { type Originals, readOriginals, replacementOf, requireUnchanged } from './originals.ts'
import { repointViews, swappedRelations } from './repoint-views.ts'

const attempts = 300

/** How many attempts in a row a session of the transaction itself may prevent, each of about a second. */
const attemptsAgainstItself = 3

/**
 * Swaps the members of a step inside the transaction that built the successors. In this order:
 *
 * 1. Lock every relation that changes, in ACCESS EXCLUSIVE mode: see lock-order.ts. From here until COMMIT, readers
 *    wait.
 * 2. Read the originals again, and stop if another session has changed one since its successor was built.
 * 3. Repoint unmanaged views to the successors, which are still in their scratch schemas.
 * 4. Move the originals out, dependents first; then move the successors in, dependents last. Each in its own order.
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
  const statements = swapStatements(context, step, originals)
  const replaced = step.members.flatMap(({ key }) => replacementOf(context.inHand, key).from.oid)
  const scratchSchemas = scratchSchemasOf(context, step)
  let holders: readonly LockHolder[] = []
  const findItself = seenRepeatedly(attemptsAgainstItself)
  const onRetry = (error: Error, attempt: number) => {
    throwIfInterrupted(signal)
    const reason = [error.message, describeLockHolders(holders)].filter((text) => text !== '').join(': ')
    if (attempt % 10 === 2) emit({ type: 'retrying', stage: 'build', reason, attempt })
  }
  await withRetries({ attempts, pauseMilliseconds: 25, onRetry }, async () => {
    await session.run(trusted('SAVEPOINT swap'))
    let relations: readonly SwappedRelation[] = []
    try {
      relations = await swappedRelations(session, replaced)
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
      holders = await readLockHolders(session, relations)
      throwIfItself(holders, findItself)
      throw error
    }
  })
}

/** Gives up on a lock of a session that reads for this transaction, and so lasts as long. */
function throwIfItself(holders: readonly LockHolder[], find: ReturnType<typeof seenRepeatedly>): void {
  const own = holders.filter(({ mayReadForUs }) => mayReadForUs)
  const itself = find(own.map(({ pid }) => pid))
  const holder = own.find(({ pid }) => pid === itself)
  if (holder) throw waitsForItself(holder.pid, `keeps a lock on ${holder.relation} until it ends`)
}

/**
 * Members are in the order in which the successors read each other. The originals have an order of their own: two views
 * may have read each other the other way round.
 */
function swapStatements(context: ApplyContext, { members }: ReplaceStep, originals: Originals) {
  const originalsFirstRead = topologicalOrder(
    members,
    ({ key }) => key,
    ({ key }) => replacementOf(context.inHand, key).from.needs,
  )
  const out = originalsFirstRead.toReversed().flatMap((member) => member.swap.out)
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
