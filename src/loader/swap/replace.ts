// Builds the successors of objects, then swaps them in. The originals serve readers until the swap.

import type { Replace } from '../../core/change.ts'
import { inverse } from '../../core/data.ts'
import type { Key } from '../../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { manifestPath, readingPath } from '../../introspector/transaction-settings.ts'
import { kindOf } from '../../kinds/registry.ts'
import { backendPid } from '../commit-watchdog.ts'
import { MemberFailure } from '../failure.ts'
import { rowsLoaded } from '../load.ts'
import { loadSettings } from '../load-settings.ts'
import { readNewSources } from '../read-sources.ts'
import { runStatements } from '../run-statements.ts'
import type { SourceWatchdog } from '../source-watchdog.ts'
import { isRelation, type Originals, readOriginals, requireAsPlanned } from './originals.ts'
import type { Member, ReplacementContext, ReplacementSet, SuccessorLoad } from './replacement-set.ts'
import { requireTrustedLiterals } from './require-trusted-literals.ts'
import { restoreGrantors } from './restore-grantors.ts'
import { swap } from './swap.ts'

/** Carries out a replacement in the session's transaction, without COMMIT. From its end until COMMIT, readers wait. */
export async function replace(
  context: ReplacementContext,
  session: Session,
  sources: SourceWatchdog,
  set: ReplacementSet,
): Promise<void> {
  const { create, drop } = scratchSchemas(set)
  for (const statement of create) await session.run(statement)
  await session.run(readingPath)
  // pg_get_viewdef locks a view in ACCESS SHARE mode until the end of the transaction, which blocks REFRESH for as
  // long as the build takes. Rolling back to the savepoint releases the lock.
  await session.run(trusted('SAVEPOINT originals'))
  const originals = await readOriginals(session, set)
  await session.run(trusted('ROLLBACK TO originals'))
  requireAsPlanned(originals)
  const loads: SuccessorLoad[] = []
  for (const member of set.members) {
    const build = () => buildSuccessor(context, session, sources, { set, member, originals })
    loads.push(...(await asMember(context, session, member.key, build)))
  }
  await session.run(readingPath)
  for (const { change, attachments } of originals.all) {
    for (const statement of attachments.betweenSuccessors)
      await asMember(context, session, change.key, () => session.run(statement))
  }
  await context.beforeSwap(session, loads)
  await swap(context, session, set, originals, drop)
}

/** The statements that create the schemas of the successors, and drop them again once they are empty. */
export function scratchSchemas({ members }: ReplacementSet): {
  readonly create: readonly Sql[]
  readonly drop: readonly Sql[]
} {
  const schemas = [...new Set(members.flatMap(({ scratch }) => scratch ?? []))].map(ident)
  return {
    // The owners of the successors need rights on the schema. Until it is dropped again, no other session can see it.
    create: schemas.map((schema) => sql`CREATE SCHEMA ${schema}; GRANT USAGE, CREATE ON SCHEMA ${schema} TO PUBLIC`),
    drop: schemas.map((schema) => sql`DROP SCHEMA ${schema}`),
  }
}

async function asMember<Result>(
  { signal }: ReplacementContext,
  session: Session,
  key: Key,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // A lost connection or an interruption is not this member's failure.
    throw session.isLost() || signal.aborted ? error : new MemberFailure(key, error)
  }
}

/** Statements for a successor that name the columns as the original does: some of them may have other names in the successor. */
export function underOriginalNames({ from, to }: Replace, scratch: string, statements: readonly Sql[]): readonly Sql[] {
  const { renaming } = kindOf(to.id)
  const renamed = renaming?.alteredColumnNames?.(from.spec, to.spec)
  if (statements.length === 0 || !renaming?.renameColumns || !renamed?.size || !('schema' in to.id)) return statements
  const successor = { ...to.id, schema: scratch }
  const rename = (names: ReadonlyMap<string, string>) =>
    renaming.renameColumns?.(successor, names).map((each) => each.sql) ?? []
  return [...rename(inverse(renamed)), ...statements, ...rename(renamed)]
}

interface Building {
  readonly set: ReplacementSet
  readonly member: Member
  readonly originals: Originals
}

/** Creates and loads a successor, and gives it everything that was added to the original by hand. */
async function buildSuccessor(
  context: ReplacementContext,
  session: Session,
  sources: SourceWatchdog,
  { set: { searchPath }, member, originals }: Building,
): Promise<readonly SuccessorLoad[]> {
  const original = originals.all.find(({ change }) => change.key === member.key)
  const { key, scratch, load, children } = member
  if (original?.change.isUnmanaged) {
    await session.run(readingPath)
    const { title } = member
    await requireTrustedLiterals(
      context.trust,
      session,
      member.statements.map((statement) => ({ title, sql: statement.sql })),
    )
  }
  await session.run(member.path === 'catalog' ? readingPath : manifestPath(searchPath))
  for (const statement of member.statements) await session.execute(statement)
  if (!original || scratch === undefined || !('name' in original.change.from.id)) return []
  const { attachments, change } = original
  const successor = { schema: scratch, name: original.change.from.id.name }
  await session.run(readingPath)
  await context.checkSuccessor(session, member, successor)
  const loads: SuccessorLoad[] = []
  if (load.length > 0) {
    const pid = await backendPid(session)
    const probes = [...(await readNewSources(session, [successor])).values()].flat()
    const [rows, started] = await sources.load(session, pid, probes, async () => {
      await session.run(loadSettings(searchPath))
      const loadStarted = performance.now()
      return [await rowsLoaded(session, successor, load), loadStarted] as const
    })
    loads.push({ key, started, ended: performance.now(), rows })
  }
  await runStatements(session, children, searchPath)
  await session.run(readingPath)
  const grantors = isRelation(change.from) ? [restoreGrantors(change.from.oid, successor)] : []
  const attach = underOriginalNames(change, scratch, [...grantors, ...attachments.onSuccessor])
  if (attach.length > 0) await session.run(join(attach, ';\n'))
  // A foreign table was not loaded, and ANALYZE would read its source.
  if (load.length > 0) await session.run(sql`ANALYZE ${qualified(successor.schema, successor.name)}`)
  return loads
}
