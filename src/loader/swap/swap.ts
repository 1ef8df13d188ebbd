// The swap at the end of a replacement: puts the successors in the place of the originals, in milliseconds.

import { topologicalOrder } from '../../core/graph.ts'
import { relationKey } from '../../core/object.ts'
import { join, type Sql, sql, trusted } from '../../core/sql.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../../db/database-error.ts'
import { throwIfInterrupted } from '../../db/interruption.ts'
import { withRetries } from '../../db/retry.ts'
import type { Session } from '../../db/session.ts'
import { describeLockHolders, type LockHolder, readLockHolders } from '../../introspector/lock-holders.ts'
import { seenRepeatedly, waitsForItself } from '../self-wait.ts'
import type { Attachments } from './attachments.ts'
import { attemptsMilliseconds, lockForSwap, type SwappedRelation, swapTimeoutMilliseconds } from './lock-order.ts'
import { isRelation, type Originals, readOriginals, requireUnchanged } from './originals.ts'
import { isOtherState, readRawState, requireState } from './raw-state.ts'
import type { CodeTrust, ReplacementContext, ReplacementSet } from './replacement-set.ts'
import { type Repointing, repointStatements, swappedRelations } from './repoint-views.ts'

const attempts = 300

/** How many attempts in a row may fail because of a session that reads for this transaction. Each takes about a second. */
const attemptsAgainstItself = 3

/**
 * Swaps the members of a set inside the transaction that built the successors. In this order:
 *
 * 1. Read which views have to be repointed, and how, and what the originals and these views are like.
 * 2. Lock every relation that changes, in ACCESS EXCLUSIVE mode: see lock-order.ts. From here until COMMIT, readers
 *    wait, so everything that could be prepared was prepared before.
 * 3. Stop if another session has changed an original since its successor was built.
 * 4. Repoint unmanaged views to the successors, which are still in their scratch schemas.
 * 5. Move the originals out, dependents first; then move the successors in, dependents last. Each in its own order.
 *
 * After a failure because of a lock, the swap is rolled back to a savepoint and attempted once more, without another build. Runs
 * under `readingPath`.
 * @param last statements that are sent with those of the swap
 */
export async function swap(
  { trust, signal, onRetry, onRepointed }: ReplacementContext,
  session: Session,
  set: ReplacementSet,
  originals: Originals,
  last: readonly Sql[],
): Promise<void> {
  const replaced = set.members.flatMap(({ change: { from } }) => (isRelation(from) ? [from.oid] : []))
  const attachments = originals.all.map((original) => original.attachments)
  const statements = [...swapStatements(set, attachments), ...last]
  const prepared = { set, originals, trust, replaced, statements }
  let holders: readonly LockHolder[] = []
  const findItself = seenRepeatedly(attemptsAgainstItself)
  const report = (error: Error, attempt: number) => {
    throwIfInterrupted(signal)
    const reason = [error.message, describeLockHolders(holders)].filter((text) => text !== '').join(': ')
    if (attempt % 10 === 2) onRetry(reason, attempt)
  }
  await withRetries({ attempts, pauseMilliseconds: 25, onRetry: report }, async () => {
    for (;;) {
      const outcome = await attemptSwap(session, prepared)
      if (outcome.status === 'swapped') return onRepointed(outcome.views)
      if (outcome.status === 'failed') {
        holders = await readLockHolders(session, outcome.relations)
        throwIfItself(holders, findItself)
        throw outcome.error
      }
      throwIfInterrupted(signal)
    }
  })
}

interface PreparedSwap {
  readonly set: ReplacementSet
  readonly originals: Originals
  readonly trust: CodeTrust
  /** The OIDs of the relations that are replaced. */
  readonly replaced: readonly number[]
  /** What is run once the views are repointed. */
  readonly statements: readonly Sql[]
}

type Outcome =
  | { readonly status: 'swapped'; readonly views: readonly SwappedRelation[] }
  /** Another session has changed something between the preparation and the locks. */
  | { readonly status: 'changed' }
  | { readonly status: 'failed'; readonly error: DatabaseError; readonly relations: readonly SwappedRelation[] }

/** Unless it swaps, rolls back to where it began. */
async function attemptSwap(session: Session, prepared: PreparedSwap): Promise<Outcome> {
  const { set, originals, replaced } = prepared
  let relations: readonly SwappedRelation[] = []
  await session.run(sql`SAVEPOINT swap; ${limitedWait}`)
  try {
    // The state comes first, so that a view that is created from now on is noticed.
    const state = await readRawState(session, set, [])
    relations = await swappedRelations(session, replaced)
    const views = relations.filter(({ oid }) => !replaced.includes(oid))
    if (state !== originals.state) requireUnchanged(originals, await readOriginals(session, set))
    const stateWithViews = views.length === 0 ? state : await readRawState(session, set, views)
    const repoint = await repointStatements(prepared.trust, session, views, repointingOf(set))
    // Reading the definitions took locks in any order, which the rollback releases. The rest is sent in one message, since
    // readers wait from here on.
    const lock = sql`ROLLBACK TO swap; ${lockForSwap(relations, attemptsMilliseconds)}; ${limitedWait}`
    const unchanged = stateWithViews === undefined ? undefined : requireState(set, views, stateWithViews)
    if (unchanged === undefined) {
      await session.run(lock)
      requireUnchanged(originals, await readOriginals(session, set))
    }
    await session.run(join([...(unchanged ? [lock, unchanged] : []), ...repoint, ...prepared.statements], ';\n'))
    return { status: 'swapped', views }
  } catch (error) {
    if (!isDatabaseError(error) || session.isLost()) throw error
    await session.run(trusted('ROLLBACK TO swap; RELEASE swap'))
    if (isOtherState(error)) return { status: 'changed' }
    // If another session has dropped or changed an original, report that instead of the error that it caused.
    if (!isTransient(error)) requireUnchanged(originals, await readOriginals(session, set))
    return { status: 'failed', error, relations }
  }
}

/** No statement of a swap may wait for long, while readers wait for it. */
export const limitedWait = sql`SET LOCAL lock_timeout = ${trusted(String(swapTimeoutMilliseconds))}`

/** Gives up if a lock belongs to a session that reads for this transaction, since it would never be released. */
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
export function swapStatements({ members }: ReplacementSet, attachments: readonly Attachments[]): readonly Sql[] {
  const originalsFirstRead = topologicalOrder(
    members,
    ({ key }) => key,
    ({ change }) => change.from.needs,
  )
  const out = originalsFirstRead.toReversed().flatMap((member) => member.swap.out)
  const into = members.flatMap((member) => member.swap.in)
  return [
    ...attachments.flatMap(({ beforeSwap }) => beforeSwap),
    ...[...out, ...into].map((statement) => statement.sql),
    ...attachments.flatMap(({ afterSwap }) => afterSwap),
  ]
}

/** How the queries of views change: they read successors, which are in scratch schemas. */
export function repointingOf({ members, finalNames }: ReplacementSet): Repointing {
  const scratchSchemas = new Map(
    members.flatMap(({ change, scratch }) => {
      const { id } = change.from
      return 'schema' in id && scratch !== undefined ? [[relationKey(id.schema, id.name), scratch]] : []
    }),
  )
  return { names: finalNames, scratchOf: (schema, name) => scratchSchemas.get(relationKey(schema, name)) }
}
