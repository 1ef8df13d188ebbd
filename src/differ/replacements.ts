// Which objects are replaced while the old ones serve: what cannot be changed in place while something reads it, and all that
// reads a replacement.

import type { Change, FieldChange, Formerly, LiveObject, Replace, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { isBlockedBy } from './blocked-fields.ts'
import { isOnlineReplacement } from './changes.ts'
import { replacedWith } from './forced-replacements.ts'

export interface ReplacementInput {
  readonly changes: readonly Change[]
  readonly dependents: readonly Dependent[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: ReadonlyMap<Key, LiveObject>
  /** The keys of the unmanaged objects among `wanted` and `live`. */
  readonly unmanaged: ReadonlySet<Key>
  readonly throughViews: ReadsThroughViews
}

/**
 * Adds the replacements that are built beside the old objects, so that the whole changed part of the graph is rebuilt at once:
 * what PostgreSQL would not alter or drop while something reads it, and everything that reads a replacement, transitively.
 */
export function addReplacements(input: ReplacementInput): readonly Change[] {
  const { changes, wanted, unmanaged } = input
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const readers = readersByNeed(input)
  const dependentsOn = groupBy(input.dependents, ({ on }) => on)
  const isKept = (key: Key) => {
    const change = byKey.get(key)
    return change?.op === 'drop' ? change.dropped === 'last' : wanted.has(key)
  }
  const replaced: Replaced[] = []
  const add = (change: Replace) => {
    byKey.set(change.key, change)
    replaced.push(replacedBy(change))
  }
  for (const change of changes) {
    if (isOnlineReplacement(change)) replaced.push(replacedBy(change))
    // What uses an old object under its temporary name is rebuilt with what has the name now.
    if (change.op === 'create' && change.renamesAside) replaced.push(replacedBy(change.renamesAside))
    if (change.op === 'drop' && change.formerly) replaced.push(overtaken(change.formerly))
    const replacement = replaceIfUsed(change, dependentsOn.get(change.key) ?? [], isKept, byKey)
    if (replacement) add(replacement)
  }
  for (const { key, title, takenBy } of replaced) {
    for (const reader of readers.get(key) ?? []) {
      const to = wanted.get(reader.key)
      const change = byKey.get(reader.key)
      // What is created has left its name to its successor.
      if (!to || change?.op === 'create' || change?.op === 'drop' || (change && isOnlineReplacement(change))) continue
      if (takenBy !== undefined && !to.needs.includes(takenBy)) continue
      const own = change?.op === 'alter' || change?.op === 'replace' ? change.fields : []
      const fields = own.some(({ field }) => field === title) ? own : [...own, replacedWith(title)]
      const replacement = { op: 'replace', key: reader.key, from: reader.live, to, fields, how: 'beside' } as const
      add(unmanaged.has(reader.key) ? { ...replacement, isUnmanaged: true } : replacement)
    }
  }
  return [...byKey.values()]
}

interface Replaced {
  readonly key: Key
  /** Of what has its name afterwards. */
  readonly title: string
  /** The key of that, if it is an object of another kind. */
  readonly takenBy?: Key
}

function replacedBy({ key, to }: Replace): Replaced {
  return { key, title: titleOf(to.id) }
}

function overtaken({ id, takenBy }: Formerly): Replaced {
  const taker = idOf(takenBy)
  return { key: keyOf(id), title: taker ? titleOf(taker) : takenBy, takenBy }
}

/**
 * What is built in a scratch schema, by what it reads. A managed object also gets other data through the plain views that it
 * reads; whether an unmanaged one should is not for fdwsync to decide.
 */
function readersByNeed({ live, unmanaged, throughViews }: ReplacementInput) {
  const readers = Array.from(live, ([key, object]) => {
    if (!kindOf(object.id).replacement?.inScratch) return []
    const through = unmanaged.has(key) ? [] : object.needs.flatMap((need) => throughViews.get(need) ?? [])
    return Array.from(new Set([...object.needs, ...through]), (need) => ({ need, key, live: object }))
  })
  return groupBy(readers.flat(), ({ need }) => need)
}

/** For a change that PostgreSQL refuses while something reads the object: the replacement that takes its place. */
function replaceIfUsed(
  change: Change,
  dependents: readonly Dependent[],
  isKept: (key: Key) => boolean,
  byKey: ReadonlyMap<Key, Change>,
): Replace | undefined {
  if (change.op !== 'alter' && !(change.op === 'replace' && change.how === 'drop-and-create')) return undefined
  const { replacement } = kindOf(change.to.id)
  if (!replacement?.onlyIfUsed || replacement.onlyWithWhatItUses) return undefined
  const users = dependents.filter(
    (dependent) =>
      dependent.parent === change.key ||
      (dependent.view || dependent.key === undefined ? canFollow(change, dependent) : isKept(dependent.key)),
  )
  const isBlocked = (field: FieldChange) => users.some((user) => isBlockedBy(field, user))
  if (users.length === 0 || (change.op === 'alter' && !change.fields.some(isBlocked))) return undefined
  // What it needs is dropped and created in the transaction for definitions, and so must this be.
  const needsRecreated = change.from.needs.some((need) => {
    const needed = byKey.get(need)
    return needed?.op === 'replace' && needed.how === 'drop-and-create'
  })
  if (needsRecreated) return undefined
  const fields = change.fields.map(
    (field): FieldChange => (isBlocked(field) ? { ...field, effect: { how: 'replace' } } : field),
  )
  return { op: 'replace', key: change.key, from: change.from, to: change.to, fields, how: 'beside' }
}

/**
 * Whether a plain view can get along with the successor of what it reads: repointed at it, so that it keeps its identity, grants
 * and dependents, or recreated. If that was not tried, it can as long as the columns it uses stay as they are.
 */
export function canFollow({ from, to }: Pick<Replace, 'from' | 'to'>, { view, column }: Dependent): boolean {
  if (!view) return false
  if (view.outcome?.becomes === 'recreated') return true
  if (view.otherOwner !== null || view.whyNotRepointed !== null || view.outcome?.becomes === 'lost') return false
  const { columns } = kindOf(to.id)
  const isSame = column === null || columns?.(from.spec).get(column) === columns?.(to.spec).get(column)
  return isSame || view.outcome?.becomes === 'repointed'
}
