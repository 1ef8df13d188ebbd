// What a script of a plan runs beside the statements of the plan itself: for replacements, and for the ledger.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { Relation } from '../core/object.ts'
import type { Plan, ReplaceStep, ScriptPart, Step } from '../core/plan.ts'
import type { Sql } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { removeMarks } from '../ledger/outdated-views.ts'
import { catalogPart, readSwapScript } from '../loader/swap/script.ts'
import { checkUnchanged } from '../loader/swap/unchanged-check.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { markCopies, outdatedViews } from './mark-copies.ts'
import { replacementSet } from './replace-members.ts'

/**
 * Adds to a plan what a script of it needs to know of the database. Changes nothing.
 * @throws FdwsyncError (`exitCode.refused`) if the plan both renames and replaces
 */
export async function withScript(session: Session, plan: Plan, inHand: PlanInHand): Promise<Plan> {
  const replacements = inHand.plan.steps.filter((step) => step.action === 'replace')
  const [first] = plan.steps
  if (!first || plan.refusals.length > 0) return plan
  if (replacements[0]) requireNoRename(plan, replacements[0])
  return inReadOnlyTransaction(session, async () => {
    const outdated = outdatedViews(plan)
    const parts = new Map<string, readonly ScriptPart[]>()
    const relations: Relation[] = []
    for (const step of replacements) {
      const script = await readSwapScript(session, replacementSet(step, inHand), step)
      const loaded = step.members.flatMap(({ key }) => (outdated.has(key) ? [key] : []))
      const unmark = loaded.length > 0 ? [removeMarks(plan.manifest, loaded)] : []
      parts.set(step.id, [...script.parts, ...ledgerParts(step, `record that ${step.title} is loaded`, unmark)])
      relations.push(...script.relations)
    }
    const statement = await checkUnchanged(session, relations)
    const check =
      statement && catalogPart(first.key, 'stop if what is replaced has changed since this was written', [statement])
    const [marks] = ledgerParts(
      first,
      'record which copies have to be read as a whole',
      await markCopies(session, inHand),
    )
    return { ...plan, script: { check, marks, parts } }
  })
}

function ledgerParts({ key }: Step, title: string, statements: readonly Sql[]): readonly ScriptPart[] {
  return statements.length === 0 ? [] : [{ ...catalogPart(key, title, statements), isForLedger: true }]
}

/** What is added to the successor was read under names that are other ones by then. */
function requireNoRename({ changes }: Plan, replaced: ReplaceStep): void {
  const renamed = changes.find(
    ({ change }) =>
      (change.op === 'alter' || change.op === 'replace') &&
      (change.from.renamedFrom || change.from.renamedColumns?.size),
  )
  if (!renamed) return
  throw new FdwsyncError(
    {
      code: 'plan/not-expressible',
      message: `a script cannot replace ${replaced.title} in a plan that renames ${renamed.title}, or columns of it`,
      hint: 'Apply the rename first (--only), or print the plan in another format.',
    },
    exitCode.refused,
  )
}
