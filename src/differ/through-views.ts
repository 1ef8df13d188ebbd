import type { Change } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import type { Step } from '../core/plan.ts'

interface Waiting {
  readonly changes: readonly Change[]
  /** By plain view of people: what it reads of what changes. */
  readonly throughViews: ReadonlyMap<Key, readonly Key[]>
}

/**
 * Lets what is loaded through plain views of people wait for what these read: it would get the data of before. Not where that
 * waits for it in turn, which has to have it first.
 */
export function waitingThroughViews(steps: readonly Step[], { changes, throughViews }: Waiting): readonly Step[] {
  if (throughViews.size === 0) return steps
  const byId = new Map(steps.map((step) => [step.id, step]))
  const later = steps.filter(({ stage }) => stage === 'build' || stage === 'populate')
  const makers = groupBy(
    later.flatMap((step) => keysOf(step).map((key) => ({ key, id: step.id }))),
    ({ key }) => key,
  )
  const needs = new Map(changes.flatMap((change) => ('to' in change ? [[change.key, change.to.needs] as const] : [])))
  for (const { id } of later) {
    const step = byId.get(id)
    if (!step) continue
    const read = keysOf(step).flatMap((key) => (needs.get(key) ?? []).flatMap((need) => throughViews.get(need) ?? []))
    const others = new Set(read.flatMap((key) => makers.get(key) ?? []).map((maker) => maker.id))
    const after = [...others].filter((other) => !step.after.includes(other) && !waitsFor(other, id, byId))
    byId.set(id, { ...step, after: [...step.after, ...after] })
  }
  return [...byId.values()]
}

function keysOf(step: Step): readonly Key[] {
  return step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key]
}

/** Whether the one is the other, or waits for it. */
function waitsFor(one: string, other: string, steps: ReadonlyMap<string, Step>): boolean {
  const found = new Set([one])
  for (const id of found) for (const next of steps.get(id)?.after ?? []) found.add(next)
  return found.has(other)
}
