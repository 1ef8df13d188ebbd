import type { Key } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { refusalOf } from '../differ/steps/through-views.ts'
import type { ProbeInput } from '../probe/run.ts'
import { analyzeImpact, type Impact } from './impact.ts'
import { type Comparing, includeUnmanagedViews, type WithUnmanagedViews } from './unmanaged-views.ts'

/** All that is to be found out of what a plan changes. */
export interface ChangeSet {
  readonly among: WithUnmanagedViews
  readonly following: Impact
}

/**
 * Finds what differs and all that follows from it. A plain view of people that stays leads to the new data only after the swap, so
 * that what reads them in other ways too would get those of two times: such views are made anew with the rest, be it only for
 * that. Where one can't be, that is refused.
 * @param populate whether new materialized views are filled
 */
export async function computeChangeSet(
  session: Session,
  input: ProbeInput,
  comparing: Comparing,
  populate: boolean,
): Promise<ChangeSet> {
  const together = new Map<Key, readonly Key[]>()
  for (;;) {
    const among = await includeUnmanagedViews(session, input, comparing, together)
    const following = await analyzeImpact(session, among, input, populate)
    const views = following.staleReads.flatMap((each) => each.views).filter((key) => !together.has(key))
    if (views.length === 0) return { among, following: refuseInconsistentReads(following) }
    for (const key of views) together.set(key, following.throughViews.get(key) ?? [])
  }
}

/** What serves meanwhile is not replaced by a mixture; what is filled for the first time is told to be one. */
function refuseInconsistentReads(following: Impact): Impact {
  const replaced = new Set(following.changes.flatMap(({ key, op }) => (op === 'replace' ? [key] : [])))
  const refused = following.staleReads.filter(({ key }) => replaced.has(key))
  return {
    ...following,
    staleReads: following.staleReads.filter(({ key }) => !replaced.has(key)),
    refusals: [...following.refusals, ...refused.map(refusalOf)],
  }
}
