// Applies a saved plan: it is planned again, and applied only if that gives exactly the saved plan.

import type { ParsedManifest } from '../../manifest/manifest.ts'
import { type Applied, type ApplyRequest, type Approve, type ExpectedPlan, planAndApply } from '../apply.ts'
import { requireApplicable, requireSamePlan, requireSameReferences } from './check.ts'
import type { SavedPlan } from './document.ts'

export interface SavedRequest extends Pick<ApplyRequest, 'connect' | 'trySources' | 'options'> {
  readonly saved: SavedPlan
  /** The manifest of the file, with its references resolved now. */
  readonly parsed: ParsedManifest
  /** Which of several databases this is, in the words of the user. */
  readonly label: string | undefined
}

/**
 * @throws FdwsyncError if nothing was done: the plan is for another target (4), was applied already, or is stale (3)
 */
export async function applySavedPlan(request: SavedRequest, approve: Approve): Promise<Applied> {
  const { saved, label, options, ...rest } = request
  const session = await request.connect('plan')
  let applyId: string | undefined
  try {
    applyId = await requireApplicable(session, saved, label ?? request.parsed.manifest.target)
  } finally {
    await session.close()
  }
  requireSameReferences(saved, request.parsed)
  const expected: ExpectedPlan = { suffix: saved.suffix, requireSame: (inHand) => requireSamePlan(saved, inHand) }
  const withId = applyId === undefined ? options : { ...options, applyId }
  return planAndApply({ ...rest, ...saved.options, expected, options: withId }, approve)
}
