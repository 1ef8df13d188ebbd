import type { Replace, WantedObject } from '../../core/change.ts'
import type { Key } from '../../core/object.ts'
import type { Hazard, Replacement, Step } from '../../core/plan.ts'
import type { Statement } from '../../core/sql.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { type ReplacementGroup, schemaOf } from '../replacements.ts'
import { groupId, hazardsOf, locksOf, type StepInput } from './step.ts'

/** What is swapped together is one step, called after what comes last. */
export function groupStep(group: ReplacementGroup, waits: readonly string[], input: StepInput): readonly Step[] {
  const members = group.members.map((change) => replacementOf(change, group, input))
  const last = members.at(-1)
  if (!last) return []
  const id = groupId(group)
  return [
    {
      id,
      stage: 'build',
      key: last.key,
      title: last.title,
      action: 'replace',
      after: waits.filter((other) => other !== id),
      locks: [...new Set(group.members.flatMap(locksOf))],
      hazards: members.flatMap(({ hazards }) => hazards),
      members,
    },
  ]
}

/** One object of a group, or one that is built where it stands. */
export function replacementOf(change: Replace, group: ReplacementGroup | undefined, input: StepInput): Replacement {
  const { id, declared, spec } = change.to
  const kind = kindOf(id)
  if (!kind.replacement) throw new Error(`${titleOf(id)} can not be built beside`)
  const { replacement } = kind
  const scratch = group?.scratch.get(schemaOf(change))
  const moved = input.movedQueries.get(change.key)
  const built = moved === undefined ? declared : (kind.query?.withText(declared, moved) ?? declared)
  const parts = partsOf(change.key, input)
  const swap = replacement.swap(id, scratch ?? '', declared, spec)
  const load = isLoaded(change, input) ? (replacement.load?.(id, scratch ?? '') ?? []) : []
  const reads: readonly Hazard[] = load.length > 0 ? [{ name: 'reads-source', detail: 'its data is loaded again' }] : []
  return {
    key: change.key,
    title: titleOf(id),
    scratch,
    path: moved === undefined ? 'manifest' : 'catalog',
    statements: replacement.build(id, built, scratch ?? '', spec),
    load,
    children: parts.flatMap((part) => kindOf(part.id).child?.createIn(part.id, part.declared, scratch ?? '') ?? []),
    swap: {
      out: [...arriving(change.key, input), ...swap.out],
      in: [
        ...swap.in,
        ...parts.flatMap((part) => kindOf(part.id).child?.finishAfterSwap?.(part.id, scratch ?? '') ?? []),
      ],
    },
    hazards: [...hazardsOf(change), ...reads, ...repoints(change, input)],
  }
}

/** Plain views that stay what they are. */
function repoints({ key }: Replace, { dependents, changes }: StepInput): readonly Hazard[] {
  const anew = new Set(changes.flatMap((change) => (change.op === 'replace' ? [change.key] : [])))
  const views = dependents.flatMap(({ on, key: own, view, description }) =>
    on === key && view && !(own !== undefined && anew.has(own)) ? [description] : [],
  )
  return [...new Set(views)].map((view) => ({ name: 'rebuilds-dependents', detail: `re-points ${view}` }))
}

/** Readers of a view that holds data must not lose it, so its replacement is loaded whatever is asked for new views. */
function isLoaded(change: Replace, { populate }: StepInput): boolean {
  const isPopulated = (spec: unknown) => kindOf(change.to.id).data?.isPopulated(spec) ?? false
  return isPopulated(change.from.spec) || (populate && isPopulated(change.to.declared))
}

/** A part that comes from another whole has to go from there, if it has not gone with that: its name is taken. */
function arriving(key: Key, { changes }: StepInput): readonly Statement[] {
  return changes.flatMap((change) => {
    const from = change.op === 'replace' ? change.from : change.op === 'create' ? change.instead : undefined
    if (!from || !('to' in change)) return []
    const { child, drop } = kindOf(from.id)
    const hasMoved = child?.parentOf(change.to.spec, change.to.id) === key && child.parentOf(from.spec, from.id) !== key
    return hasMoved ? drop(from.id) : []
  })
}

function partsOf(key: Key, { wanted }: Pick<StepInput, 'wanted'>): readonly WantedObject[] {
  return [...wanted.values()].filter(({ id, spec }) => kindOf(id).child?.parentOf(spec, id) === key)
}
