// Materialized views that an alteration outdates: they have computed something of whole rows that look different afterwards.

import type { Change, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import { isProtected } from '../core/protection.ts'
import { titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { outdatedBy } from './forced-replacements.ts'

export interface OutdatedView {
  readonly key: Key
  /** The title of what is altered. */
  readonly by: string
  /** The probe calls functions that return the rows of today, so what the query becomes is unknown until that is altered. */
  readonly isThroughFunction: boolean
}

interface Objects {
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly unmanaged: ReadonlySet<Key>
  readonly ledger: Ledger
}

/** What is altered so that its rows look different. */
export function alteredRows(changes: readonly Change[]): readonly LiveObject[] {
  return changes.flatMap((change) =>
    change.op === 'alter' && change.fields.some(({ changesRows }) => changesRows) ? [change.from] : [],
  )
}

/** Replaces those that this manifest may replace, unless they are created, replaced or dropped anyway. */
export function replaceOutdated(
  outdated: readonly OutdatedView[],
  { live, wanted, unmanaged, ledger }: Objects,
  changes: readonly Change[],
): readonly Change[] {
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const known = outdated.filter(({ isThroughFunction }) => !isThroughFunction)
  for (const [key, views] of groupBy(known, (view) => view.key)) {
    const [from, to, change] = [live.get(key), wanted.get(key), byKey.get(key)]
    if (!from || !to || unmanaged.has(key) || (change && change.op !== 'alter' && change.op !== 'adopt')) continue
    if (isProtected(to.written) || isProtected(ledger.entries.get(key)?.declared)) continue
    const titles = [...new Set(views.map(({ by }) => by))]
    const fields = [...(change?.op === 'alter' ? change.fields : []), ...titles.map(outdatedBy)]
    byKey.set(key, { op: 'replace', key, from, to, fields, how: 'beside' })
  }
  return [...byKey.values()]
}

/** For those that stay as they are: unmanaged and protected ones, and those that read through functions. */
export function outdatedWarnings(outdated: readonly OutdatedView[], changes: readonly Change[]): readonly Warning[] {
  const rebuilt = new Set(changes.flatMap(({ op, key }) => (op === 'replace' || op === 'drop' ? [key] : [])))
  return outdated.flatMap(({ key, by }): readonly Warning[] => {
    const id = idOf(key)
    if (!id || rebuilt.has(key)) return []
    const title = titleOf(id)
    return [
      {
        code: 'dependents/outdated',
        key,
        title,
        message: `${title} has values that were computed from whole rows of ${by}: it shows the change once it is refreshed`,
      },
    ]
  })
}
