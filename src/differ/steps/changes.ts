// The changes that a step can carry out, and what is known of it by itself: its locks, its hazards.

import type { Change, Replace } from '../../core/change.ts'
import type { Key, ObjectId } from '../../core/object.ts'
import type { Hazard, PlainStep } from '../../core/plan.ts'
import { kindOf, parentOf } from '../../kinds/registry.ts'
import { resultTypeHazards } from './result-type.ts'

/** A change after which an object exists as declared. */
export type DefiningChange = Extract<Change, { op: 'create' | 'alter' | 'replace' }>

export type Drop = Extract<Change, { op: 'drop' }>

/** A change that drops an object, for good or to create it again in its place. */
export type DroppingChange = Drop | Replace

/** The database of the same server that has the object, if that is not the target. No transaction covers both. */
export function databaseOf(id: ObjectId): string | undefined {
  return kindOf(id).elsewhere?.databaseOf(id)
}

export function inDatabaseOf(id: ObjectId): Pick<PlainStep, 'database'> {
  const database = databaseOf(id)
  return database === undefined ? {} : { database }
}

/** The object itself, or its parent; for a child that moves to another parent, both parents. */
export function locksOf(change: DefiningChange | DroppingChange): readonly Key[] {
  const objects = [...('from' in change ? [change.from] : []), ...('to' in change ? [change.to] : [])]
  return [...new Set(objects.map((object) => parentOf(object) ?? change.key))]
}

/** @param replacedTypes by `relationKey`: the types, and relations with their row types, that are replaced */
export function hazardsOf(change: Change, replacedTypes: ReadonlySet<string>): readonly Hazard[] {
  if (change.op === 'adopt' || change.op === 'release') return []
  // A successor is compared with the object that was renamed aside for it.
  const compared = (change.op === 'create' && change.renamesAside) || change
  const object = compared.op === 'drop' ? compared.from : compared.to
  const former = compared.op === 'replace' ? compared.from.currentId : undefined
  return [object.id, ...(former ? [former] : [])]
    .flatMap((id) => kindOf(id).hazards?.(compared) ?? [])
    .concat(resultTypeHazards(compared, replacedTypes))
}
