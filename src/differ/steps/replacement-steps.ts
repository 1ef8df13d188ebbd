// Replacements that are built while the old objects serve: a group that reads itself is one step, with one swap.

import { currentIdOf, type Replace } from '../../core/change.ts'
import type { Hazard, Replacement, Step } from '../../core/plan.ts'
import { resolved, type Statement } from '../../core/sql.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { type ReplacementGroup, schemaOf, usesRowTypes } from '../replacement-groups.ts'
import { hazardsOf, locksOf } from './changes.ts'
import type { StepContext } from './step-context.ts'
import { groupId } from './step-ids.ts'

export function groupStep(group: ReplacementGroup, after: readonly string[], context: StepContext): readonly Step[] {
  const members = group.members.map((change) => replacementOf(change, group, context))
  // Whoever follows an apply knows what is declared, rather than the unmanaged views over it.
  const last = group.members.findLast(({ isUnmanaged }) => !isUnmanaged) ?? group.members.at(-1)
  if (!last) return []
  const id = groupId(group)
  return [
    {
      id,
      stage: 'build',
      key: last.key,
      title: titleOf(last.to.id),
      action: 'replace',
      after: after.filter((other) => other !== id),
      locks: [...new Set(group.members.flatMap(locksOf))],
      hazards: members.flatMap(({ hazards }) => hazards),
      members,
    },
  ]
}

/** A member of a group, or without one an object that is built next to the old one under another name. */
export function replacementOf(change: Replace, group: ReplacementGroup | undefined, context: StepContext): Replacement {
  const { id, declared, spec } = change.to
  const kind = kindOf(id)
  if (!kind.replacement) throw new Error(`${titleOf(id)} cannot be built beside the old one`)
  const { replacement } = kind
  const schema = group?.scratch.get(schemaOf(change))
  const scratch = schema ?? `fdwsync_build_${context.suffix}_${change.from.oid}`
  const moved = context.movedQueries.get(change.key)
  const built = moved === undefined ? declared : (kind.query?.withText(declared, moved) ?? declared)
  // What a child evaluates over the rows of its parent, and what is recreated as it was, is as the catalog shows it.
  const isOfRowTypes = group !== undefined && usesRowTypes(group).includes(change)
  const isResolved = moved !== undefined || kind.child !== undefined || isOfRowTypes || change.isUnmanaged === true
  const children = context.childrenOf.get(change.key) ?? []
  const arrivals = context.arrivalsAt.get(change.key) ?? []
  const swap = replacement.swap(id, scratch, declared, spec)
  const load = isLoaded(change, context) ? (replacement.load?.(id, scratch, change.to.spec) ?? []) : []
  const reads: readonly Hazard[] = load.length > 0 ? [{ name: 'reads-source', detail: 'its data is loaded again' }] : []
  const repoints = repointedViews(change, context)
  return {
    key: change.key,
    title: titleOf(id),
    scratch: schema,
    path: isResolved ? 'catalog' : 'manifest',
    statements: replacement.build(id, kind.child || isOfRowTypes ? spec : built, scratch, spec),
    load,
    children: [
      ...(replacement.complete?.(id, scratch, spec) ?? []),
      ...children.flatMap((child) => kindOf(child.id).child?.createIn(child.id, child.spec, scratch) ?? []),
    ].map(resolved),
    swap: {
      // The name of a child that moves here is taken until it is dropped from its former parent.
      out: [
        ...arrivals.flatMap((child) => kindOf(child.id).drop(child.id)),
        ...(keep(change) ?? dropOf(change, swap.out)),
      ],
      in: [
        ...swap.in,
        ...children.flatMap((child) => kindOf(child.id).child?.finishAfterSwap?.(child.id, scratch) ?? []),
      ],
    },
    repoints,
    hazards: [...hazardsOf(change, context.replacedTypes), ...reads, ...repoints.map(repointHazard)],
  }
}

/** What leaves the old object for those that still read it. */
function keep({ from, keptAs }: Replace): readonly Statement[] | undefined {
  const id = currentIdOf(from)
  return keptAs && kindOf(id).aside?.rename(id, keptAs)
}

/** An object of another kind is not dropped as its successor would be. */
function dropOf({ from: { currentId } }: Replace, out: readonly Statement[]): readonly Statement[] {
  return currentId ? kindOf(currentId).drop(currentId) : out
}

function repointHazard(view: string): Hazard {
  return { name: 'rebuilds-dependents', detail: `repoints ${view}` }
}

/** Plain views that keep their identity. */
function repointedViews({ key }: Replace, { dependentsOn, changeOf }: StepContext): readonly string[] {
  const views = (dependentsOn.get(key) ?? []).flatMap((dependent) => {
    const isReplaced = dependent.key !== undefined && changeOf.get(dependent.key)?.op === 'replace'
    const isLost = dependent.view?.outcome?.becomes === 'lost'
    return dependent.view && !isReplaced && !isLost ? [dependent.description] : []
  })
  return [...new Set(views)]
}

/** Data that readers see today must not vanish, so its replacement is loaded whatever is asked for new objects. */
function isLoaded(change: Replace, { populate }: StepContext): boolean {
  const isPopulated = (spec: unknown) => kindOf(change.to.id).data?.isPopulated(spec) ?? false
  return isPopulated(change.from.spec) || (populate && isPopulated(change.to.declared))
}
