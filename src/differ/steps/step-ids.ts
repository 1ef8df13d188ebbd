// The ids by which the steps of a plan refer to each other. A key may have a step in several stages.

import type { Key } from '../../core/object.ts'
import type { StageName } from '../../core/plan.ts'
import type { ReplacementGroup } from '../replacement-groups.ts'

export function stepId(stage: StageName, key: Key): string {
  return `${stage} ${key}`
}

export function dropId(stage: StageName, key: Key): string {
  return `${stepId(stage, key)} drop`
}

/** The step that builds an object: its own, or that of the group it is replaced with. */
export function buildId(key: Key, groups: ReadonlyMap<Key, ReplacementGroup>): string {
  const group = groups.get(key)
  return group ? groupId(group) : stepId('build', key)
}

/** A group is one step, named after its last member. */
export function groupId({ members }: ReplacementGroup): string {
  return stepId('build', members.at(-1)?.key ?? ('' as Key)) // a group has members
}
