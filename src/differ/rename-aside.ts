// Objects, such as servers, that cannot be altered as wanted while something that readers use depends on them, and that cannot be
// built beside the old ones because their names are unique. The old one is renamed and serves on; its successor gets the name.

import type { Change, LiveObject, Replace } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'

interface RenamedAside {
  readonly changes: readonly Change[]
  /** The names of old objects until they are dropped, by their keys of today. */
  readonly temporaryNames: ReadonlyMap<Key, ObjectId>
}

type Going = Extract<Change, { op: 'drop' | 'replace' }>

/** What is dropped or replaced, indexed, and what depends on it. */
interface Context {
  readonly going: ReadonlyMap<Key, Going>
  readonly goingByNeed: ReadonlyMap<Key, readonly Going[]>
  /** What has to go with its owner, such as the user mappings of a server. */
  readonly goingByOwner: ReadonlyMap<Key, readonly Going[]>
  readonly dependentsOn: ReadonlyMap<Key, readonly Dependent[]>
  readonly ledger: Ledger
}

/**
 * Splits such replacements into the creation of the successor and a drop of the old object, which comes when its last dependent
 * has been swapped. The ledger has the old object under its temporary name, so that the next apply drops it if this one cannot.
 */
export function renameOldAside(
  changes: readonly Change[],
  dependents: readonly Dependent[],
  ledger: Ledger,
): RenamedAside {
  const temporaryNames = assignTemporaryNames(contextOf(changes, dependents, ledger))
  return {
    temporaryNames,
    changes: changes.flatMap((change) => {
      const id = temporaryNames.get(change.key)
      return id && isGoing(change) ? splitReplacement(change, id, temporaryNames) : [change]
    }),
  }
}

function isGoing(change: Change): change is Going {
  return change.op === 'drop' || change.op === 'replace'
}

function contextOf(changes: readonly Change[], dependents: readonly Dependent[], ledger: Ledger): Context {
  const going = changes.filter(isGoing)
  const needs = going.flatMap((change) => Array.from(new Set(change.from.needs), (need) => ({ need, change })))
  const owned = going.flatMap((change) => {
    const owner = kindOf(change.from.id).belongsTo?.ownerOf(change.from.id)
    return owner === undefined ? [] : [{ owner, change }]
  })
  const changesOf = (groups: ReadonlyMap<Key, readonly { readonly change: Going }[]>) =>
    new Map(Array.from(groups, ([key, group]) => [key, group.map(({ change }) => change)]))
  return {
    going: new Map(going.map((change) => [change.key, change])),
    goingByNeed: changesOf(groupBy(needs, ({ need }) => need)),
    goingByOwner: changesOf(groupBy(owned, ({ owner }) => owner)),
    dependentsOn: groupBy(dependents, ({ on }) => on),
    ledger,
  }
}

function assignTemporaryNames(context: Context): ReadonlyMap<Key, ObjectId> {
  const temporaryNames = new Map<Key, ObjectId>()
  for (const change of context.going.values()) {
    const id = kindOf(change.from.id).renaming?.asideName?.(change.from.oid)
    if (!id || change.op !== 'replace' || !isUsed(change, context) || !canBeRenamed(change, context)) continue
    temporaryNames.set(change.key, id)
    for (const { key, from } of ownedBy(change, context)) {
      temporaryNames.set(key, kindOf(from.id).belongsTo?.under(from.id, id) ?? from.id)
    }
  }
  return temporaryNames
}

/** The drop of the old object, and its successor. */
function splitReplacement(change: Going, id: ObjectId, temporaryNames: ReadonlyMap<Key, ObjectId>): readonly Change[] {
  const drop = { op: 'drop', key: keyOf(id), from: renamedTo(id, change.from, temporaryNames) } as const
  if (change.op === 'drop') return [drop]
  const { key, to } = change
  return [
    { ...drop, renamedAsideFor: change },
    { op: 'create', key, to, renamesAside: change },
  ]
}

/** The old object under its temporary name, or under the same name but belonging to an owner that has one. */
function renamedTo(id: ObjectId, object: LiveObject, temporaryNames: ReadonlyMap<Key, ObjectId>): LiveObject {
  const needs = object.needs.map((need) => {
    const renamed = temporaryNames.get(need)
    return renamed ? keyOf(renamed) : need
  })
  return { ...object, id, needs }
}

/** Whether a dependent still needs it once everything that is simply dropped is gone. */
function isUsed({ key }: Replace, { going, goingByNeed, dependentsOn }: Context): boolean {
  const below = new Set((goingByNeed.get(key) ?? []).map((change) => change.key))
  for (const on of below) {
    for (const dependent of dependentsOn.get(on) ?? []) {
      // A child, such as a trigger, is dropped with its parent.
      const dropped = [dependent.parent, dependent.key].find(
        (own) => own !== undefined && going.get(own)?.op === 'drop',
      )
      if (dropped === undefined) return true
      below.add(dropped)
    }
  }
  return false
}

/** Only managed objects are renamed, none that is renamed anyway, and none that is protected, since the old one is dropped. */
function canBeRenamed(change: Replace, context: Context): boolean {
  const { key, from, to } = change
  const { entries } = context.ledger
  const isKept = isProtected(to.written) || isProtected(entries.get(key)?.declared)
  if (isKept || from.renamedFrom) return false
  const renamed = [change, ...ownedBy(change, context)]
  return renamed.every((each) => entries.has(each.key)) && hasOnlyGoingDependents(key, context)
}

function hasOnlyGoingDependents(key: Key, { going, dependentsOn }: Context): boolean {
  return (dependentsOn.get(key) ?? []).every(({ key: own }) => own !== undefined && going.has(own))
}

function ownedBy({ key }: Replace, { goingByOwner }: Context): readonly Going[] {
  return goingByOwner.get(key) ?? []
}
