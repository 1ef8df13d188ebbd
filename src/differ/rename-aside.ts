import type { Change, LiveObject, Replace } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'

export interface SetAside {
  readonly changes: readonly Change[]
  /** What old ones are called until they go, by the keys that they have today. */
  readonly aside: ReadonlyMap<Key, ObjectId>
}

type Going = Extract<Change, { op: 'drop' | 'replace' }>

/** What goes, and what would be in the way. */
interface Standing {
  readonly going: readonly Going[]
  readonly dependents: readonly Dependent[]
  readonly ledger: Ledger
}

/**
 * What can't be altered, and is stood on by what people read, is not made again in its place: the old one gets another name,
 * under which it serves on, and goes when the last that stands on it has been swapped. It stays in the ledger under that name, so
 * that the next apply ends what this one does not.
 */
export function renameOldAside(changes: readonly Change[], dependents: readonly Dependent[], ledger: Ledger): SetAside {
  const aside = temporaryNames({ going: changes.filter(isGoing), dependents, ledger })
  return {
    aside,
    changes: changes.flatMap((change) => {
      const id = aside.get(change.key)
      return id && isGoing(change) ? splitReplacement(change, id, aside) : [change]
    }),
  }
}

function isGoing(change: Change): change is Going {
  return change.op === 'drop' || change.op === 'replace'
}

function temporaryNames(standing: Standing): ReadonlyMap<Key, ObjectId> {
  const aside = new Map<Key, ObjectId>()
  for (const change of standing.going) {
    const id = kindOf(change.from.id).renaming?.asideName?.(change.from.oid)
    if (!id || change.op !== 'replace' || !isUsed(change, standing) || !canBeSetAside(change, standing)) continue
    aside.set(change.key, id)
    for (const { key, from } of ownedMappings(change, standing)) {
      aside.set(key, kindOf(from.id).belongsTo?.under(from.id, id) ?? from.id)
    }
  }
  return aside
}

/** The old one, which is to go, and its successor. */
function splitReplacement(change: Going, id: ObjectId, aside: ReadonlyMap<Key, ObjectId>): readonly Change[] {
  const drop = { op: 'drop', key: keyOf(id), from: under(change.from, id, aside) } as const
  if (change.op === 'drop') return [drop]
  const { key, to } = change
  return [
    { ...drop, renamedAsideFor: change },
    { op: 'create', key, to, renamesAside: change },
  ]
}

/** Under its name until it goes: its own, or one that has that of what it serves. */
function under(object: LiveObject, id: ObjectId, aside: ReadonlyMap<Key, ObjectId>): LiveObject {
  const needs = object.needs.map((need) => {
    const renamed = aside.get(need)
    return renamed ? keyOf(renamed) : need
  })
  return { ...object, id, needs }
}

/** Whether something stands on it that is still read once all that just goes is gone. */
function isUsed({ key }: Replace, { going, dependents }: Standing): boolean {
  const readers = groupBy(dependents, ({ on }) => on)
  const dropped = new Set(going.flatMap((other) => (other.op === 'drop' ? [other.key] : [])))
  const below = new Set(going.flatMap((other) => (other.from.needs.includes(key) ? [other.key] : [])))
  for (const on of below) {
    for (const reader of readers.get(on) ?? []) {
      // What is put on something, as a trigger is, goes with it.
      const gone = [reader.parent, reader.key].find((own) => own !== undefined && dropped.has(own))
      if (gone === undefined) return true
      below.add(gone)
    }
  }
  return false
}

/** What is of others is not renamed, nor what gets another name anyway; what is protected is not to go. */
function canBeSetAside(change: Replace, standing: Standing): boolean {
  const { key, from, to } = change
  const { entries } = standing.ledger
  const renamed = [change, ...ownedMappings(change, standing)]
  const isKept = isProtected(to.written) || isProtected(entries.get(key)?.declared)
  return (
    !isKept && !from.renamedFrom && renamed.every((each) => entries.has(each.key)) && nothingElseStandsOn(key, standing)
  )
}

function nothingElseStandsOn(key: Key, { going, dependents }: Standing): boolean {
  const keys = new Set(going.map((change) => change.key))
  return dependents.every(({ on, key: own }) => on !== key || (own !== undefined && keys.has(own)))
}

function ownedMappings({ key }: Replace, { going }: Standing): readonly Going[] {
  return going.filter(({ from }) => kindOf(from.id).belongsTo?.ownerOf(from.id) === key)
}
