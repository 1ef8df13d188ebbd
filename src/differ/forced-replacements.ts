// What has to be dropped and recreated because something it depends on is.

import type { Change, FieldChange, LiveObject, Replace, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import { kindOf, parentOf, titleOf } from '../kinds/registry.ts'

/**
 * Adds the dependents of what is dropped and recreated, as far as they are declared and their kind allows it. Those left over
 * block the plan: see blockers.ts.
 */
export function addForcedReplacements(
  changes: readonly Change[],
  wanted: ReadonlyMap<Key, WantedObject>,
  live: ReadonlyMap<Key, LiveObject>,
): readonly Change[] {
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const dependents = dependentsByNeed(live)
  const recreated = changes.filter(isRecreated)
  for (const { key, to: needed } of recreated) {
    for (const { dependent, object } of dependents.get(key) ?? []) {
      const change = byKey.get(dependent)
      const to = wanted.get(dependent)
      if (!to || kindOf(object.id).replacement?.onlyIfUsed === false) continue
      if (change && change.op !== 'alter' && change.op !== 'adopt') continue
      const fields = [...(change?.op === 'alter' ? change.fields : []), replacedWith(titleOf(needed.id))]
      const replace: Replace = { op: 'replace', key: dependent, from: object, to, fields, how: 'drop-and-create' }
      byKey.set(dependent, replace)
      recreated.push(replace)
    }
  }
  return Array.from(byKey.values(), (change) => (losesParent(change, byKey) ? asCreation(change) : change))
}

/** The difference that an object has because another one is replaced. */
export function replacedWith(title: string): FieldChange {
  return { field: title, from: undefined, to: undefined, effect: { how: 'replace' } }
}

/** The difference that an object has because another one is altered: its data is outdated. */
export function outdatedBy(title: string): FieldChange {
  return { ...replacedWith(title), outdates: true }
}

function dependentsByNeed(live: ReadonlyMap<Key, LiveObject>) {
  const pairs = Array.from(live, ([dependent, object]) =>
    Array.from(new Set(object.needs), (need) => ({ need, dependent, object })),
  )
  return groupBy(pairs.flat(), ({ need }) => need)
}

function isRecreated(change: Change): change is Replace {
  return change.op === 'replace' && change.how === 'drop-and-create'
}

/** A child that moves away from a parent which is dropped or replaced is dropped with it, and only has to be created. */
function losesParent(change: Change, byKey: ReadonlyMap<Key, Change>): change is Replace {
  if (change.op !== 'replace') return false
  const [before, after] = [parentOf(change.from), parentOf(change.to)]
  return before !== undefined && before !== after && ['drop', 'replace'].includes(byKey.get(before)?.op ?? '')
}

function asCreation({ key, from, to }: Replace): Change {
  return { op: 'create', key, to, instead: from }
}
