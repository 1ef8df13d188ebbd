// Which changes come after the stage `define`, because they read data or wait for others that do.

import { type Change, droppedColumns } from '../../core/change.ts'
import type { Key } from '../../core/object.ts'
import { parentOf } from '../../kinds/registry.ts'
import { isOnlineReplacement, parentOfChange } from '../changes.ts'
import { databaseOf } from './changes.ts'
import { dropPrerequisites } from './drop-steps.ts'
import { definitionOrder, dropOrder } from './order.ts'
import type { StepContext } from './step-context.ts'

/** The keys of the changes that are not part of the one transaction for definitions. */
export function deferredChanges(context: StepContext): ReadonlySet<Key> {
  const deferred = new Set<Key>()
  const definitions = definitionOrder(context.changes)
  for (const change of definitions) {
    if (isOnlineReplacement(change) || databaseOf(change.to.id) !== undefined) deferred.add(change.key)
    if (change.op !== 'create') continue
    if (hasLiveParent(change, context) || change.to.needs.some((need) => deferred.has(need))) deferred.add(change.key)
  }
  // Dependents come first in this order, so whatever keeps an object in place is known before that object is looked at.
  for (const change of dropOrder(context.changes)) {
    if (change.op !== 'drop') continue
    // Dropping a child locks its parent: for a moment in a transaction of its own, but until COMMIT among all definitions. PostgreSQL
    // drops it along with a column that it uses.
    const isBefore = losesColumns(change, context)
    const mustWait = change.dropped === 'last' || dropPrerequisites(change, context, deferred).length > 0
    if (mustWait || databaseOf(change.from.id) !== undefined || (hasLiveParent(change, context) && !isBefore))
      deferred.add(change.key)
  }
  for (const change of definitions) {
    const former = formerParentOf(change)
    if (former !== undefined && deferred.has(former)) deferred.add(change.key)
  }
  return deferred
}

/** The old parent of a child that moves to another one: the child's name is free once that parent is gone. */
export function formerParentOf(change: Change): Key | undefined {
  if (change.op !== 'create' || !change.instead) return undefined
  return parentOf(change.instead)
}

function losesColumns(child: Change, { changeOf }: StepContext): boolean {
  const parent = parentOfChange(child)
  const change = parent === undefined ? undefined : changeOf.get(parent)
  return change?.op === 'alter' && droppedColumns(change.fields).length > 0
}

function hasLiveParent(change: Change, { live }: StepContext): boolean {
  const parent = parentOfChange(change)
  return parent !== undefined && live.has(parent)
}
