// Dependents that keep a change from being applied: PostgreSQL would refuse it, and fdwsync never uses CASCADE.

import type { Change, LiveObject, Replace } from '../core/change.ts'
import type { ProblemCode } from '../core/codes.ts'
import { groupBy } from '../core/data.ts'
import { type Dependent, type Lost, lostToOwner } from '../core/dependent.ts'
import type { Key } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { someOf } from '../core/some-of.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { isBlockedBy, isRenamedAside, mayBeBlocked } from './blocked-fields.ts'
import { isOnlineReplacement } from './changes.ts'
import { canFollow } from './replacements.ts'

/** The live objects whose dependents must be known. */
export function affectedObjects(changes: readonly Change[]): readonly LiveObject[] {
  return changes.flatMap((change) => {
    switch (change.op) {
      case 'drop':
      case 'replace':
        return [change.from]
      case 'alter':
        return mayBeBlocked(change) ? [change.from] : []
      case 'create':
      case 'adopt':
      case 'release':
        return []
    }
  })
}

interface CheckedChanges {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
}

/**
 * Refuses every change that has dependents which the plan does not change in time. A shared object that is still in use is
 * released instead of dropped.
 * @param declared the keys of what is to stay
 */
export function refuseBlocked(
  changes: readonly Change[],
  dependents: readonly Dependent[],
  declared: ReadonlySet<Key>,
): CheckedChanges {
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const dependentsOn = groupBy(dependents, ({ on }) => on)
  const delayed = delayedDrops(byKey, dependents)
  const refusals: Refusal[] = []
  const kept = changes.map((change): Change => {
    const all = (dependentsOn.get(change.key) ?? []).filter((each) => blocks(change, each, byKey, delayed))
    const blocking = change.op === 'replace' ? withoutFollowing(change, all, declared) : all
    if (blocking.length === 0) return change
    if (change.op === 'drop' && kindOf(change.from.id).dropPolicy === 'unless-shared') {
      return { op: 'release', key: change.key, because: `it is still in use: ${listOf(blocking)}` }
    }
    // It stays in the plan, which shows what is refused.
    if (change.op !== 'adopt' && change.op !== 'release') refusals.push(refusalOf(change, blocking, byKey, declared))
    return change
  })
  // What is released after all keeps what it needs, which has to be checked again.
  return kept.every((change, at) => change === changes[at])
    ? { changes: kept, refusals: withCauses(refusals, byKey) }
    : refuseBlocked(kept, dependents, declared)
}

/**
 * What is declared follows the successor of a server or a type, and so does a view, if the old object can be renamed aside. Something
 * else keeps it from that.
 */
function withoutFollowing(
  { to }: Replace,
  blocking: readonly Dependent[],
  declared: ReadonlySet<Key>,
): readonly Dependent[] {
  if (!isRenamedAside(kindOf(to.id))) return blocking
  const others = blocking.filter(
    (each) => !((each.key !== undefined && declared.has(each.key)) || canBeRecreated(each)),
  )
  return others.length > 0 ? others : blocking
}

function canBeRecreated(dependent: Dependent): boolean {
  return Boolean(dependent.view) && lossOf(dependent) === undefined
}

/** What depends on an object need not block once that which it is replaced with can be replaced. So only the refusal of that has a hint of its own. */
function withCauses(refusals: readonly Refusal[], byKey: ReadonlyMap<Key, Change>): readonly Refusal[] {
  const refused = new Map(refusals.map(({ key, title }) => [key, title]))
  return refusals.map((refusal) => {
    const change = byKey.get(refusal.key)
    if (change?.op !== 'replace' || change.how === 'beside') return refusal
    const cause = change.to.needs.flatMap((need) => refused.get(need) ?? [])[0]
    return cause === undefined
      ? refusal
      : { ...refusal, hint: `It is replaced because of ${cause}: see the refusal of that.` }
  })
}

/**
 * Drops that come after replacements which are built beside the old objects: because those old objects depend on them, or because
 * data is lost.
 */
function delayedDrops(byKey: ReadonlyMap<Key, Change>, dependents: readonly Dependent[]): ReadonlySet<Key> {
  const delayed = new Set<Key>()
  for (const change of byKey.values()) if (change.op === 'drop' && change.dropped === 'last') delayed.add(change.key)
  const neededByDrop: { readonly drop: Key; readonly on: Key }[] = []
  for (const dependent of dependents) {
    if (byKey.get(dependent.on)?.op !== 'drop') continue
    const change = changeOf(dependent, byKey)
    if (change && isOnlineReplacement(change)) delayed.add(dependent.on)
    if (change?.op === 'drop') neededByDrop.push({ drop: change.key, on: dependent.on })
  }
  const needs = groupBy(neededByDrop, ({ drop }) => drop)
  for (const key of delayed) for (const { on } of needs.get(key) ?? []) delayed.add(on)
  return delayed
}

