// Carries out the replacements of a plan, with loader/swap/.

import { randomUUID } from 'node:crypto'
import type { Replace, WantedObject } from '../core/change.ts'
import type { LostAttachment } from '../core/dependent.ts'
import type { Relation } from '../core/object.ts'
import type { ReplaceStep, Warning } from '../core/plan.ts'
import { qualified, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import type { RefreshRecord } from '../ledger/refresh-log.ts'
import type { SourceWatchdog } from '../loader/source-watchdog.ts'
import { finalNames } from '../loader/swap/final-names.ts'
import { replace } from '../loader/swap/replace.ts'
import type { ReplacementContext, ReplacementSet } from '../loader/swap/replacement-set.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { ApplyContext } from './context.ts'
import { expectedOfStep } from './expected-result.ts'
import { type Created, requireKnownCode } from './require-known-code.ts'

/**
 * Carries out a replacement in the session's transaction, without COMMIT.
 * @param record called with the loads of managed objects, before readers have to wait for the swap
 * @returns warnings that the plan could not show
 */
export async function replaceMembers(
  context: ApplyContext,
  session: Session,
  sources: SourceWatchdog,
  step: ReplaceStep,
  record: (loads: readonly RefreshRecord[]) => Promise<void>,
): Promise<readonly Warning[]> {
  const warnings: Warning[] = []
  const set = replacementSet(step, context.inHand)
  const unmanaged = new Set(set.members.flatMap(({ key, change }) => (change.isUnmanaged ? [key] : [])))
  const beforeSwap: ReplacementContext['beforeSwap'] = (_, loads) =>
    record(
      loads
        .filter(({ key }) => !unmanaged.has(key))
        .map((load) => ({ id: randomUUID(), how: 'plain', status: 'applied', ...load })),
    )
  const onRepointed: ReplacementContext['onRepointed'] = (views) => warnings.push(...unplannedViews(step, views))
  await replace({ ...replacementContext(context), beforeSwap, onRepointed }, session, sources, set)
  return warnings
}

function unplannedViews({ key, title, members }: ReplaceStep, views: readonly Relation[]): readonly Warning[] {
  const planned = new Set(members.flatMap(({ repoints }) => repoints))
  const titles = views.map(({ schema, name }) => `view ${qualified(schema, name)}`)
  return titles
    .filter((view) => !planned.has(view))
    .map((view) => ({
      code: 'dependents/repointed',
      key,
      title,
      message: `${title}: ${view}, which did not read it when this was planned, was repointed, too`,
    }))
}

export function replacementSet(step: ReplaceStep, inHand: PlanInHand): ReplacementSet {
  return {
    members: step.members.map((member) => ({ ...member, ...plannedReplacement(inHand, member.key) })),
    declared: Array.from(inHand.wanted.values(), ({ id }) => id),
    dropped: expectedOfStep(step, inHand).absent.map(({ id }) => id),
    finalNames: finalNames(inHand.plan.changes),
    searchPath: inHand.plan.searchPath,
    salt: inHand.salt,
  }
}

export function plannedReplacement(
  { plan }: PlanInHand,
  key: string,
): { readonly change: Replace; readonly loses: readonly LostAttachment[] } {
  const planned = plan.changes.find(({ change }) => change.key === key)
  if (planned?.change.op !== 'replace') throw new Error(`the plan has no replacement for ${key}`)
  return { change: planned.change, loses: planned.predecessor?.loses ?? [] }
}

function replacementContext({ inHand, options }: ApplyContext): Omit<ReplacementContext, 'beforeSwap' | 'onRepointed'> {
  return {
    trust: { trustedRoles: inHand.trustedRoles, allowsUntrusted: options.allow.includes('untrusted-code') },
    signal: options.signal,
    onRetry: (reason, attempt) => options.emit({ type: 'retrying', stage: 'build', reason, attempt }),
    async checkSuccessor(session, { key, change }, successor) {
      const wanted = inHand.wanted.get(key)
      if (wanted && !change.isUnmanaged)
        await requireKnownCode(session, await createdAs(session, wanted, successor), inHand)
    },
  }
}

async function createdAs(
  session: Session,
  wanted: WantedObject,
  { schema, name }: Relation,
): Promise<readonly Created[]> {
  const { catalog } = kindOf(wanted.id)
  const rows = await session.query<{ oid: number }>(
    trusted(`
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND $3 = 'pg_class'
      UNION ALL
      SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = $1 AND typname = $2 AND $3 = 'pg_type'`),
    [schema, name, catalog],
  )
  return rows.map(({ oid }) => ({ wanted, catalog, oid }))
}
