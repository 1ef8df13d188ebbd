// Objects that leave their name to another one, and are used under a temporary name until they are dropped. They are of two sorts:
// servers and types that cannot be altered as wanted while readers use what depends on them, whose successors get the names; and what
// is dropped only after an object of another kind has been created under its name.

import type { Change, LiveObject, Replace, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { isRenamedAside } from './blocked-fields.ts'
import { builtBeside } from './built-beside.ts'
import { type NameTakers, nameTakers, takerOf } from './taken-names.ts'
import { temporaryName } from './temporary-name.ts'

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
  /** What is built in a scratch schema, since it consists of rows of relations that are. */
  readonly beside: ReadonlySet<Key>
  readonly takers: NameTakers
  readonly ledger: Ledger
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly suffix: string
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
  const context = contextOf(input)
  const temporaryNames = assignTemporaryNames(context)
  return {
    temporaryNames,
    changes: input.changes.flatMap((change) => {
      const id = temporaryNames.get(change.key)
      if (id && isGoing(change)) return split(change, id, temporaryNames, context)
      return [underTemporaryParent(displacing(change, context), temporaryNames)]
    }),
  }
}

function isGoing(change: Change): change is Going {
  return change.op === 'drop' || change.op === 'replace'
}

function contextOf({ changes, dependents, ledger, wanted, suffix }: AsideInput): Context {
  const going = changes.filter(isGoing)
  const needs = going.flatMap((change) => Array.from(new Set(change.from.needs), (need) => ({ need, change })))
  const owned = going.flatMap((change) => {
    const owners = kindOf(change.from.id).belongsTo?.ownersOf(change.from.id) ?? []
    return owners.map((owner) => ({ owner, change }))
  })
  const changesOf = (groups: ReadonlyMap<Key, readonly { readonly change: Going }[]>) =>
    new Map(Array.from(groups, ([key, group]) => [key, group.map(({ change }) => change)]))
  return {
    going: new Map(going.map((change) => [change.key, change])),
    goingByNeed: changesOf(groupBy(needs, ({ need }) => need)),
    goingByOwner: changesOf(groupBy(owned, ({ owner }) => owner)),
    dependentsOn: groupBy(dependents, ({ on }) => on),
    beside: builtBeside(going, wanted),
    takers: nameTakers(changes),
    ledger,
    wanted,
    suffix,
  }
}

function assignTemporaryNames(context: Context): ReadonlyMap<Key, ObjectId> {
  const temporaryNames = new Map<Key, ObjectId>()
  for (const change of context.going.values()) {
    const id = temporaryName(change.from, context.suffix)
    const mustLeave = change.op === 'drop' ? isOvertaken(change, context) : isReplacedUnderUse(change, context)
    if (!id || !mustLeave) continue
    temporaryNames.set(change.key, id)
    for (const { key, from } of ownedBy(change, context)) {
      temporaryNames.set(key, kindOf(from.id).belongsTo?.under(from.id, id) ?? from.id)
    }
  }
  dropUnusable(temporaryNames, context)
  return temporaryNames
}

/** Whether something is created under its name before it is gone. */
function isOvertaken(change: Extract<Going, { op: 'drop' }>, context: Context): boolean {
  if (takerOf(change.from.id, context.takers) === undefined) return false
  return kindOf(change.from.id).child !== undefined || isUsed(change, context)
}

/** Whether it is used, but cannot be built beside the old one under the same name. */
function isReplacedUnderUse(change: Replace, context: Context): boolean {
  if (context.beside.has(change.key)) return false
  return isRenamedAside(kindOf(change.from.id)) && isUsed(change, context) && canBeRenamed(change, context)
}

/** An old object cannot serve on if what it needs cannot: a composite type has the types of its attributes. */
function dropUnusable(temporaryNames: Map<Key, ObjectId>, { going, goingByNeed }: Context): void {
  const unusable = [...going.values()].filter(({ op, key, from }) => {
    return op === 'replace' && isRenamedAside(kindOf(from.id)) && !temporaryNames.has(key)
  })
  for (const { key } of unusable) {
    for (const above of goingByNeed.get(key) ?? []) {
      if (temporaryNames.delete(above.key)) unusable.push(above)
    }
  }
}