/** What happens to a dependent: the change of its parent, if that is dropped or replaced. */
function changeOf(
  { key, parent }: Pick<Dependent, 'key' | 'parent'>,
  byKey: ReadonlyMap<Key, Change>,
): Change | undefined {
  const ofParent = parent === undefined ? undefined : byKey.get(parent)
  if (ofParent?.op === 'replace' || ofParent?.op === 'drop') return ofParent
  return key === undefined ? undefined : byKey.get(key)
}

function blocks(
  change: Change,
  dependent: Dependent,
  byKey: ReadonlyMap<Key, Change>,
  delayed: ReadonlySet<Key>,
): boolean {
  if (change.op === 'alter' && !change.fields.some((field) => isBlockedBy(field, dependent))) return false
  const itsChange = changeOf(dependent, byKey)
  // It is repointed with what it reads, whose type has been renamed aside.
  if (change.op === 'drop' && change.renamedAsideFor && dependent.view?.outcome?.becomes === 'repointed') return false
  if (!itsChange) return !(isOnlineReplacement(change) && canFollow(change, dependent))
  if (itsChange.op === 'drop') return change.op !== 'drop' && delayed.has(itsChange.key) && !isKept(change)
  // What is dropped after an alteration of a dependent is no longer used by it.
  if (itsChange.op === 'alter') return change.op !== 'drop' || itsChange.to.needs.includes(change.key)
  if (itsChange.op !== 'replace') return true
  if (dependent.usesOriginal) return itsChange.how === 'beside'
  // What is attached to it is recreated on the successor, or named as lost: see lost-attachments.ts.
  if (dependent.parent === change.key) return itsChange.how !== 'beside'
  if (itsChange.how === 'drop-and-create') return false
  // What is dropped after the swap of a dependent is no longer read by it, if it is declared.
  if (change.op === 'drop') return itsChange.to.needs.includes(change.key)
  if (!isOnlineReplacement(change)) return true
  // Both are swapped together, unless only a foreign key connects them.
  return kindOf(itsChange.to.id).data !== undefined && !isNeededBy(change, itsChange)
}

function isNeededBy({ key }: Change, { from, to }: Replace): boolean {
  return from.needs.includes(key) || to.needs.includes(key)
}

/** Whether the old object remains for what is dropped later. */
function isKept(change: Change): boolean {
  return change.op === 'replace' && change.keptAs !== undefined
}

function refusalOf(
  change: Exclude<Change, { op: 'adopt' | 'release' }>,
  blocking: readonly Dependent[],
  byKey: ReadonlyMap<Key, Change>,
  declared: ReadonlySet<Key>,
): Refusal {
  const id = change.op === 'drop' ? change.from.id : change.to.id
  const verb = { create: 'created', alter: 'altered', replace: 'replaced', drop: 'dropped' }[change.op]
  const areDropped = blocking.every((dependent) => changeOf(dependent, byKey)?.op === 'drop')
  const areDeclared = blocking.every(({ key }) => key !== undefined && declared.has(key))
  const sort = areDropped ? 'dropped' : areDeclared ? 'declared' : 'unmanaged'
  return {
    code: codeOf(blocking, sort),
    key: change.key,
    title: titleOf(id),
    reason: `it cannot be ${verb} while something depends on it: ${listOf(blocking)}`,
    hint: hintOf(change, blocking, sort),
  }
}

/** All of them are dropped by the plan, all are declared, or some are unmanaged. */
type BlockingSort = 'dropped' | 'declared' | 'unmanaged'

function codeOf(blocking: readonly Dependent[], sort: BlockingSort): ProblemCode {
  if (sort === 'dropped') return 'dependents/dropped-later'
  if (sort === 'declared') return 'dependents/declared'
  return blocking.every(({ view }) => view) ? 'dependents/unmanaged-view' : 'dependents/unmanaged-object'
}

function hintOf({ op }: Change, blocking: readonly Dependent[], sort: BlockingSort): string {
  const [known] = blocking.flatMap((dependent) => lossOf(dependent)?.hint || [])
  if (known !== undefined) return known
  if (sort === 'dropped') {
    return 'What depends on it is dropped only after replacements of this plan. Apply its removal first, then this change.'
  }
  if (sort === 'declared' && op !== 'drop') {
    return 'The manifest declares what depends on it, but both cannot be changed at once. Apply a manifest without that, then this change with it.'
  }
  return op === 'drop'
    ? 'Drop what depends on it first. Or keep it, without managing it: fdwsync release.'
    : 'fdwsync does not change what it does not manage. Drop what depends on it, apply, and create that again.'
}

/** Why a dependent cannot be recreated or repointed, where that is known. */
function lossOf({ view, lost }: Dependent): Lost | undefined {
  if (view?.outcome?.becomes === 'lost') return view.outcome
  if (view?.whyNotRepointed) return { reason: view.whyNotRepointed }
  return typeof view?.otherOwner === 'string' ? lostToOwner(view.otherOwner) : lost
}

function listOf(blocking: readonly Dependent[]): string {
  const described = blocking.map((dependent) => {
    const reason = lossOf(dependent)?.reason
    return reason ? `${dependent.description} (${reason})` : dependent.description
  })
  return someOf([...new Set(described)], 5)
}
