import type { Change, LiveObject } from '../../core/change.ts'
import { topologicalOrder } from '../../core/graph.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { StageName, Step } from '../../core/plan.ts'
import type { Statement } from '../../core/sql.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { dropOrder, dropStep, isPartOfLive, waitsToDrop } from './drop-steps.ts'
import { groupStep, replacementOf } from './replacement-steps.ts'
import {
  buildId,
  dropId,
  goesWithItsWhole,
  hazardsOf,
  isReplacedBeside,
  locksOf,
  type Making,
  type StepInput,
  stepId,
} from './step.ts'

/** The steps of a plan, in the order in which they may run. */
export function stepsOf(input: StepInput): readonly Step[] {
  const built = builtLater(input)
  const drops = dropOrder(input.changes).filter((change) => !goesWithItsWhole(change, input))
  const makes = makeOrder(input.changes).filter((change) => !goesWithItsWhole(change, input))
  const inDefine = ({ key }: Change) => !built.has(key)
  const populated = input.populate ? makes.filter(needsPopulation) : []
  const dropped = new Set(drops.flatMap(({ op, key }) => (op === 'drop' && built.has(key) ? [key] : [])))
  const later = new Set([...built].map((key) => (dropped.has(key) ? dropId('build', key) : buildId(key, input))))
  for (const { key } of populated) later.add(stepId('populate', key))
  return [
    ...makes.filter((change) => isPrepared(change, input)).flatMap((change) => makeStep(change, 'prepare', [], input)),
    ...renameSteps(input.changes),
    ...drops.filter(inDefine).map((change) => dropStep(change, 'define', [])),
    ...makes
      .filter((change) => inDefine(change) && !isPrepared(change, input))
      .flatMap((change) => makeStep(change, 'define', [], input)),
    ...makes
      .filter((change) => !inDefine(change))
      .flatMap((change) => {
        const group = input.groups.get(change.key)
        if (!group) return makeStep(change, 'build', waitsFor(change, later, input), input)
        if (change.key !== group.members.at(-1)?.key) return []
        return groupStep(group, [...new Set(group.members.flatMap((member) => waitsFor(member, later, input)))], input)
      }),
    ...drops.flatMap((change) =>
      change.op === 'drop' && !inDefine(change) ? [dropStep(change, 'build', waitsToDrop(change, input, built))] : [],
    ),
    ...populated.map((change) => populateStep(change, later, input)),
  ]
}

/** What must be committed before it can be used. Names are given back among the definitions, so it must have its own. */
function isPrepared(change: Making, { changes }: StepInput): boolean {
  if (change.op !== 'alter') return false
  const named = new Set([change.key, ...change.to.needs])
  if (changes.some((each) => 'from' in each && isRenamed(each.from) && named.has(each.key))) return false
  return change.fields.some(({ effect }) => effect.how === 'statement' && effect.committedFirst)
}

/** Before all other definitions: all other statements go by the names that are declared. What others are in comes first. */
function renameSteps(changes: readonly Change[]): readonly Step[] {
  return changes
    .flatMap((change) => ('from' in change && isRenamed(change.from) ? [change.from] : []))
    .sort((left, right) => kindOf(left.id).rank - kindOf(right.id).rank)
    .map(({ id, renamedFrom, renamedColumns }) => ({
      id: `${stepId('define', keyOf(id))} rename`,
      stage: 'define',
      key: keyOf(id),
      title: titleOf(id),
      action: 'alter',
      after: [],
      locks: [keyOf(id)],
      hazards: [],
      statements: [
        ...(renamedFrom ? (kindOf(id).renaming?.rename(renamedFrom, id) ?? []) : []),
        ...(renamedColumns ? (kindOf(id).renaming?.renameColumns?.(id, renamedColumns) ?? []) : []),
      ],
    }))
}

function isRenamed({ renamedFrom, renamedColumns }: LiveObject): boolean {
  return renamedFrom !== undefined || renamedColumns !== undefined
}

/** Changes in the order in which a plan tells them: what is made, what goes, and then what is only recorded. */
export function inOrder(changes: readonly Change[]): readonly Change[] {
  const made = makeOrder(changes)
  const gone = dropOrder(changes).filter(({ op }) => op === 'drop')
  return [...made, ...gone, ...changes.filter(({ op }) => op === 'adopt' || op === 'release')]
}

