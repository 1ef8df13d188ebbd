// What one transaction of an apply is expected to achieve. Before COMMIT this is verified against the catalog, and
// recorded in the ledger.

import type { Change, WantedObject } from '../core/change.ts'
import type { Key, ObjectId } from '../core/object.ts'
import type { Plan, Step } from '../core/plan.ts'
import { parentOfChange } from '../differ/changes.ts'
import { parentOf } from '../kinds/registry.ts'
import type { ObjectRecord } from '../ledger/write.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

export interface ExpectedResult {
  /** Managed objects that exist as wanted. */
  readonly managed: readonly ObjectRecord[]
  /** Unmanaged objects that were recreated as they were. They do not go into the ledger. */
  readonly unmanaged: readonly WantedObject[]
  /**
   * Objects that must not exist any more. Another object can have the name: a source view is dropped, for example, and recreated
   * with its table.
   */
  readonly absent: readonly { readonly id: ObjectId; readonly oid: number }[]
  /** Ledger entries to delete: of objects that were dropped or released. */
  readonly forgotten: readonly Key[]
}

/** Expected of the transaction of stage `prepare`. */
export function expectedOfPrepare({ plan }: PlanInHand): ExpectedResult {
  const completed = completedByPrepare(plan)
  return expectedOf(plan.changes.map(({ change }) => change).filter(({ key }) => completed.has(key)))
}

/** The objects that stage `prepare` alters. */
export function preparedKeys({ steps }: Plan): ReadonlySet<Key> {
  return new Set(steps.filter(({ stage }) => stage === 'prepare').flatMap((step) => [...keysOf(step)]))
}

/** The objects of `prepare` that stage `define` does not alter as well. */
function completedByPrepare(plan: Plan): ReadonlySet<Key> {
  const defined = new Set(plan.steps.filter(({ stage }) => stage === 'define').flatMap((step) => [...keysOf(step)]))
  return new Set([...preparedKeys(plan)].filter((key) => !defined.has(key)))
}

/**
 * Expected of the transaction of stage `define`: every change that neither `prepare` nor a step of `build` carries
 * out.
 */
export function expectedOfDefine({ plan }: PlanInHand): ExpectedResult {
  const keysOfSteps = (isWanted: (step: Step) => boolean) =>
    new Set(plan.steps.filter(isWanted).flatMap((step) => [...keysOf(step)]))
  const elsewhere = new Set([...completedByPrepare(plan), ...keysOfSteps(({ stage }) => stage === 'build')])
  // A child goes with its parent.
  const parentsElsewhere = keysOfSteps(
    ({ stage, action }) => stage === 'build' && (action === 'replace' || action === 'drop'),
  )
  const isElsewhere = (change: Change) => {
    const parent = parentOfChange(change)
    return elsewhere.has(change.key) || (parent !== undefined && parentsElsewhere.has(parent))
  }
  return expectedOf(plan.changes.map(({ change }) => change).filter((change) => !isElsewhere(change)))
}

/**
 * Expected of a step that has its own transaction: its change, and what becomes of the children of a dropped or replaced object.
 */
export function expectedOfStep(step: Step, { plan, wanted }: PlanInHand): ExpectedResult {
  const changes = plan.changes.map(({ change }) => change)
  const keys = keysOf(step)
  const own = changes.filter(({ key }) => keys.has(key))
  const isParent = (parent: Key | undefined) => parent !== undefined && keys.has(parent)
  const droppedChildren = changes.filter((change) => change.op === 'drop' && isParent(parentOfChange(change)))
  const expected = expectedOf([...own, ...droppedChildren])
  if (step.action !== 'replace') return step.action === 'drop' ? expected : expectedOf(own)
  const children = [...wanted.values()].filter((object) => isParent(parentOf(object)))
  return {
    ...expected,
    managed: [...expected.managed, ...children.map((child) => ({ wanted: child, createdByFdwsync: true }))],
  }
}

/** The objects that a step changes. */
export function keysOf(step: Step): Set<Key> {
  return new Set(step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key])
}

function expectedOf(changes: readonly Change[]): ExpectedResult {
  return {
    managed: changes.flatMap((change) =>
      change.op === 'drop' || change.op === 'release' || (change.op === 'replace' && change.isUnmanaged)
        ? []
        : [{ wanted: change.to, createdByFdwsync: change.op === 'create' || change.op === 'replace' }],
    ),
    unmanaged: changes.flatMap((change) => (change.op === 'replace' && change.isUnmanaged ? [change.to] : [])),
    absent: changes.flatMap((change) => {
      if (change.op === 'replace' && change.from.currentId) return [{ id: change.from.currentId, oid: change.from.oid }]
      return change.op === 'drop' ? [change.from] : []
    }),
    forgotten: changes.flatMap(({ op, key }) => (op === 'drop' || op === 'release' ? [key] : [])),
  }
}
