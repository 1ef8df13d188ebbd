// The swap at the end of a replacement: puts the successors in the place of the originals, in milliseconds.

import { topologicalOrder } from '../../core/graph.ts'
import { relationKey } from '../../core/object.ts'
import { join, sql, trusted } from '../../core/sql.ts'
import { throwIfInterrupted } from '../../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import { withRetries } from '../../db/retry.ts'
import type { Session } from '../../db/session.ts'
import { describeLockHolders, type LockHolder, readLockHolders } from '../../introspector/lock-holders.ts'
import { seenRepeatedly, waitsForItself } from '../self-wait.ts'
import { lockForSwap, type SwappedRelation, swapTimeoutMilliseconds } from './lock-order.ts'
import { type Originals, readOriginals, requireUnchanged } from './originals.ts'
import type { ReplacementContext, ReplacementSet } from './replacement-set.ts'
import { repointViews, swappedRelations } from './repoint-views.ts'

const attempts = 300

/** How many attempts in a row a session of the transaction itself may prevent, each of about a second. */
const attemptsAgainstItself = 3

/**
 * Swaps the members of a set inside the transaction that built the successors. In this order:
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
  { trust, signal, onRetry }: ReplacementContext,
  session: Session,
  set: ReplacementSet,
  originals: Originals,
): Promise<void> {
  const statements = swapStatements(set, originals)
  const replaced = set.members.map(({ change }) => change.from.oid)
  const scratchSchemas = scratchSchemasOf(set)
  let holders: readonly LockHolder[] = []
  const findItself = seenRepeatedly(attemptsAgainstItself)
  const report = (error: Error, attempt: number) => {
    throwIfInterrupted(signal)
    const reason = [error.message, describeLockHolders(holders)].filter((text) => text !== '').join(': ')
    if (attempt % 10 === 2) onRetry(reason, attempt)
  }
  await withRetries({ attempts, pauseMilliseconds: 25, onRetry: report }, async () => {
    await session.run(trusted('SAVEPOINT swap'))
    let relations: readonly SwappedRelation[] = []
    try {
      relations = await swappedRelations(session, replaced)
      await lockForSwap(session, relations)
      // Locks that the statements below need in addition, on servers' dependents for example, may not wait for long
      // either.
      await session.run(sql`SET LOCAL lock_timeout = ${trusted(String(swapTimeoutMilliseconds))}`)
      requireUnchanged(originals, await readOriginals(session, set))
      const views = relations.filter(({ oid }) => !replaced.includes(oid))
      const scratchOf = (schema: string, name: string) => scratchSchemas.get(relationKey(schema, name))
      await repointViews(trust, session, views, { names: set.finalNames, scratchOf })
      await session.run(statements)
    } catch (error) {
      if (!isDatabaseError(error) || session.isLost()) throw error
      await session.run(trusted('ROLLBACK TO swap'))
      // If another session has dropped or changed an original, report that instead of the error that it caused.
      if (!isTransient(error)) requireUnchanged(originals, await readOriginals(session, set))
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
function swapStatements({ members }: ReplacementSet, originals: Originals) {
  const originalsFirstRead = topologicalOrder(
    members,
    ({ key }) => key,
    ({ change }) => change.from.needs,
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
function scratchSchemasOf({ members }: ReplacementSet): ReadonlyMap<string, string> {
  return new Map(
    members.flatMap(({ change, scratch }) => {
      const { id } = change.from
      return 'schema' in id && scratch !== undefined ? [[relationKey(id.schema, id.name), scratch]] : []
    }),
  )
}
