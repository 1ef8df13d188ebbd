import type { Change, FieldChange, LiveObject, Replace, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent, TriedView } from '../core/dependent.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, namespaceOf } from '../core/object.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

export interface ReplacementInput {
  readonly changes: readonly Change[]
  readonly dependents: readonly Dependent[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: ReadonlyMap<Key, LiveObject>
  /** Those of them that the manifest does not declare. */
  readonly others: ReadonlySet<Key>
  readonly throughViews: ReadsThroughViews
}

/**
 * Adds what must be built beside: what can't be altered or dropped while something reads it, and everything that reads
 * what is built beside, all the way up. So the whole changed part of the graph is made anew at once.
 */
export function withReplacements(input: ReplacementInput): readonly Change[] {
  const byKey = new Map(input.changes.map((change) => [change.key, change]))
  const users = usersOf(input)
  const isKept = (key: Key) => input.wanted.has(key) && byKey.get(key)?.op !== 'drop'
  const beside: Replace[] = []
  const put = (change: Replace) => {
    byKey.set(change.key, change)
    beside.push(change)
  }
  for (const change of input.changes) {
    if (change.op === 'replace' && change.how === 'beside') beside.push(change)
    const replaced = besideIfUsed(change, input.dependents, isKept, byKey)
    if (replaced) put(replaced)
  }
  for (const { key, to } of beside) {
    for (const user of users.get(key) ?? []) {
      const wanted = input.wanted.get(user.key)
      const change = byKey.get(user.key)
      if (!wanted || change?.op === 'drop' || change?.op === 'replace') continue
      const fields = [...(change?.op === 'alter' ? change.fields : []), along(titleOf(to.id))]
      const replace = { op: 'replace', key: user.key, from: user.live, to: wanted, fields, how: 'beside' } as const
      put(input.others.has(user.key) ? { ...replace, isUnmanaged: true } : replace)
    }
  }
  return [...byKey.values()]
}

/**
 * What is built in a scratch schema, by what it reads. What is declared gets other data too where it reads them through plain
 * views that stay; with what is others' they may do as they like.
 */
function usersOf({ live, others, throughViews }: ReplacementInput) {
  const pairs = Array.from(live, ([key, object]) => {
    if (!kindOf(object.id).replacement?.inScratch) return []
    const through = others.has(key) ? [] : object.needs.flatMap((need) => throughViews.get(need) ?? [])
    return [...new Set([...object.needs, ...through])].map((need) => ({ need, key, live: object }))
  })
  return groupBy(pairs.flat(), ({ need }) => need)
}

function along(title: string): FieldChange {
  return { field: title, from: undefined, to: undefined, effect: { how: 'replace' } }
}

/** A change that PostgreSQL would refuse while something reads the object, as the replacement that it takes. */
function besideIfUsed(
  change: Change,
  dependents: readonly Dependent[],
  isKept: (key: Key) => boolean,
  byKey: ReadonlyMap<Key, Change>,
): Replace | undefined {
  if (change.op !== 'alter' && !(change.op === 'replace' && change.how === 'drop-and-create')) return undefined
  if (!kindOf(change.to.id).replacement?.onlyIfUsed) return undefined
  const readers = dependents.filter(
    (dependent) =>
      dependent.on === change.key &&
      (dependent.parent === change.key ||
        (dependent.view || dependent.key === undefined ? canFollow(change, dependent) : isKept(dependent.key))),
  )
  const isUsed = ({ blockedByUseOf }: FieldChange) => readers.some(({ column }) => column === blockedByUseOf)
  const isBlocked = change.op === 'alter' ? change.fields.some((field) => field.blockedByUseOf && isUsed(field)) : true
  // What it stands on goes and comes in the transaction for definitions, and so must it.
  const standsOnRemade = change.from.needs.some((need) => {
    const below = byKey.get(need)
    return below?.op === 'replace' && below.how === 'drop-and-create'
  })
  if (readers.length === 0 || !isBlocked || standsOnRemade) return undefined
  const fields = change.fields.map(
    (field): FieldChange => (field.blockedByUseOf && isUsed(field) ? { ...field, effect: { how: 'replace' } } : field),
  )
  return { op: 'replace', key: change.key, from: change.from, to: change.to, fields, how: 'beside' }
}

/**
 * Whether a plain view gets along with the successor of what it reads: led to it, so that it keeps its identity, grants and all
 * that is built on it, or made anew. Where that was not tried out, it does if the columns that it uses stay as they are.
 */
export function canFollow({ from, to }: Pick<Replace, 'from' | 'to'>, { view, column }: Dependent): boolean {
  if (!view) return false
  if (view.outcome?.becomes === 'recreated') return true
  if (!view.mayRedefine || view.whyNotRepointed !== null || view.outcome?.becomes === 'lost') return false
  const { columns } = kindOf(to.id)
  const isSame = column === null || columns?.(from.spec).get(column) === columns?.(to.spec).get(column)
  return isSame || view.outcome?.becomes === 'repointed'
}

/** What is built together and swapped together. */
export interface ReplacementGroup {
  /** Each after what it reads. */
  readonly members: readonly Replace[]
  /** The scratch schema that stands for a schema, for the length of one transaction. */
  readonly scratch: ReadonlyMap<string, string>
}

/**
 * Replacements that read each other belong together: one can't be swapped without the other. So do those that one view of
 * people reads which has to follow both.
 */
export function replacementGroups(
  changes: readonly Change[],
  tried: readonly TriedView[],
): readonly ReplacementGroup[] {
  const members = changes.filter(
    (change): change is Replace =>
      change.op === 'replace' && change.how === 'beside' && kindOf(change.to.id).replacement?.inScratch === true,
  )
  const byKey = new Map(members.map((member) => [member.key, member]))
  const neighbours = (member: Replace) =>
    [...member.to.needs, ...member.from.needs].flatMap((need) => byKey.get(need) ?? [])
  const leader = new Map<Replace, Replace>()
  const find = (member: Replace): Replace => {
    const above = leader.get(member)
    return above === undefined ? member : find(above)
  }
  const unite = ([first, ...rest]: readonly Replace[]) => {
    for (const each of rest) {
      const [one, other] = [first && find(first), find(each)]
      if (one && one !== other) leader.set(one, other)
    }
  }
  for (const member of members) unite([member, ...neighbours(member)])
  for (const { on } of tried) unite([...on].flatMap((key) => byKey.get(key) ?? []))
  return [...groupBy(members, find).values()].map((group, number) => {
    const ordered = topologicalOrder(
      group,
      ({ key }) => key,
      ({ to }) => to.needs,
    )
    const schemas = [...new Set(ordered.map(schemaOf))]
    return {
      members: ordered,
      scratch: new Map(schemas.map((schema, at) => [schema, `fdwsync_build_${number + 1}_${at + 1}`])),
    }
  })
}

/** The schema of what is built in one. */
export function schemaOf({ to: { id } }: Replace): string {
  return namespaceOf(id) ?? ''
}

/** Members whose query reads other members, which stand in scratch schemas while it is built. */
export function readsMembers({ members }: ReplacementGroup): readonly Replace[] {
  const keys = new Set(members.map(({ key }) => key))
  return members.filter(({ to }) => kindOf(to.id).query !== undefined && to.needs.some((need) => keys.has(need)))
}
