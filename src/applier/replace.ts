// Builds the successors of objects that cannot be altered in place, then swaps them in. The originals serve readers
// until the swap; what happens there is in swap/.

import { randomUUID } from 'node:crypto'
import type { Replace, WantedObject } from '../core/change.ts'
import type { Relation } from '../core/object.ts'
import type { Replacement, ReplaceStep } from '../core/plan.ts'
import { ident, join, qualified, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import type { RefreshRecord } from '../ledger/refresh-log.ts'
import { MemberFailure } from '../loader/failure.ts'
import { loadSettings, rowsLoaded } from '../loader/load.ts'
import type { SourceWatchdog } from '../loader/source-watchdog.ts'
import type { ApplyContext } from './context.ts'
import { type Created, requireKnownCode } from './require-known-code.ts'
import { requireTrustedLiterals } from './require-trusted-literals.ts'
import { runStatements } from './run-statements.ts'
import { type Originals, readOriginals, requireAsPlanned } from './swap/originals.ts'
import { restoreGrantors } from './swap/restore-grantors.ts'
import { swap } from './swap/swap.ts'

/**
 * Carries out a replacement in the session's transaction, without COMMIT.
 * @returns the loads of managed objects, for the ledger
 */
export async function replace(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: ReplaceStep,
): Promise<readonly RefreshRecord[]> {
  const scratchSchemas = [...new Set(step.members.flatMap(({ scratch }) => scratch ?? []))]
  // The owners of the successors need rights on the schema. Until it is dropped again, no other session can see it.
  for (const scratch of scratchSchemas) {
    const schema = ident(scratch)
    await session.run(sql`CREATE SCHEMA ${schema}; GRANT USAGE, CREATE ON SCHEMA ${schema} TO PUBLIC`)
  }
  await session.run(readingPath)
  // pg_get_viewdef locks a view in ACCESS SHARE mode until the end of the transaction, which blocks REFRESH for as
  // long as the build takes. Rolling back to the savepoint releases the lock.
  await session.run(trusted('SAVEPOINT originals'))
  const originals = await readOriginals(session, step, context.inHand)
  await session.run(trusted('ROLLBACK TO originals'))
  requireAsPlanned(originals)
  const loads: RefreshRecord[] = []
  for (const member of step.members) {
    try {
      loads.push(...(await buildSuccessor(context, session, sources, member, originals)))
    } catch (error) {
      // A lost connection or an interruption is not this member's failure.
      throw session.isLost() || context.options.signal.aborted ? error : new MemberFailure(member.key, error)
    }
  }
  await session.run(readingPath)
  await swap(context, session, step, originals)
  for (const scratch of scratchSchemas) await session.run(sql`DROP SCHEMA ${ident(scratch)}`)
  return loads
}

async function createdAs(
  session: Session,
  wanted: WantedObject,
  { schema, name }: Relation,
): Promise<readonly Created[]> {
  await session.run(readingPath)
  const rows = await session.query<{ oid: number }>(
    trusted(
      'SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2',
    ),
    [schema, name],
  )
  return rows.map(({ oid }) => ({ wanted, catalog: 'pg_class', oid }))
}

/** What is attached to the original names its columns, of which the successor may have renamed some. */
async function underOriginalNames(
  session: Session,
  { from, to }: Replace,
  scratch: string,
  attach: () => Promise<void>,
): Promise<void> {
  const { renaming } = kindOf(to.id)
  const renamed = renaming?.alteredColumnNames?.(from.spec, to.spec)
  if (!renaming?.renameColumns || !renamed?.size || !('schema' in to.id)) return attach()
  const successor = { ...to.id, schema: scratch }
  const back = new Map(Array.from(renamed, ([before, after]) => [after, before]))
  for (const statement of renaming.renameColumns(successor, back)) await session.execute(statement)
  await attach()
  for (const statement of renaming.renameColumns(successor, renamed)) await session.execute(statement)
}

/** Creates and loads a successor, and gives it everything that was added to the original by hand. */
async function buildSuccessor(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  member: Replacement,
  originals: Originals,
): Promise<readonly RefreshRecord[]> {
  const { searchPath } = context.inHand.plan
  const original = originals.find(({ change }) => change.key === member.key)
  const { key, scratch, load, children } = member
  if (original?.change.isUnmanaged) {
    await session.run(readingPath)
    const { title } = member
    await requireTrustedLiterals(
      context,
      session,
      member.statements.map((statement) => ({ title, sql: statement.sql })),
    )
  }
  await session.run(member.path === 'catalog' ? readingPath : manifestPath(searchPath))
  for (const statement of member.statements) await session.execute(statement)
  if (!original || scratch === undefined || !('name' in original.change.from.id)) return []
  const { attachments, change } = original
  const successor = { schema: scratch, name: original.change.from.id.name }
  const wanted = context.inHand.wanted.get(key)
  if (wanted && !change.isUnmanaged)
    await requireKnownCode(session, await createdAs(session, wanted, successor), context.inHand)
  const loads: RefreshRecord[] = []
  if (load.length > 0) {
    const [rows, started] = await sources.load(session, successor, async () => {
      await session.run(loadSettings(searchPath))
      const loadStarted = performance.now()
      return [await rowsLoaded(session, successor, load), loadStarted] as const
    })
    const ended = performance.now()
    if (!change.isUnmanaged)
      loads.push({ id: randomUUID(), key, how: 'plain', started, ended, rows, status: 'applied' })
  }
  await runStatements(session, children, searchPath)
  await session.run(readingPath)
  await underOriginalNames(session, change, scratch, async () => {
    await restoreGrantors(session, change.from.oid, successor)
    if (attachments.onSuccessor.length > 0) await session.run(join(attachments.onSuccessor, ';\n'))
  })
  // Nothing was loaded into a foreign table: ANALYZE would read the source.
  if (load.length > 0) await session.run(sql`ANALYZE ${qualified(successor.schema, successor.name)}`)
  return loads
}
