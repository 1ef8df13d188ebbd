import { randomUUID } from 'node:crypto'
import { relationKey } from '../core/object.ts'
import type { Replacement, ReplaceStep, Step } from '../core/plan.ts'
import { ident, join, qualified, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects, throwIfInterrupted } from '../db/cancellation.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import { withRetries } from '../db/retry.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { openLedger } from '../ledger/open.ts'
import { type RefreshRecord, recordRefreshes } from '../ledger/refresh-log.ts'
import { recordSteps } from '../ledger/write.ts'
import { MemberFailure } from '../loader/failure.ts'
import { loadSettings, rowsLoaded } from '../loader/load.ts'
import type { SourceWatchdog } from '../loader/source-watchdog.ts'
import { commit } from './commit.ts'
import type { ApplyContext } from './context.ts'
import { expectedOfStep, verifyAndRecord } from './expected-result.ts'
import { lockForSwap, swapTimeoutMilliseconds } from './swap/lock-order.ts'
import { type Originals, readOriginals, replacementIn, requireAsPlanned, requireUnchanged } from './swap/originals.ts'
import { repointViews, swappedRelations } from './swap/repoint-views.ts'
import { restoreGrantors } from './swap/restore-grantors.ts'

/**
 * Runs a step of the stage `build` in a transaction of its own: what it makes, its proof and its rows in the ledger.
 * Its own row proves that it was committed: it can commit or fail by itself.
 */
export async function build(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: Step,
): Promise<void> {
  const { options, inHand, applyId } = context
  const onRetry = (error: Error, attempt: number) =>
    options.emit({ type: 'retrying', stage: 'build', reason: error.message, attempt })
  // What a replacement waits for is retried inside its transaction: the load is not to be done again.
  await withRetries({ attempts: step.action === 'replace' ? 1 : 12, pauseMilliseconds: 50, onRetry }, async () => {
    const loaded: RefreshRecord[] = []
    try {
      context.checkLease()
      const lockTimeout = step.action === 'replace' ? options.lockTimeoutMilliseconds : swapTimeoutMilliseconds
      await session.run(
        sql`BEGIN; SET LOCAL lock_timeout = ${trusted(String(lockTimeout))}; ${abortWhenClientDisconnects}; ${manifestPath(inHand.plan.searchPath)}`,
      )
      if (step.action === 'replace') await replace(context, session, sources, step, loaded)
      else for (const statement of step.statements) await session.execute(statement)
      await session.run(readingPath)
      await openLedger(session)
      await verifyAndRecord(session, expectedOfStep(step, inHand), inHand, applyId)
      await recordSteps(session, applyId, [{ step, status: 'applied' }])
      await recordRefreshes(session, inHand.plan.manifest, applyId, loaded)
      context.checkLease()
    } catch (error) {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
      throw error
    }
    await commit(context, session, { applyId, step: step.id })
  })
}

/** Builds the new ones beside the old ones, which serve meanwhile; then swaps them, which readers hardly notice. */
async function replace(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: ReplaceStep,
  loaded: RefreshRecord[],
): Promise<void> {
  const scratches = [...new Set(step.members.flatMap(({ scratch }) => scratch ?? []))]
  // Owners of what is built there need rights on it, and nobody else can see it.
  for (const scratch of scratches) {
    const schema = ident(scratch)
    await session.run(sql`CREATE SCHEMA ${schema}; GRANT USAGE, CREATE ON SCHEMA ${schema} TO PUBLIC`)
  }
  await session.run(readingPath)
  // To read a view's definition locks it until the transaction ends, or this part of it: people may go on with what is
  // there, a REFRESH above all, for as long as the build takes.
  await session.run(trusted('SAVEPOINT originals'))
  const originals = await readOriginals(session, step, context.inHand)
  await session.run(trusted('ROLLBACK TO originals'))
  requireAsPlanned(originals)
  for (const member of step.members) {
    await buildOne(context, session, sources, member, originals, loaded).catch((error: unknown) => {
      const isOfAll = session.isLost() || context.options.signal.aborted
      throw isOfAll ? error : new MemberFailure(member.key, error)
    })
  }
  await session.run(readingPath)
  await swap(context, session, step, originals)
  for (const scratch of scratches) await session.run(sql`DROP SCHEMA ${ident(scratch)}`)
}

