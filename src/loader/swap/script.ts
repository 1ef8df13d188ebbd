// A replacement as statements for a script: what replace.ts and swap.ts do, with what others have added as it is now.

import type { Key, Relation } from '../../core/object.ts'
import type { ScriptPart } from '../../core/plan.ts'
import { join, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { manifestSettings, settingsOfRole } from '../../introspector/transaction-settings.ts'
import { type Attachments, noAttachments } from './attachments.ts'
import { lockForSwap } from './lock-order.ts'
import { isRelation, readAttachmentsOf } from './originals.ts'
import { scratchSchemas, underOriginalNames } from './replace.ts'
import type { Member, ReplacementSet } from './replacement-set.ts'
import { repointStatements, swappedRelations } from './repoint-views.ts'
import { restoreGrantors, withOtherGrantors } from './restore-grantors.ts'
import { limitedWait, repointingOf, swapStatements } from './swap.ts'

/** A script builds only once, so it waits longer for a moment at which it can swap than an apply, which would be interrupted. */
const lockMilliseconds = 300_000

/** Whoever runs a script has read it, so any code may run. */
const trust = { trustedRoles: [], allowsUntrusted: true }

const catalogSettings = manifestSettings(['pg_catalog', 'pg_temp'])

export interface SwapScript {
  readonly parts: readonly ScriptPart[]
  /** What is replaced or repointed. */
  readonly relations: readonly Relation[]
}

/** Reads what the swap depends on. Changes nothing. Runs under `readingPath`. */
export async function readSwapScript(
  session: Session,
  set: ReplacementSet,
  { key, title }: Pick<ScriptPart, 'key' | 'title'>,
): Promise<SwapScript> {
  const attachmentsOf = await readAttachmentsOf(session, set)
  const attached = set.members.map(({ change }) => attachmentsOf(change))
  const replaced = set.members.flatMap(({ change: { from } }) => (isRelation(from) ? [from.oid] : []))
  const grantedByOthers = await withOtherGrantors(session, replaced)
  const relations = await swappedRelations(session, replaced)
  const views = relations.filter(({ oid }) => !replaced.includes(oid))
  const repoint = await repointStatements(trust, session, views, repointingOf(set))
  const { create, drop } = scratchSchemas(set)
  const part = (what: string, statements: readonly Sql[]) => catalogPart(key, `${what} ${title}`, statements)
  const parts = [
    part('begin to replace', create),
    ...set.members.flatMap((member, at) => {
      const { from } = member.change
      const isGrantedByOthers = isRelation(from) && grantedByOthers.has(from.oid)
      return buildParts(set, member, attached[at] ?? noAttachments, isGrantedByOthers)
    }),
    part(
      'complete',
      attached.flatMap(({ betweenSuccessors }) => betweenSuccessors),
    ),
    part('until COMMIT, readers wait: swap', [
      lockForSwap(relations, lockMilliseconds),
      limitedWait,
      ...repoint,
      ...swapStatements(set, attached),
      ...drop,
    ]),
  ]
  return { parts: parts.filter(({ statements }) => statements.length > 0), relations }
}

function buildParts(
  { searchPath }: ReplacementSet,
  { key, title, path, statements, load, children, scratch, change }: Member,
  { onSuccessor }: Attachments,
  isGrantedByOthers: boolean,
): readonly ScriptPart[] {
  const part = (what: string, settings: Sql, all: readonly Statement[]) => ({
    ...{ key, settings, statements: all },
    title: `${what} ${title}`,
  })
  const settings = manifestSettings(searchPath)
  const built = [part('build', path === 'catalog' ? catalogSettings : settings, statements)]
  if (scratch === undefined || !('name' in change.from.id)) return built
  const successor = { schema: scratch, name: change.from.id.name }
  const grantors = isGrantedByOthers ? [restoreGrantors(change.from.oid, successor)] : []
  const analyze = load.length > 0 ? [sql`ANALYZE ${qualified(successor.schema, successor.name)}`] : []
  return [
    ...built,
    part(
      'load',
      join([settings, ...settingsOfRole.map((name) => trusted(`SET LOCAL ${name} TO DEFAULT`))], '; '),
      load,
    ),
    part('complete', settings, children),
    catalogPart(key, `keep what was added to ${title}`, [
      ...underOriginalNames(change, scratch, [...grantors, ...onSuccessor]),
      ...analyze,
    ]),
  ]
}

export function catalogPart(key: Key, title: string, statements: readonly Sql[]): ScriptPart {
  return { key, title, settings: catalogSettings, statements: statements.map(statement) }
}
