import type { Change, WantedObject } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Plan, Step } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { readDependencyDigests } from '../introspector/dependency-digests.ts'
import { kindOf } from '../kinds/registry.ts'
import { forgetObjects, type ObjectRecord, recordObjects, removeFromOtherManifests } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { verify } from './verify.ts'

/** What one transaction makes true, and so proves and records. */
export interface ExpectedResult {
  readonly recorded: readonly ObjectRecord[]
  /** What is made anew as it was, and stays another's. */
  readonly unmanaged: readonly WantedObject[]
  readonly absent: readonly ObjectId[]
  readonly forgotten: readonly Key[]
}

/** What the stage `prepare` makes true. */
export function expectedOfPrepare({ plan }: PlanInHand): ExpectedResult {
  const prepared = preparedKeys(plan)
  return scopeOf(plan.changes.map(({ change }) => change).filter(({ key }) => prepared.has(key)))
}

export function preparedKeys({ steps }: Plan): ReadonlySet<Key> {
  return new Set(steps.filter(({ stage }) => stage === 'prepare').flatMap((step) => [...keysOf(step)]))
}

/** Everything but what was prepared and what later steps make. */
export function expectedOfDefine({ plan }: PlanInHand): ExpectedResult {
  const prepared = preparedKeys(plan)
  const later = new Set(plan.steps.filter(({ stage }) => stage === 'build').flatMap((step) => [...keysOf(step)]))
  const replaced = new Set(plan.steps.filter(({ action }) => action === 'replace').flatMap((step) => [...keysOf(step)]))
  const isLater = (change: Change) => {
    const whole = parentKeyOf(change)
    return prepared.has(change.key) || later.has(change.key) || (whole !== undefined && replaced.has(whole))
  }
  return scopeOf(plan.changes.map(({ change }) => change).filter((change) => !isLater(change)))
}

/** What a step of a later stage makes true: its own change, and for a replacement all parts of the new object. */
export function expectedOfStep(step: Step, { plan, wanted }: PlanInHand): ExpectedResult {
  const changes = plan.changes.map(({ change }) => change)
  const keys = keysOf(step)
  const own = changes.filter(({ key }) => keys.has(key))
  if (step.action !== 'replace') return scopeOf(own)
  const isOfStep = (whole: Key | undefined) => whole !== undefined && keys.has(whole)
  const parts = [...wanted.values()].filter(({ id, spec }) => isOfStep(kindOf(id).child?.parentOf(spec, id)))
  const goneParts = changes.filter((change) => change.op === 'drop' && isOfStep(parentKeyOf(change)))
  const scope = scopeOf([...own, ...goneParts])
  return { ...scope, recorded: [...scope.recorded, ...parts.map((part) => ({ wanted: part, createdByFdwsync: true }))] }
}

/** The objects that a step is about. */
function keysOf(step: Step): ReadonlySet<Key> {
  return new Set(step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key])
}

function scopeOf(changes: readonly Change[]): ExpectedResult {
  return {
    unmanaged: changes.flatMap((change) => (change.op === 'replace' && change.isUnmanaged ? [change.to] : [])),
    recorded: changes.flatMap((change) =>
      change.op === 'drop' || change.op === 'release' || (change.op === 'replace' && change.isUnmanaged)
        ? []
        : [{ wanted: change.to, createdByFdwsync: change.op === 'create' || change.op === 'replace' }],
    ),
    absent: changes.flatMap((change) => (change.op === 'drop' ? [change.from.id] : [])),
    forgotten: changes.flatMap(({ op, key }) => (op === 'drop' || op === 'release' ? [key] : [])),
  }
}

function parentKeyOf(change: Change): Key | undefined {
  if (change.op === 'release') return undefined
  const object: { id: ObjectId; spec: unknown } = change.op === 'drop' ? change.from : change.to
  return kindOf(object.id).child?.parentOf(object.spec, object.id)
}

/** Proves, before COMMIT, that what a transaction was to do is done, and writes it in the ledger. */
export async function verifyAndRecord(
  session: Session,
  scope: ExpectedResult,
  inHand: PlanInHand,
  applyId: string,
): Promise<void> {
  const { plan, digests } = inHand
  const wanted: readonly WantedObject[] = scope.recorded.map((object) => object.wanted)
  const live = await verify(session, [...wanted, ...scope.unmanaged], scope.absent, digests)
  const recorded = new Set(wanted.map(({ id }) => keyOf(id)))
  const taken = plan.changes.filter(({ change, takenFrom }) => takenFrom.length > 0 && recorded.has(change.key))
  await removeFromOtherManifests(
    session,
    plan.manifest,
    taken.map(({ change }) => change.key),
  )
  const closures = await readDependencyDigests(
    session,
    plan.searchPath,
    wanted.map(({ id, declared }) => ({ id, spec: declared })),
  )
  await recordObjects(session, plan.manifest, applyId, scope.recorded, live, closures, inHand.sourced)
  await forgetObjects(session, plan.manifest, scope.forgotten)
}
