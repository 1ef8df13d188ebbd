// What the steps of a plan are built from, with the indexes they look things up in. Without these each step would scan every
// change and every dependent, which is quadratic in the size of the plan.

import type { Change, LiveObject, WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import type { Dependent } from '../../core/dependent.ts'
import { type Key, keyOf, namespaceOf, type ObjectId, relationKey } from '../../core/object.ts'
import { parentOf } from '../../kinds/registry.ts'
import { parentOfChange } from '../changes.ts'
import type { ReplacementGroup } from '../replacement-groups.ts'
import type { Drop } from './changes.ts'

export interface StepInput {
  readonly changes: readonly Change[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly dependents: readonly Dependent[]
  /** The keys of all live objects. A child of one of them, such as an index, reads the data that its parent holds. */
  readonly live: ReadonlySet<Key>
  readonly populate: boolean
  /** By member. */
  readonly groups: ReadonlyMap<Key, ReplacementGroup>
  /** The names under which old objects stay in use, by their keys. */
  readonly temporaryNames: ReadonlyMap<Key, ObjectId>
  /** Random, in the names of what is built next to the old one. */
  readonly suffix: string
  /** Queries that read other members of their group, rewritten to the scratch schemas in which those are built. */
  readonly movedQueries: ReadonlyMap<Key, string>
}

export interface StepContext extends StepInput {
  readonly changeOf: ReadonlyMap<Key, Change>
  readonly dependentsOn: ReadonlyMap<Key, readonly Dependent[]>
  /** Wanted objects by their parent. */
  readonly childrenOf: ReadonlyMap<Key, readonly WantedObject[]>
  /** Live objects that move to another parent, by the new one. */
  readonly arrivalsAt: ReadonlyMap<Key, readonly LiveObject[]>
  /** Drops by what the dropped objects need, in the order of the changes. */
  readonly dropsNeeding: ReadonlyMap<Key, readonly Drop[]>
  /** Objects that have another name, or columns of another name, until the plan has renamed them. */
  readonly renamed: ReadonlySet<Key>
  /** By `relationKey`: the types, and relations with their row types, that are replaced by others of the same name. */
  readonly replacedTypes: ReadonlySet<string>
}

export function createStepContext(input: StepInput): StepContext {
  const { changes, dependents, wanted } = input
  const changeOf = new Map(changes.map((change) => [change.key, change]))
  return {
    ...input,
    changeOf,
    dependentsOn: groupBy(dependents, ({ on }) => on),
    childrenOf: byParent(wanted),
    arrivalsAt: arrivals(changes),
    dropsNeeding: dropsByNeed(changes, dependents),
    renamed: new Set(changes.flatMap((change) => ('from' in change && isRenamed(change.from) ? [change.key] : []))),
    replacedTypes: new Set(changes.flatMap(replacedType)),
  }
}

/** Whether an object is dropped or recreated together with its parent, so that it needs no step of its own. */
export function isCoveredByParent(change: Change, { changeOf }: StepContext): boolean {
  const parent = parentOfChange(change)
  const op = parent === undefined ? undefined : changeOf.get(parent)?.op
  return op === 'drop' || op === 'replace'
}

function replacedType(change: Change): readonly string[] {
  if (change.op !== 'replace' && !(change.op === 'create' && change.renamesAside)) return []
  const { id } = change.to
  const namespace = namespaceOf(id)
  return namespace !== undefined && 'name' in id ? [relationKey(namespace, id.name)] : []
}

export function isRenamed({ renamedFrom, renamedColumns }: LiveObject): boolean {
  return renamedFrom !== undefined || renamedColumns !== undefined
}

function byParent(wanted: StepInput['wanted']): StepContext['childrenOf'] {
  const children = Array.from(wanted.values(), (child) => {
    const parent = parentOf(child)
    return parent === undefined ? [] : [{ parent, child }]
  }).flat()
  return mapGroups(
    children,
    ({ parent }) => parent,
    ({ child }) => child,
  )
}

function arrivals(changes: readonly Change[]): StepContext['arrivalsAt'] {
  const moves = changes.flatMap((change) => {
    const from = change.op === 'replace' ? change.from : change.op === 'create' ? change.instead : undefined
    const parent = parentOfChange(change)
    if (!from || parent === undefined) return []
    return parentOf(from) === parent ? [] : [{ parent, from }]
  })
  return mapGroups(
    moves,
    ({ parent }) => parent,
    ({ from }) => from,
  )
}

function dropsByNeed(changes: readonly Change[], dependents: readonly Dependent[]): StepContext['dropsNeeding'] {
  const users = groupBy(dependents, ({ key }) => key)
  const needs = changes.flatMap((drop) => {
    if (drop.op !== 'drop') return []
    const needed = new Set([...drop.from.needs, ...(users.get(formerKeyOf(drop)) ?? []).map(({ on }) => on)])
    return Array.from(needed, (need) => ({ need, drop }))
  })
  return mapGroups(
    needs,
    ({ need }) => need,
    ({ drop }) => drop,
  )
}

/** Its key before the plan gives it a temporary name. */
function formerKeyOf({ key, renamedAsideFor, formerly }: Drop): Key {
  return renamedAsideFor?.key ?? (formerly ? keyOf(formerly.id) : key)
}

function mapGroups<Item, Value>(
  items: readonly Item[],
  keyOfItem: (item: Item) => Key,
  pick: (item: Item) => Value,
): ReadonlyMap<Key, readonly Value[]> {
  return new Map(Array.from(groupBy(items, keyOfItem), ([key, group]) => [key, group.map(pick)]))
}