/** Builds and fills one, with all that people have given the old one. */
async function buildOne(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  member: Replacement,
  originals: Originals,
  loaded: RefreshRecord[],
): Promise<void> {
  const { searchPath } = context.inHand.plan
  const original = originals.find(({ change }) => change.key === member.key)
  const { scratch, load, children } = member
  await session.run(member.path === 'catalog' ? readingPath : manifestPath(searchPath))
  for (const statement of member.statements) await session.execute(statement)
  if (!original || scratch === undefined || !('name' in original.change.from.id)) return
  const beside = { schema: scratch, name: original.change.from.id.name }
  if (load.length > 0) {
    const [rows, started] = await sources.load(session, beside, async () => {
      await session.run(loadSettings(searchPath))
      const begun = performance.now()
      return [await rowsLoaded(session, beside, load), begun] as const
    })
    const ended = performance.now()
    if (!original.change.isUnmanaged) {
      loaded.push({ id: randomUUID(), key: member.key, how: 'plain', started, ended, rows, status: 'applied' })
    }
  }
  await session.run(manifestPath(searchPath))
  for (const statement of children) await session.execute(statement)
  await session.run(readingPath)
  const { attachments, change } = original
  await restoreGrantors(session, change.from.oid, beside)
  if (attachments.beside.length > 0) await session.run(join(attachments.beside, ';\n'))
  // What is not loaded here has nothing to be analyzed, or would be read at its source.
  if (load.length > 0) await session.run(sql`ANALYZE ${qualified(beside.schema, beside.name)}`)
}

const swapAttempts = 300

async function swap(context: ApplyContext, session: Session, step: ReplaceStep, originals: Originals): Promise<void> {
  const { emit, signal } = context.options
  const swaps = step.members.map((member) => member.swap)
  // What reads goes before what it reads, and comes after it.
  const own = [...swaps.toReversed().flatMap((each) => each.out), ...swaps.flatMap((each) => each.in)]
  const before = originals.flatMap(({ attachments }) => attachments.before)
  const afterwards = originals.flatMap(({ attachments }) => attachments.inPlace)
  const replaced = step.members.flatMap(({ key }) => replacementIn(context.inHand, key).from.oid)
  const onRetry = (error: Error, attempt: number) => {
    throwIfInterrupted(signal)
    if (attempt % 10 === 2) emit({ type: 'retrying', stage: 'build', reason: error.message, attempt })
  }
  await withRetries({ attempts: swapAttempts, pauseMilliseconds: 25, onRetry }, async () => {
    await session.run(trusted('SAVEPOINT swap'))
    try {
      const swapped = await swappedRelations(session, replaced)
      await lockForSwap(session, swapped)
      await session.run(sql`SET LOCAL lock_timeout = ${trusted(String(swapTimeoutMilliseconds))}`)
      requireUnchanged(originals, await readOriginals(session, step, context.inHand))
      const places = placesOf(context, step)
      const followers = swapped.filter(({ oid }) => !replaced.includes(oid))
      await repointViews(session, followers, (schema, name) => places.get(relationKey(schema, name)))
      await session.run(join([...before, ...own.map((statement) => statement.sql), ...afterwards], ';\n'))
    } catch (error) {
      if (!isDatabaseError(error) || session.isLost()) throw error
      await session.run(trusted('ROLLBACK TO swap'))
      // Whatever it failed of may be gone, or another one: that is the reason to tell.
      if (!isTransient(error)) requireUnchanged(originals, await readOriginals(session, step, context.inHand))
      throw error
    }
  })
}

/** The scratch schemas in which the successors of relations stand. */
function placesOf(context: ApplyContext, step: ReplaceStep): ReadonlyMap<string, string> {
  return new Map(
    step.members.flatMap(({ key, scratch }) => {
      const { id } = replacementIn(context.inHand, key).from
      return 'schema' in id && scratch !== undefined ? [[relationKey(id.schema, id.name), scratch]] : []
    }),
  )
}