/** The drop of the old object and, for a replacement, its successor. */
function split(
  change: Going,
  id: ObjectId,
  temporaryNames: ReadonlyMap<Key, ObjectId>,
  { takers }: Context,
): readonly Change[] {
  const drop = { op: 'drop', key: keyOf(id), from: renamedTo(id, change.from, temporaryNames) } as const
  if (change.op === 'drop') {
    const takenBy = takerOf(change.from.id, takers)
    const formerly = takenBy === undefined ? {} : { formerly: { id: change.from.id, takenBy } }
    return [{ ...change, ...drop, ...formerly }]
  }
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
  // If it has to be renamed back, that comes first: see the steps.
  const { renamedFrom: _, ...rest } = object
  return { ...rest, id, needs, spec: withTemporaryNames(object, temporaryNames) }
}

/** A child that is dropped with its parent, or moves away from it, while the parent has a temporary name. */
function underTemporaryParent(change: Change, temporaryNames: ReadonlyMap<Key, ObjectId>): Change {
  if (temporaryNames.size === 0) return change
  if (change.op === 'drop')
    return { ...change, from: { ...change.from, spec: withTemporaryNames(change.from, temporaryNames) } }
  if (change.op !== 'create' || !change.instead) return change
  return { ...change, instead: { ...change.instead, spec: withTemporaryNames(change.instead, temporaryNames) } }
}

function withTemporaryNames({ id, spec }: LiveObject, temporaryNames: ReadonlyMap<Key, ObjectId>): unknown {
  const { child, renaming } = kindOf(id)
  return child ? (renaming?.withNames?.(spec, (named) => temporaryNames.get(keyOf(named)) ?? named) ?? spec) : spec
}

/** A child that moves away from a parent which is dropped later leaves its name at once. */
function displacing(change: Change, { going, suffix }: Context): Change {
  if (change.op !== 'create' || !change.instead) return change
  const { id, spec } = change.instead
  const { child } = kindOf(id)
  const to = temporaryName(change.instead, suffix)
  const parent = child && going.get(child.parentOf(spec, id))
  if (!to || parent?.op !== 'drop' || parent.dropped !== 'last') return change
  const { instead: _, ...create } = change
  return { ...create, displaces: { id, to } }
}

/** Whether something still needs it once everything is gone that is simply dropped, or dropped and created with it. */
function isUsed(change: Going, { going, goingByNeed, dependentsOn }: Context): boolean {
  if (isDroppedLast(change)) return true
  const below = new Set([change.key, ...(goingByNeed.get(change.key) ?? []).map((above) => above.key)])
  for (const on of below) {
    for (const dependent of dependentsOn.get(on) ?? []) {
      // A child, such as a trigger, is dropped with its parent.
      const gone = [dependent.parent, dependent.key]
        .flatMap((own) => (own === undefined ? [] : (going.get(own) ?? [])))
        .find((above) => (above.op === 'drop' ? !isDroppedLast(above) : above.how === 'drop-and-create'))
      if (gone === undefined) return true
      below.add(gone.key)
    }
  }
  return false
}

function isDroppedLast(change: Going): boolean {
  return change.op === 'drop' && change.dropped === 'last'
}

/** Only managed objects whose kind allows it are renamed, and none that is protected, since the old one is dropped. */
function canBeRenamed(change: Replace, context: Context): boolean {
  const { key, from, to } = change
  const { entries } = context.ledger
  if (kindOf(from.id).aside?.isPossible?.(from.spec) === false) return false
  const isKept = isProtected(to.written) || isProtected(entries.get(key)?.declared)
  if (isKept) return false
  const renamed = [change, ...ownedBy(change, context)]
  const dependents = context.dependentsOn.get(key) ?? []
  return renamed.every((each) => entries.has(each.key)) && dependents.every((each) => isReplacedToo(each, context))
}

function isReplacedToo({ key, parent, view }: Dependent, { going, wanted }: Context): boolean {
  if (view?.outcome?.becomes === 'repointed') return true
  const isRebuilt = (id: ObjectId) => kindOf(id).replacement?.inScratch === true && !isRenamedAside(kindOf(id))
  return [parent, key].some((own) => {
    const to = own === undefined ? undefined : wanted.get(own)
    return own !== undefined && (going.has(own) || (to !== undefined && isRebuilt(to.id)))
  })
}

function ownedBy({ key }: Going, { goingByOwner }: Context): readonly Going[] {
  return goingByOwner.get(key) ?? []
}
