import type { Key } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { Diff } from '../differ/diff.ts'
import type { ReadsThroughViews } from '../introspector/plain-views.ts'
import type { ProbeInput, ProbeResult } from '../introspector/probe.ts'
import { type WithViewsOfOthers, withViewsOfOthers } from './views-of-others.ts'
import { type Following, whatFollows } from './what-follows.ts'

/** All that is to be found out of what a plan changes. */
export interface WhatChanges {
  readonly among: WithViewsOfOthers
  readonly following: Following
}

export interface Comparing {
  /** Whether new materialized views are filled. */
  readonly populate: boolean
  /** Throws if what is declared can't be as it is. */
  check(probed: ProbeResult): void
  /** What differs, given what is wanted. */
  compare(probed: ProbeResult): Diff
}

/**
 * Finds what differs and all that follows from it. A plain view of people that stays leads to the new data only after the swap, so
 * that what reads them in other ways too would get those of two times: such views are made anew with the rest, be it only for
 * that, where nothing is in the way.
 */
export async function whatChanges(session: Session, input: ProbeInput, comparing: Comparing): Promise<WhatChanges> {
  const together = new Map<Key, readonly Key[]>()
  let found = await changesWith(together)
  for (;;) {
    const views = viewsInBetween(found).filter((key) => !together.has(key))
    if (views.length === 0) return found
    for (const key of views) together.set(key, found.following.throughViews.get(key) ?? [])
    const next = await changesWith(together)
    if (obstaclesOf(next) > obstaclesOf(found)) return found
    found = next
  }

  async function changesWith(views: ReadsThroughViews): Promise<WhatChanges> {
    const among = await withViewsOfOthers(session, input, comparing, views)
    return { among, following: await whatFollows(session, among, input, comparing.populate) }
  }
}

/** The plain views through which something would get data of before, as far down as is known by now. */
function viewsInBetween({ among, following }: WhatChanges): readonly Key[] {
  const views = new Set(following.tooEarly.flatMap((each) => each.views))
  for (const key of views) {
    for (const need of among.live.get(key)?.needs ?? []) if (following.throughViews.has(need)) views.add(need)
  }
  return [...views]
}

function obstaclesOf({ among, following }: WhatChanges): number {
  return following.refusals.length + among.probed.findings.length
}
