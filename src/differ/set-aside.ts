import type { Change, LiveObject } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { isProtected } from '../core/protection.ts'
import type { Dependent } from '../introspector/dependents.ts'
import type { Ledger } from '../introspector/ledger.ts'
import { kindOf } from '../kinds/registry.ts'

export interface SetAside {
  readonly changes: readonly Change[]
  /** What old ones are called until they go, by the keys that they have today. */
  readonly aside: ReadonlyMap<Key, ObjectId>
}

/**
 * What can't be altered, and is stood on by what people read, is not made again in its place: the old one gets another name,
 * under which it serves on, and goes when the last that stands on it has been swapped. It stays in the ledger under that name, so
 * that the next apply ends what this one does not.
 */
export function withSetAside(changes: readonly Change[], dependents: readonly Dependent[], ledger: Ledger): SetAside {
  const going = changes.filter((change) => change.op === 'drop' || change.op === 'replace')
  const aside = new Map<Key, ObjectId>()
  for (const change of going) {
    const id = change.op === 'replace' ? kindOf(change.from.id).aside?.(change.from) : undefined
    if (!id || !isUsed(change, going, dependents) || !isOurs(change, going, dependents, ledger)) continue
    aside.set(change.key, id)
    for (const { key, from } of going) {
      const { servesFor, servingAside } = kindOf(from.id)
      if (servesFor?.(from.id) === change.key && servingAside) aside.set(key, servingAside(from.id, id))
    }
  }
  const all = changes.flatMap((change): readonly Change[] => {
    const id = aside.get(change.key)
    if (!id || (change.op !== 'replace' && change.op !== 'drop')) return [change]
    const from = under(change.from, id, aside)
    if (change.op === 'drop') return [{ ...change, key: keyOf(id), from }]
    const { key, to } = change
    return [
      { op: 'drop', key: keyOf(id), from, gaveWayTo: change },
      { op: 'create', key, to },
    ]
  })
  return { changes: all, aside }
}

type Going = Extract<Change, { op: 'drop' | 'replace' }>

/** Renamed itself, or named after something that is. */
function under(object: LiveObject, id: ObjectId, aside: ReadonlyMap<Key, ObjectId>): LiveObject {
  const needs = object.needs.map((need) => {
    const renamed = aside.get(need)
    return renamed ? keyOf(renamed) : need
  })
  return { ...object, id, needs, ...(kindOf(object.id).aside ? { renamedFrom: object.id } : {}) }
}

/** Whether something stands on it that something else reads. */
function isUsed({ key }: Going, going: readonly Going[], dependents: readonly Dependent[]): boolean {
  const onIt = new Set(going.flatMap((other) => (other.from.needs.includes(key) ? [other.key] : [])))
  return dependents.some(({ on }) => onIt.has(on))
}

/** Of others nothing is renamed, nor what is renamed anyway; and what is protected is not to go. */
function isOurs(change: Going, going: readonly Going[], dependents: readonly Dependent[], ledger: Ledger): boolean {
  const { key, from } = change
  const keys = new Set(going.map((other) => other.key))
  const serving = going.filter((other) => kindOf(other.from.id).servesFor?.(other.from.id) === key)
  const isKept = change.op === 'replace' && isProtected(change.to.written)
  return (
    !isKept &&
    from.renamedFrom === undefined &&
    !isProtected(ledger.entries.get(key)?.declared) &&
    [key, ...serving.map((other) => other.key)].every((each) => ledger.entries.has(each)) &&
    dependents.every((dependent) => dependent.on !== key || (dependent.key !== undefined && keys.has(dependent.key)))
  )
}
