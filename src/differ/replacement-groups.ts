// Which replacements are built and swapped together, in one step.

import type { Change, Replace } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { TriedView } from '../core/dependent.ts'
import { disjointSets, topologicalOrder } from '../core/graph.ts'
import { namespaceOf } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import { isOnlineReplacement } from './changes.ts'

/** What is built together and swapped together. */
export interface ReplacementGroup {
  /** Each after what it reads. */
  readonly members: readonly Replace[]
  /** The scratch schema in which the objects of a schema are built, for the length of one transaction. */
  readonly scratch: ReadonlyMap<string, string>
}

/**
 * Replacements that read each other are one group, since one cannot be swapped without the other. So are those that one
 * unmanaged view reads, because it has to be repointed at all of them at once.
 * @param suffix random, in the names of the scratch schemas
 */
export function replacementGroups(
  changes: readonly Change[],
  tried: readonly TriedView[],
  suffix: string,
): readonly ReplacementGroup[] {
  const replaced = changes.filter(isBuiltInScratch)
  const byKey = new Map(replaced.map((change) => [change.key, change]))
  const sets = disjointSets<Replace>()
  for (const change of replaced) {
    sets.unite([change, ...[...change.to.needs, ...change.from.needs].flatMap((need) => byKey.get(need) ?? [])])
  }
  for (const { on } of tried) sets.unite([...on].flatMap((key) => byKey.get(key) ?? []))
  return [...groupBy(replaced, sets.find).values()].map((group, number) => {
    const members = topologicalOrder(
      group,
      ({ key }) => key,
      ({ to }) => to.needs,
    )
    const schemas = [...new Set(members.map(schemaOf))]
    return {
      members,
      scratch: new Map(schemas.map((schema, at) => [schema, `fdwsync_build_${suffix}_${number + 1}_${at + 1}`])),
    }
  })
}

export function isBuiltInScratch(change: Change): change is Replace {
  return isOnlineReplacement(change) && kindOf(change.to.id).replacement?.inScratch === true
}

/** The schema of an object that is built in a scratch schema. */
export function schemaOf({ to: { id } }: Replace): string {
  return namespaceOf(id) ?? ''
}

/** Members whose query reads other members, which are in scratch schemas while it is built. */
export function readsMembers(group: ReplacementGroup): readonly Replace[] {
  return needsMembers(group).filter(({ to }) => kindOf(to.id).query !== undefined)
}

/** Members without a query whose columns have the row types of other members. A table that has a parent among them is linked after the swap. */
export function usesRowTypes(group: ReplacementGroup): readonly Replace[] {
  return needsMembers(group).filter(({ to }) => {
    const { query, aside } = kindOf(to.id)
    return query === undefined && aside?.isPossible?.(to.spec) !== false
  })
}

function needsMembers({ members }: ReplacementGroup): readonly Replace[] {
  const keys = new Set(members.map(({ key }) => key))
  return members.filter(({ to }) => to.needs.some((need) => keys.has(need)))
}
