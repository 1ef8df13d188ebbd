// What a script runs for the replacements of a plan.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { Plan, ReplaceStep, ScriptPart } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { readSwapScript } from '../loader/swap/script.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { replacementSet } from './replace-members.ts'

/**
 * Adds to a plan what a script of it needs to know of the database. Changes nothing.
 * @throws FdwsyncError (`exitCode.refused`) if the plan both renames and replaces
 */
export async function withScripts(session: Session, plan: Plan, inHand: PlanInHand): Promise<Plan> {
  const replacements = inHand.plan.steps.filter((step) => step.action === 'replace')
  if (replacements.length === 0 || plan.refusals.length > 0) return plan
  requireNoRename(plan, replacements)
  const scripts = new Map<string, readonly ScriptPart[]>()
  await inReadOnlyTransaction(session, async () => {
    for (const step of replacements)
      scripts.set(step.id, await readSwapScript(session, replacementSet(step, inHand), step))
  })
  return { ...plan, scripts }
}

/** What is added to the successor was read under names that are other ones by then. */
function requireNoRename({ changes }: Plan, [replaced]: readonly ReplaceStep[]): void {
  const renamed = changes.find(
    ({ change }) =>
      (change.op === 'alter' || change.op === 'replace') &&
      (change.from.renamedFrom || change.from.renamedColumns?.size),
  )
  if (!renamed || !replaced) return
  throw new FdwsyncError(
    {
      code: 'plan/not-expressible',
      message: `a script cannot replace ${replaced.title} in a plan that renames ${renamed.title}, or columns of it`,
      hint: 'Apply the rename first (--only), or print the plan in another format.',
    },
    exitCode.refused,
  )
}
