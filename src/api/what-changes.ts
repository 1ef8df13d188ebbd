import type { Key } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { ReadsThroughViews } from '../introspector/plain-views.ts'
import type { ProbeInput } from '../introspector/probe.ts'
import { type Comparing, type WithViewsOfOthers, withViewsOfOthers } from './views-of-others.ts'
import { type Following, whatFollows } from './what-follows.ts'

/** All that is to be found out of what a plan changes. */
export interface WhatChanges {
  readonly among: WithViewsOfOthers
  readonly following: Following
}

/**
 * Finds what differs and all that follows from it. A plain view of people that stays leads to the new data only after the swap, so
 * that what reads them in other ways too would get those of two times: such views are made anew with the rest, be it only for
 * that, where nothing is in the way. If something is, none is, and the plan says what is to be refreshed.
 * @param populate whether new materialized views are filled
 */
export async function whatChanges(
  session: Session,
  input: ProbeInput,
  comparing: Comparing,
  populate: boolean,
): Promise<WhatChanges> {
  const asTheyStay = await changesWith(new Map())
  const together = new Map<Key, readonly Key[]>()
  for (let found = asTheyStay; ; ) {
    const { tooEarly, throughViews } = found.following
    if (tooEarly.length === 0) return found
    const views = tooEarly.flatMap((each) => each.views).filter((key) => !together.has(key))
    if (views.length === 0) return asTheyStay
    for (const key of views) together.set(key, throughViews.get(key) ?? [])
    found = await changesWith(together)
    if (hasObstaclesBeyond(found, asTheyStay)) return asTheyStay
  }

  async function changesWith(views: ReadsThroughViews): Promise<WhatChanges> {
    const among = await withViewsOfOthers(session, input, comparing, views)
    return { among, following: await whatFollows(session, among, input, populate) }
  }
}

function hasObstaclesBeyond(found: WhatChanges, before: WhatChanges): boolean {
  const known = new Set(obstaclesOf(before))
  return obstaclesOf(found).some((obstacle) => !known.has(obstacle))
}

function obstaclesOf({ among, following }: WhatChanges): readonly string[] {
  return [...following.refusals, ...among.probed.findings].map(({ key, reason }) => `${key} ${reason}`)
}
