// Refuses to replace what the server would not create again as it is, such as the parent of an index over a function that is no longer
// IMMUTABLE.

import type { Change, Replace } from '../../core/change.ts'
import type { Refusal } from '../../core/plan.ts'
import { parentOf, titleOf } from '../../kinds/registry.ts'
import type { ProbeResult } from '../../probe/run.ts'

export function refuseNotCreatable(
  { notCreatable, live }: ProbeResult,
  changes: readonly Change[],
): readonly Refusal[] {
  const replaced = new Map(
    changes.flatMap((change) => (change.op === 'replace' ? [[change.key, change] as const] : [])),
  )
  return Array.from(notCreatable, ([key, reason]): readonly Refusal[] => {
    const object = live.get(key)
    const parent = object && parentOf(object)
    const own = replaced.get(key)
    const change = own ?? replaced.get(parent ?? key)
    return object && change ? [refusalOf(change, own ? 'it' : titleOf(object.id), reason)] : []
  }).flat()
}

function refusalOf({ key, to }: Replace, what: string, reason: string): Refusal {
  return {
    code: 'dependents/declared',
    key,
    title: titleOf(to.id),
    reason: `it cannot be replaced, because PostgreSQL would not create ${what} again: ${reason}`,
    hint: `Correct that first, or declare ${what} otherwise.`,
  }
}