/** Steps of the later stages that make or fill what a change needs, or take away what stands in its place. */
function waitsFor(change: Making, later: ReadonlySet<string>, input: StepInput): readonly string[] {
  const needed = change.to.needs.flatMap((need) => [buildId(need, input), stepId('populate', need)])
  const former = formerParent(change)
  const way = former === undefined ? [] : [buildId(former, input), dropId('build', former)]
  return [...needed, ...way].filter((id) => later.has(id))
}

/** The whole with which the part goes that a new one takes the name of. */
function formerParent(change: Change): Key | undefined {
  if (change.op !== 'create' || !change.instead) return undefined
  return kindOf(change.instead.id).child?.parentOf(change.instead.spec, change.instead.id)
}

function needsPopulation(change: Making): boolean {
  if (change.op === 'alter') return change.fields.some(({ effect }) => effect.how === 'populate')
  return change.op === 'create' && (kindOf(change.to.id).data?.isPopulated(change.to.declared) ?? false)
}

function populateStep(change: Making, later: ReadonlySet<string>, input: StepInput): Step {
  const { id, declared } = change.to
  const own = buildId(change.key, input)
  return {
    id: stepId('populate', change.key),
    stage: 'populate',
    key: change.key,
    title: titleOf(id),
    action: 'populate',
    locks: [change.key],
    statements: kindOf(id).data?.populate(id, declared) ?? [],
    after: [...waitsFor(change, later, input), ...(later.has(own) ? [own] : [])],
    hazards: [{ name: 'reads-source', detail: 'its data is loaded' }],
  }
}

/** The changes that are not made in the one transaction for definitions, since they read data or wait for such. */
function builtLater(input: StepInput): ReadonlySet<Key> {
  const built = new Set<Key>()
  for (const change of makeOrder(input.changes)) {
    if (isReplacedBeside(change)) built.add(change.key)
    if (change.op === 'create' && (readsData(change, input) || change.to.needs.some((need) => built.has(need))))
      built.add(change.key)
  }
  // Dependents come first in this order, so what they keep in place is known by the time it is asked for.
  for (const change of dropOrder(input.changes)) {
    if (change.op !== 'drop') continue
    if (isPartOfLive(change, input) || waitsToDrop(change, input, built).length > 0) built.add(change.key)
  }
  for (const change of makeOrder(input.changes)) {
    const former = formerParent(change)
    if (former !== undefined && built.has(former)) built.add(change.key)
  }
  return built
}

function readsData(change: Extract<Change, { op: 'create' }>, input: StepInput): boolean {
  const whole = kindOf(change.to.id).child?.parentOf(change.to.spec, change.to.id)
  return whole !== undefined && input.live.has(whole)
}

function makeOrder(changes: readonly Change[]): readonly Making[] {
  const making = changes.filter((change) => change.op === 'create' || change.op === 'alter' || change.op === 'replace')
  const ranked = making.sort((left, right) => kindOf(left.to.id).rank - kindOf(right.to.id).rank)
  return topologicalOrder(
    ranked,
    ({ key }) => key,
    ({ to }) => to.needs,
  )
}

function makeStep(change: Making, stage: StageName, after: readonly string[], input: StepInput): readonly Step[] {
  const { id, declared } = change.to
  const { create, alter, child } = kindOf(id)
  const step = {
    id: stepId(stage, change.key),
    stage,
    key: change.key,
    title: titleOf(id),
    after,
    locks: locksOf(change),
    hazards: hazardsOf(change),
  }
  if (change.op === 'alter') {
    const statements = alter(id, change.fields, change.from.spec)
    return statements.length === 0 ? [] : [{ ...step, action: 'alter', statements }]
  }
  if (change.op === 'create' || change.how === 'drop-and-create') {
    const filling = stage === 'build' ? (child?.buildContents?.(id, declared) ?? []) : []
    return [
      { ...step, action: 'create', statements: [...renamePredecessor(change), ...create(id, declared), ...filling] },
    ]
  }
  const member = replacementOf(change, undefined, input)
  return [{ ...step, action: 'replace', hazards: member.hazards, members: [member] }]
}

/** What serves on leaves its name to its successor. */
function renamePredecessor(change: Making): readonly Statement[] {
  if (change.op !== 'create' || !change.renamesAside) return []
  const { id, oid } = change.renamesAside.from
  const { renaming } = kindOf(id)
  return renaming?.asideName ? renaming.rename(id, renaming.asideName(oid)) : []
}
