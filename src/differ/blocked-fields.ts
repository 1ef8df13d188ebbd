// Alterations that PostgreSQL refuses because of what uses the object.

import type { Change, FieldChange } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent } from '../core/dependent.ts'
import type { Key } from '../core/object.ts'
import type { AnyKind } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'

export function isBlockedBy(field: FieldChange, dependent: Dependent): boolean {
  const { blockedByUseOf, blockedByUseOfKey, rewritesValues } = field
  if (blockedByUseOfKey && dependent.usesKey) return true
  if (rewritesValues && dependent.storesValues) return true
  return blockedByUseOf !== undefined && blockedByUseOf === dependent.column
}

/** Whether it depends on what uses the object. */
export function mayBeBlocked(change: Change): boolean {
  if (change.op !== 'alter') return false
  return change.fields.some(
    ({ blockedByUseOf, blockedByUseOfKey, rewritesValues, scansValues }) =>
      blockedByUseOf !== undefined || blockedByUseOfKey || rewritesValues || scansValues,
  )
}

/**
 * What cannot be altered because of its use, and cannot be built beside the old one either, is replaced: the old one can be
 * renamed aside. See rename-aside.ts.
 * @param storedInside the keys of domains that relations store inside of arrays, composites or ranges
 */
export function replaceBlocked(
  changes: readonly Change[],
  dependents: readonly Dependent[],
  storedInside: ReadonlySet<Key>,
): readonly Change[] {
  const dependentsOn = groupBy(dependents, ({ on }) => on)
  return changes.map((change) => {
    if (change.op !== 'alter' || !canBeRenamedAside(change)) return change
    const isBlocked = (field: FieldChange) =>
      (field.scansValues && storedInside.has(change.key)) ||
      (dependentsOn.get(change.key) ?? []).some((dependent) => isBlockedBy(field, dependent))
    if (!change.fields.some(isBlocked)) return change
    const fields = change.fields.map((field) =>
      isBlocked(field) ? { ...field, effect: { how: 'replace' } as const } : field,
    )
    return { op: 'replace', key: change.key, from: change.from, to: change.to, fields, how: 'drop-and-create' }
  })
}

/** Whether objects of the kind leave their names to their successors, since no two of them can have the same name. */
export function isRenamedAside({ aside, replacement }: AnyKind): boolean {
  return aside !== undefined && (replacement === undefined || replacement.onlyWithWhatItUses === true)
}

/** Whether it may have to be: its dependents are read to find out. */
export function canBeRenamedAside(change: Change): boolean {
  if (change.op !== 'alter' || !mayBeBlocked(change)) return false
  return isRenamedAside(kindOf(change.to.id))
}
