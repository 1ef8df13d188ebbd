import type { Change } from '../../core/change.ts'
import { topologicalOrder } from '../../core/graph.ts'
import type { Key } from '../../core/object.ts'
import type { StageName, Step } from '../../core/plan.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import {
  buildId,
  type Drop,
  type Dropping,
  dropId,
  goesWithItsWhole,
  hazardsOf,
  isReplacedBeside,
  locksOf,
  type StepInput,
} from './step.ts'

/** Steps after which something can be dropped: what no longer reads it by then, and drops of what needs it. */
export function waitsToDrop(change: Drop, input: StepInput, built: ReadonlySet<Key>): readonly string[] {
  const served = servedBy(change)
  const drops = input.changes.filter((other): other is Drop => other.op === 'drop' && built.has(other.key))
  const used = drops.filter((other) => isNeededBy(change.key, other, input))
  const servesOthers = drops.filter(
    (other) => served !== undefined && servedBy(other) !== served && isNeededBy(served, other, input),
  )
  return [
    ...buildsWithout(change.key, input),
    ...(served === undefined ? [] : buildsWithout(served, input)),
    ...[...used, ...servesOthers].flatMap((other) =>
      goesWithItsWhole(other, input) ? [] : dropId('build', other.key),
    ),
  ]
}

/** The replacements after which nothing reads it any more. */
function buildsWithout(key: Key, input: StepInput): readonly string[] {
  const replaced = new Set(input.changes.filter(isReplacedBeside).map((change) => change.key))
  const readers = input.dependents
    .filter(({ on }) => on === key)
    .flatMap(({ key: own, parent }) => [own ?? [], parent ?? []])
  return readers.flat().flatMap((reader) => (replaced.has(reader) ? [buildId(reader, input)] : []))
}

/** What it can't be used without, so that it goes no earlier than that. */
function servedBy({ from: { id } }: Drop): Key | undefined {
  return kindOf(id).belongsTo?.ownerOf(id)
}

function isNeededBy(key: Key, change: Drop, { dependents }: StepInput): boolean {
  return (
    change.from.needs.includes(key) ||
    dependents.some((dependent) => dependent.on === key && dependent.key === change.key)
  )
}

// Dropping a part locks its whole: alone, that is a moment; among all definitions it lasts until they are committed.
export function isPartOfLive(change: Drop, input: StepInput): boolean {
  const whole = kindOf(change.from.id).child?.parentOf(change.from.spec, change.from.id)
  return whole !== undefined && input.live.has(whole)
}

/** What goes, what depends on something before it. */
export function dropOrder(changes: readonly Change[]): readonly Dropping[] {
  const dropping = changes.flatMap((change): readonly Dropping[] => {
    if (change.op === 'drop') return [change]
    return change.op === 'replace' && !isReplacedBeside(change) ? [change] : []
  })
  const ranked = dropping.sort((left, right) => kindOf(left.from.id).rank - kindOf(right.from.id).rank)
  return [
    ...topologicalOrder(
      ranked,
      ({ key }) => key,
      ({ from }) => from.needs,
    ),
  ].reverse()
}

export function dropStep(change: Dropping, stage: StageName, after: readonly string[]): Step {
  const { id } = change.from
  return {
    id: dropId(stage, change.key),
    stage,
    key: change.key,
    title: titleOf(id),
    action: 'drop',
    locks: locksOf(change),
    statements: kindOf(id).drop(id),
    after,
    hazards: change.op === 'drop' ? hazardsOf(change) : [],
  }
}
