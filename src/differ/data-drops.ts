// Drops of what holds data. Something else may take its place, and loading that can fail. So such an object is dropped last, and
// what it reads is kept for it until then.

import { type Change, currentIdOf, type LiveObject, type Replace } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { isBlockedBy } from './blocked-fields.ts'
import { isOnlineReplacement, parentOfChange } from './changes.ts'
import { temporaryName } from './temporary-name.ts'

type Drop = Extract<Change, { op: 'drop' }>

/** Marks the drops of what may hold data as the last ones. */
export function dropDataLast(changes: readonly Change[]): readonly Change[] {
  return changes.map((change) =>
    change.op === 'drop' && kindOf(change.from.id).data ? { ...change, dropped: 'last' } : change,
  )
}

/** Whether any data is read, be it for an index, which can fail after the definitions were committed. */
export function readsData(changes: readonly Change[], live: ReadonlySet<Key>, populate: boolean): boolean {
  return changes.some((change) => {
    switch (change.op) {
      case 'replace':
        return isOnlineReplacement(change)
      case 'alter':
        return change.fields.some(({ effect }) => effect.how === 'populate')
      case 'create': {
        const parent = parentOfChange(change)
        const isLoaded = populate && kindOf(change.to.id).data?.isPopulated(change.to.declared)
        return isLoaded === true || (parent !== undefined && live.has(parent))
      }
      case 'drop':
      case 'adopt':
      case 'release':
        return false
    }
  })
}

interface Context {
  readonly changeOf: ReadonlyMap<Key, Change>
  /** By what depends on something. */
  readonly uses: ReadonlyMap<Key | undefined, readonly Dependent[]>
  readonly ledger: Ledger
}

export interface KeepInput {
  readonly dependents: readonly Dependent[]
  readonly ledger: Ledger
  /** Random, in the temporary names. */
  readonly suffix: string
}

/**
 * Keeps what such objects read: the swap only renames it. Where that is not possible, the object has to be dropped early, and so
 * has what reads it.
 */
export function keepWhatIsRead(
  changes: readonly Change[],
  { dependents, ledger, suffix }: KeepInput,
): readonly Change[] {
  const last = changes.filter((change): change is Drop => change.op === 'drop' && change.dropped === 'last')
  if (last.length === 0) return changes
  const changeOf = new Map(changes.map((change) => [change.key, change]))
  const context = { changeOf, uses: groupBy(dependents, ({ key }) => key), ledger }
  const keptFor = new Map(last.map((drop) => [drop.key, replacedUnder(drop, context)]))
  const early = withReaders(
    last.filter(({ key }) => keptFor.get(key) === undefined),
    last,
  )
  const kept = new Set(last.flatMap(({ key }) => (early.has(key) ? [] : (keptFor.get(key) ?? []))))
  return changes.map((change) => {
    if (early.has(change.key) && change.op === 'drop') return { ...change, dropped: 'early' }
    if (!kept.has(change.key) || change.op !== 'replace') return change
    const keptAs = temporaryName(change.from, suffix)
    return keptAs ? { ...change, keptAs } : change
  })
}

/** What is replaced and must be kept for the object, directly or through others of these; undefined if that is not possible. */
function replacedUnder(drop: Drop, context: Context): readonly Key[] | undefined {
  const kept = new Map<Key, Drop | Replace>([[drop.key, drop]])
  for (const [key, { from }] of kept) {
    const uses = context.uses.get(key) ?? []
    for (const need of new Set([...from.needs, ...uses.map(({ on }) => on)])) {
      const change = context.changeOf.get(need)
      if (change?.op === 'alter' && isBlocked(change, uses)) return undefined
      if (change?.op !== 'replace') continue
      if (!canBeKept(change, context)) return undefined
      kept.set(need, change)
    }
  }
  kept.delete(drop.key)
  return [...kept.keys()]
}

function isBlocked({ key, fields }: Extract<Change, { op: 'alter' }>, uses: readonly Dependent[]): boolean {
  return uses.some((use) => use.on === key && fields.some((field) => isBlockedBy(field, use)))
}

/** The ledger must have it, so that the next apply drops it if this one cannot. */
function canBeKept(change: Replace, { ledger }: Context): boolean {
  const { aside } = kindOf(currentIdOf(change.from))
  const isPossible = aside !== undefined && aside.isPossible?.(change.from.spec) !== false
  return isOnlineReplacement(change) && isPossible && ledger.entries.has(change.key)
}

function withReaders(drops: readonly Drop[], all: readonly Drop[]): ReadonlySet<Key> {
  const readers = groupBy(
    all.flatMap(({ key, from }) => from.needs.map((need) => ({ need, key }))),
    ({ need }) => need,
  )
  const found = new Set(drops.map(({ key }) => key))
  for (const key of found) for (const reader of readers.get(key) ?? []) found.add(reader.key)
  return found
}

/**
 * Adds the drops of what is kept.
 * @param temporaryNames what else is renamed until it is dropped
 */
export function addDropsOfKept(
  changes: readonly Change[],
  temporaryNames: ReadonlyMap<Key, ObjectId>,
): readonly Change[] {
  const kept = changes.flatMap((change) =>
    change.op === 'replace' && change.keptAs ? [[change, change.keptAs] as const] : [],
  )
  if (kept.length === 0) return changes
  const names = new Map([...temporaryNames, ...kept.map(([{ key }, id]) => [key, id] as const)])
  const needsOf = ({ needs }: LiveObject) =>
    needs.map((need) => {
      const id = names.get(need)
      return id ? keyOf(id) : need
    })
  const drops = kept.map(
    ([change, id]): Drop => ({
      op: 'drop',
      key: keyOf(id),
      from: { ...change.from, id, needs: needsOf(change.from) },
      renamedAsideFor: change,
    }),
  )
  const others = changes.map((change) =>
    change.op === 'drop' && change.dropped === 'last'
      ? { ...change, from: { ...change.from, needs: needsOf(change.from) } }
      : change,
  )
  return [...others, ...drops]
}
