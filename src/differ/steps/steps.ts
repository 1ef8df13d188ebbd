// The steps of a plan, by stage, in an order in which they can run. Each stage is described at StageName.

import type { Change, FieldChange, LiveObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { keyOf, type ObjectId } from '../../core/object.ts'
import type { StageName, Step } from '../../core/plan.ts'
import { resolved, type Statement } from '../../core/sql.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { type DefiningChange, hazardsOf, inDatabaseOf, locksOf } from './changes.ts'
import { deferredChanges, formerParentOf } from './deferred.ts'
import { dropPrerequisites, dropStep, lateDrops } from './drop-steps.ts'
import { definitionOrder, dropOrder } from './order.ts'
import { groupStep, replacementOf } from './replacement-steps.ts'
import { createStepContext, isCoveredByParent, isRenamed, type StepContext, type StepInput } from './step-context.ts'
import { buildId, dropId, stepId } from './step-ids.ts'

/** The steps of a plan, in an order in which they can run. */
export function createSteps(input: StepInput): readonly Step[] {
  const context = createStepContext(input)
  const deferred = deferredChanges(context)
  const isDeferred = ({ key }: Change) => deferred.has(key)
  const drops = dropOrder(input.changes).filter((change) => !isCoveredByParent(change, context))
  const definitions = definitionOrder(input.changes).filter((change) => !isCoveredByParent(change, context))
  const loads = input.populate ? definitions.filter(needsLoad) : []
  const defined = drops.filter((change) => !isDeferred(change))
  const late = lateDrops(defined, context)
  const dropped = new Set(drops.flatMap(({ op, key }) => (op === 'drop' && deferred.has(key) ? [key] : [])))
  const later = new Set([
    ...Array.from(deferred, (key) => (dropped.has(key) ? dropId('build', key) : buildId(key, input.groups))),
    ...loads.map(({ key }) => stepId('populate', key)),
  ])
  const steps: readonly Step[] = [
    ...definitions
      .filter((change) => isPrepared(change, context))
      .flatMap((change) => definitionSteps(withFields(change, isPreparable), 'prepare', [], context)),
    ...renameSteps(input.changes),
    ...definitions.flatMap((change) => unlinkSteps(change, context)),
    ...input.changes.flatMap(asideSteps),
    ...defined.filter(({ key }) => !late.has(key)).map((change) => dropStep(change, 'define', [])),
    ...definitions
      .filter((change) => !isDeferred(change))
      .map((change) => (isPrepared(change, context) ? withFields(change, (field) => !isPreparable(field)) : change))
      .flatMap((change) => definitionSteps(change, 'define', [], context)),
    ...defined.filter(({ key }) => late.has(key)).map((change) => dropStep(change, 'define', [])),
    ...definitions.filter(isDeferred).flatMap((change) => buildSteps(change, later, context)),
    ...drops.flatMap((change) =>
      change.op === 'drop' && isDeferred(change)
        ? [dropStep(change, 'build', dropPrerequisites(change, context, deferred))]
        : [],
    ),
    ...loads.map((change) => loadStep(change, later, context)),
  ]
  const dataDrops = drops.flatMap((change) =>
    change.op === 'drop' && change.dropped === 'last' ? [dropId('build', change.key)] : [],
  )
  return putLast(steps, dataDrops)
}

/** Puts these steps, and those that wait for them, after all others. */
function putLast(steps: readonly Step[], ids: readonly string[]): readonly Step[] {
  if (ids.length === 0) return steps
  const waiters = groupBy(
    steps.flatMap(({ id, after }) => after.map((other) => ({ id, other }))),
    ({ other }) => other,
  )
  const last = new Set(ids)
  for (const id of last) for (const waiter of waiters.get(id) ?? []) last.add(waiter.id)
  return [
    ...steps.filter(({ id }) => !last.has(id)),
    ...steps.flatMap((step) => (last.has(step.id) ? [{ ...step, last: true as const }] : [])),
  ]
}

/**
 * Whether a change must be committed before its result can be used. Renames are part of the stage `define`, so a change that
 * goes by the new names cannot come before it.
 */
function isPrepared(change: DefiningChange, { renamed }: StepContext): boolean {
  if (change.op !== 'alter') return false
  if ([change.key, ...change.to.needs].some((key) => renamed.has(key))) return false
  return change.fields.some(({ effect }) => effect.how === 'statement' && effect.committedFirst)
}

function isPreparable({ effect }: FieldChange): boolean {
  return effect.how !== 'statement' || effect.notBefore === undefined
}

function withFields(change: DefiningChange, isWanted: (field: FieldChange) => boolean): DefiningChange {
  return change.op === 'alter' ? { ...change, fields: change.fields.filter(isWanted) } : change
}

/** Before all other definitions, whose statements use the declared names. Outer objects, such as schemas, come first. */
function renameSteps(changes: readonly Change[]): readonly Step[] {
  return changes
    .flatMap((change) => formerOf(change) ?? [])
    .filter(isRenamed)
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

/** What exists under the name of the change now, or did when it was recorded. */
function formerOf(change: Change): LiveObject | undefined {
  if ('from' in change) return change.from
  return change.op === 'create' ? change.renamesAside?.from : undefined
}

/** What gets a temporary name leaves its own before anything is created under that. */
function asideSteps(change: Change): readonly Step[] {
  const [from, to] = namesAside(change)
  const aside = from && kindOf(from).aside
  if (!aside || !to) return []
  const key = keyOf(to)
  const step = { stage: 'define', key, title: titleOf(from), action: 'alter', after: [], hazards: [] } as const
  return [{ ...step, id: `${stepId('define', key)} aside`, locks: [key], statements: aside.rename(from, to) }]
}

function namesAside(change: Change): readonly [ObjectId, ObjectId] | readonly [] {
  if (change.op === 'drop' && change.formerly) return [change.formerly.id, change.from.id]
  return change.op === 'create' && change.displaces ? [change.displaces.id, change.displaces.to] : []
}

/** Before the drops, since a table that has left its parent does not depend on it. */
function unlinkSteps(change: DefiningChange, { changeOf }: StepContext): readonly Step[] {
  if (change.op === 'create') return []
  const { id, spec, needs } = change.from
  // Until it is swapped, a table that is replaced stays with its parents, unless these change.
  const mustLeave = change.op === 'alter' || needs.some((need) => changeOf.get(need)?.op === 'alter')
  const statements = mustLeave ? (kindOf(id).unlink?.(id, change.fields, spec) ?? []) : []
  if (statements.length === 0) return []
  const title = titleOf(id)
  const step = { stage: 'define', key: change.key, title, action: 'alter', after: [], hazards: [] } as const
  return [{ ...step, id: `${stepId('define', change.key)} unlink`, locks: [change.key], statements }]
}

/** The step of a deferred definition. A group has one step, which comes with its last member. */
function buildSteps(change: DefiningChange, later: ReadonlySet<string>, context: StepContext): readonly Step[] {
  const group = context.groups.get(change.key)
  if (!group) return definitionSteps(change, 'build', prerequisites(change, later, context), context)
  if (change.key !== group.members.at(-1)?.key) return []
  const after = new Set(group.members.flatMap((member) => prerequisites(member, later, context)))
  return groupStep(group, [...after], context)
}

function definitionSteps(
  change: DefiningChange,
  stage: StageName,
  after: readonly string[],
  context: StepContext,
): readonly Step[] {
  const { id, declared } = change.to
  const { alter, child } = kindOf(id)
  const step = {
    id: stepId(stage, change.key),
    stage,
    key: change.key,
    title: titleOf(id),
    ...inDatabaseOf(id),
    after,
    locks: locksOf(change),
    hazards: hazardsOf(change, context.replacedTypes),
  }
  if (change.op === 'alter') {
    const statements = alter(id, change.fields, change.from.spec)
    return statements.length === 0 ? [] : [{ ...step, action: 'alter', statements }]
  }
  if (change.op === 'create' || change.how === 'drop-and-create') {
    const contents = stage === 'build' ? (child?.buildContents?.(id, declared) ?? []) : []
    const statements = [...renamePredecessor(change, context), ...creation(change), ...contents]
    return [{ ...step, action: 'create', statements }]
  }
  const member = replacementOf(change, undefined, context)
  return [{ ...step, action: 'replace', hazards: member.hazards, members: [member] }]
}

/**
 * Creating a child can evaluate its SQL over the rows of its parent, so that SQL is as the probe has resolved it. That of an
 * unmanaged object was read from the catalog.
 */
function creation(change: DefiningChange): readonly Statement[] {
  const { id, spec, declared } = change.to
  const { create, child } = kindOf(id)
  if (child) return create(id, spec).map(resolved)
  const statements = create(id, declared)
  return change.op === 'replace' && change.isUnmanaged ? statements.map(resolved) : statements
}

/** An old object that serves on leaves its name to its successor. */
function renamePredecessor(change: DefiningChange, { temporaryNames }: StepContext): readonly Statement[] {
  if (change.op !== 'create' || !change.renamesAside) return []
  const { id } = change.renamesAside.from
  const temporary = temporaryNames.get(change.key)
  return temporary ? (kindOf(id).aside?.rename(id, temporary) ?? []) : []
}

function needsLoad(change: DefiningChange): boolean {
  if (change.op === 'alter') return change.fields.some(({ effect }) => effect.how === 'populate')
  return change.op === 'create' && (kindOf(change.to.id).data?.isPopulated(change.to.declared) ?? false)
}

function loadStep(change: DefiningChange, later: ReadonlySet<string>, context: StepContext): Step {
  const { id, declared } = change.to
  const own = buildId(change.key, context.groups)
  return {
    id: stepId('populate', change.key),
    stage: 'populate',
    key: change.key,
    title: titleOf(id),
    action: 'populate',
    locks: [change.key],
    statements: kindOf(id).data?.populate(id, declared) ?? [],
    after: [...prerequisites(change, later, context), ...(later.has(own) ? [own] : [])],
    hazards: [{ name: 'reads-source', detail: 'its data is loaded' }],
  }
}

/** The steps after `define` that build or load what a change needs, or drop what has its name. */
function prerequisites(change: DefiningChange, later: ReadonlySet<string>, { groups }: StepContext): readonly string[] {
  const needed = change.to.needs.flatMap((need) => [buildId(need, groups), stepId('populate', need)])
  const former = formerParentOf(change)
  const blocking = former === undefined ? [] : [buildId(former, groups), dropId('build', former)]
  return [...needed, ...blocking].filter((id) => later.has(id))
}
