// The steps that drop objects, and what each has to wait for.

import type { Dependent } from '../../core/dependent.ts'
import type { Key } from '../../core/object.ts'
import type { StageName, Step } from '../../core/plan.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { isOnlineReplacement, parentOfChange } from '../changes.ts'
import { type Drop, type DroppingChange, hazardsOf, inDatabaseOf, locksOf } from './changes.ts'
import { isCoveredByParent, type StepContext } from './step-context.ts'
import { buildId, dropId } from './step-ids.ts'

/**
 * The steps that must have run before an object can be dropped: replacements that no longer read it, and later drops of what
 * needs it.
 * @param deferred the keys of the changes that are not part of the stage `define`
 */
export function dropPrerequisites(change: Drop, context: StepContext, deferred: ReadonlySet<Key>): readonly string[] {
  const owners = ownersOf(change)
  const deferredDropsNeeding = (key: Key) =>
    (context.dropsNeeding.get(key) ?? []).filter((other) => deferred.has(other.key))
  const users = deferredDropsNeeding(change.key)
  // Without it nothing could read through its owner any more, so whatever still needs the owner goes first.
  const usersOfOwner = owners.flatMap((owner) =>
    deferredDropsNeeding(owner).filter((other) => !ownersOf(other).includes(owner)),
  )
  const { renamedAsideFor } = change
  return [
    ...(renamedAsideFor?.keptAs ? [buildId(renamedAsideFor.key, context.groups)] : []),
    ...buildsWithout(change.key, context),
    ...owners.flatMap((owner) => buildsWithout(owner, context)),
    ...[...users, ...usersOfOwner].flatMap((other) => deferredDropOf(other, change.key, context, deferred)),
  ]
}

/** The step that drops what needs the object: its own, or that of its parent. What goes with a replacement has no such step. */
function deferredDropOf(user: Drop, key: Key, context: StepContext, deferred: ReadonlySet<Key>): readonly string[] {
  if (!isCoveredByParent(user, context)) return [dropId('build', user.key)]
  const parent = parentOfChange(user)
  // A child needs its parent, and goes with it.
  if (parent === undefined || parent === key || !deferred.has(parent)) return []
  return context.changeOf.get(parent)?.op === 'drop' ? [dropId('build', parent)] : []
}

/**
 * The drops that come after the other definitions of their stage: something that stays depends on the object until it is
 * altered.
 * @param drops each before what it needs
 */
export function lateDrops(drops: readonly DroppingChange[], context: StepContext): ReadonlySet<Key> {
  const late = new Set<Key>()
  for (const { op, key } of drops) {
    if (op !== 'drop') continue
    const isAltered = ({ key: user }: Dependent) => user !== undefined && context.changeOf.get(user)?.op === 'alter'
    const isNeededLater = (context.dropsNeeding.get(key) ?? []).some((other) => late.has(other.key))
    if (isNeededLater || (context.dependentsOn.get(key) ?? []).some(isAltered)) late.add(key)
  }
  return late
}

/** The replacements after which their old objects no longer read it. */
function buildsWithout(key: Key, { dependentsOn, changeOf, groups }: StepContext): readonly string[] {
  const readers = (dependentsOn.get(key) ?? []).flatMap((dependent) => [dependent.key ?? [], dependent.parent ?? []])
  return readers.flat().flatMap((reader) => {
    const change = changeOf.get(reader)
    return change && isOnlineReplacement(change) ? [buildId(reader, groups)] : []
  })
}

/** What cannot be used without the dropped object: the server of a user mapping. */
function ownersOf({ from: { id } }: Drop): readonly Key[] {
  return kindOf(id).belongsTo?.ownersOf(id) ?? []
}

export function dropStep(change: DroppingChange, stage: StageName, after: readonly string[]): Step {
  const { id } = change.from
  return {
    id: dropId(stage, change.key),
    stage,
    key: change.key,
    title: titleOf(id),
    action: 'drop',
    ...inDatabaseOf(id),
    locks: locksOf(change),
    statements: kindOf(id).drop(id),
    after,
    hazards: change.op === 'drop' ? hazardsOf(change, new Set()) : [],
  }
}
