// Plans what it takes for a database to match a manifest: by its proof if possible, else in full. Planning in full takes most of
// the code, which is loaded only then.

import { FdwsyncError } from '../core/errors.ts'
import { redactTexts } from '../core/redaction.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { explainingUnreadableText } from '../introspector/unreadable-text.ts'
import { explainingDamage } from '../ledger/damage.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { requireKnownCharacters } from './checks/missing-characters.ts'
import type { PlanOptions } from './context.ts'
import type { PlanInHand } from './plan-in-hand.ts'
import { planFromProof } from './proof/fast-path.ts'

/**
 * Plans what it takes for the session's database to match the manifest. Changes nothing.
 * @throws FdwsyncError if the manifest declares what the server cannot have, with each place in the manifest
 */
export function createPlan(session: Session, manifest: ParsedManifest, options: PlanOptions): Promise<PlanInHand> {
  const work = () => hidingIn(manifest, () => planFastOrInFull(session, manifest, options))
  return explainingUnreadableText(session, () => explainingDamage(session, work))
}

/** Lets errors show the references of the manifest instead of the values that they resolve to. */
async function hidingIn<Result>(manifest: ParsedManifest, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // Errors of a session hide them already.
    if (isConnectionLost(error) || !(error instanceof FdwsyncError)) throw error
    const hidden = hiddenIn(manifest)
    throw new FdwsyncError(
      error.problems.map((problem) => redactTexts(problem, hidden)),
      error.exitCode,
    )
  }
}

async function planFastOrInFull(session: Session, manifest: ParsedManifest, options: PlanOptions): Promise<PlanInHand> {
  const { sources, checkSource, suffix, ignoresProof, only = [] } = options
  const inFull = async (access = sources) => {
    const { planInFull } = await import('./plan.ts')
    return planInFull(session, manifest, { ...options, sources: access })
  }
  await requireKnownCharacters(session, manifest)
  if (checkSource || suffix !== undefined || ignoresProof || only.length > 0) return inFull()
  const { inHand, unanswered } = await planFromProof(session, manifest, sources)
  if (inHand) return { ...inHand, references: manifest.references }
  return inFull(sources && { ...sources, unanswered })
}
