// Plans a manifest without parsing it, if a proof shows that it is in place.

import type { Plan } from '../core/plan.ts'
import type { ManifestTexts } from '../manifest/texts.ts'
import { mayPlanWithoutParsing, planWithoutParsing } from '../planner/proof/fast-path.ts'
import { onSession } from './on-session.ts'
import type { CommandOptions } from './options.ts'

/** An empty plan; undefined if nothing proves that everything is in place. */
export async function planUnparsed(texts: ManifestTexts, target: CommandOptions): Promise<Plan | undefined> {
  if (!mayPlanWithoutParsing(texts)) return undefined
  const inHand = await onSession(undefined, target, 'plan', (session) => planWithoutParsing(session, texts))
  return inHand?.plan
}
