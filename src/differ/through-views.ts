import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import type { Step } from '../core/plan.ts'
import type { PlanInput } from './plan.ts'

export interface Waiting {
  readonly steps: readonly Step[]
  /** Of what can't wait. */
  readonly warnings: readonly string[]
}

/**
 * Lets what is loaded through plain views of people wait for what these read: it would get the data of before. Where that waits
 * for it in turn, it can't, and gets them.
 */
export function waitingThroughViews(
  steps: readonly Step[],
  { changes, throughViews }: Pick<PlanInput, 'changes' | 'throughViews'>,
): Waiting {
  if (throughViews.size === 0) return { steps, warnings: [] }
  const byId = new Map(steps.map((step) => [step.id, step]))
  const later = steps.filter(({ stage }) => stage === 'build' || stage === 'populate')
  const makers = groupBy(
    later.flatMap((step) => keysOf(step).map((key) => ({ key, id: step.id }))),
    ({ key }) => key,
  )
  const needs = new Map(changes.flatMap((change) => ('to' in change ? [[change.key, change.to.needs] as const] : [])))
  const readBy = (key: Key) => (needs.get(key) ?? []).flatMap((need) => throughViews.get(need) ?? [])
  const warnings: string[] = []
  for (const { id } of later) {
    const step = byId.get(id)
    if (!step) continue
    const others = new Set(
      keysOf(step)
        .flatMap(readBy)
        .flatMap((key) => makers.get(key) ?? [])
        .flatMap((maker) => (maker.id === id || step.after.includes(maker.id) ? [] : maker.id)),
    )
    const [first, ...more] = [...others].filter((other) => isAfter(other, id, byId))
    if (first !== undefined)
      warnings.push(
        stale(
          step,
          [first, ...more].flatMap((other) => byId.get(other) ?? []),
        ),
      )
    const after = [...others].filter((other) => !isAfter(other, id, byId))
    byId.set(id, { ...step, after: [...step.after, ...after] })
  }
  return { steps: [...byId.values()], warnings }
}

function stale({ title }: Step, others: readonly Step[]): string {
  const read = [...new Set(others.map((other) => other.title))].join(', ')
  return `${title} is loaded before ${read}, which needs it, though it reads that through plain views: refresh it afterwards`
}

function keysOf(step: Step): readonly Key[] {
  return step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key]
}

/** Whether the one waits for the other, be it through others. */
function isAfter(one: string, other: string, steps: ReadonlyMap<string, Step>): boolean {
  const found = new Set([one])
  for (const id of found) for (const next of steps.get(id)?.after ?? []) found.add(next)
  return found.has(other)
}
