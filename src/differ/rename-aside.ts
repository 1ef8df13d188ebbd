// Objects, such as servers and types, that cannot be altered as wanted while something that readers use depends on them, and that
// cannot be built beside the old ones because their names are unique. The old one is renamed and serves on; its successor gets the name.

import type { Change, LiveObject, Replace, WantedObject } from '../core/change.ts'
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
  readonly wanted: ReadonlyMap<Key, WantedObject>
}

export interface AsideInput {
  readonly changes: readonly Change[]
  readonly dependents: readonly Dependent[]
  readonly ledger: Ledger
  /** What is declared, and the unmanaged views that can be recreated. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Random, in the temporary names, so that no role can take them before. */
  readonly suffix: string
}

/**
 * Splits such replacements into the creation of the successor and a drop of the old object, which comes when its last dependent
 * has been swapped. The ledger has the old object under its temporary name, so that the next apply drops it if this one cannot.
 */
export function renameOldAside(input: AsideInput): RenamedAside {
  const temporaryNames = assignTemporaryNames(contextOf(input), input.suffix)
  return {
    temporaryNames,
    changes: input.changes.flatMap((change) => {
      const id = temporaryNames.get(change.key)
      return id && isGoing(change) ? splitReplacement(change, id, temporaryNames) : [change]
    }),
  }
}

function isGoing(change: Change): change is Going {
  return change.op === 'drop' || change.op === 'replace'
}

function contextOf({ changes, dependents, ledger, wanted }: AsideInput): Context {
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
    wanted,
  }
}

function assignTemporaryNames(context: Context, suffix: string): ReadonlyMap<Key, ObjectId> {
  const temporaryNames = new Map<Key, ObjectId>()
  for (const change of context.going.values()) {
    const { id: old, oid } = change.from
    const id = kindOf(old).aside?.called(old, `fdwsync_old_${suffix}_${oid}`)
    if (!id || change.op !== 'replace' || !isUsed(change, context) || !canBeRenamed(change, context)) continue
    temporaryNames.set(change.key, id)
    for (const { key, from } of ownedBy(change, context)) {
      temporaryNames.set(key, kindOf(from.id).belongsTo?.under(from.id, id) ?? from.id)
    }
  }
  dropUnusable(temporaryNames, context)
  return temporaryNames
}

/** An old object cannot serve on if what it needs cannot: a composite type has the types of its attributes. */
function dropUnusable(temporaryNames: Map<Key, ObjectId>, { going, goingByNeed }: Context): void {
  const unusable = [...going.values()].filter(
    ({ key, from }) => kindOf(from.id).aside !== undefined && !temporaryNames.has(key),
  )
  for (const { key } of unusable) {
    for (const above of goingByNeed.get(key) ?? []) {
      if (temporaryNames.delete(above.key)) unusable.push(above)
    }
  }
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

/** Whether something still needs it once everything is gone that is simply dropped, or dropped and created with it. */
function isUsed({ key }: Replace, { going, goingByNeed, dependentsOn }: Context): boolean {
  const below = new Set([key, ...(goingByNeed.get(key) ?? []).map((change) => change.key)])
  for (const on of below) {
    for (const dependent of dependentsOn.get(on) ?? []) {
      // A child, such as a trigger, is dropped with its parent.
      const gone = [dependent.parent, dependent.key]
        .flatMap((own) => (own === undefined ? [] : (going.get(own) ?? [])))
        .find((change) => change.op === 'drop' || change.how === 'drop-and-create')
      if (gone === undefined) return true
      below.add(gone.key)
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
  const dependents = context.dependentsOn.get(key) ?? []
  return renamed.every((each) => entries.has(each.key)) && dependents.every((each) => isReplacedToo(each, context))
}

function isReplacedToo({ key, parent, view }: Dependent, { going, wanted }: Context): boolean {
  if (view?.outcome?.becomes === 'repointed') return true
  const isRebuilt = (id: ObjectId) => kindOf(id).replacement?.inScratch === true
  return [parent, key].some((own) => {
    const to = own === undefined ? undefined : wanted.get(own)
    return own !== undefined && (going.has(own) || (to !== undefined && isRebuilt(to.id)))
  })
}

function ownedBy({ key }: Replace, { goingByOwner }: Context): readonly Going[] {
  return goingByOwner.get(key) ?? []
}
