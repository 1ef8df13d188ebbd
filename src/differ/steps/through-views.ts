// Loads that read through plain views. Such a view returns the old data until what it reads has been swapped, so a load that
// does not wait for the swap would mix old and new data.

import type { Change, LiveState } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { idOf, type Key } from '../../core/object.ts'
import type { Refusal, Step, Warning } from '../../core/plan.ts'
import type { ReadsThroughViews } from '../../dependents/read-through-views.ts'
import { titleOf } from '../../kinds/registry.ts'

interface ReadInput {
  readonly changes: readonly Change[]
  readonly throughViews: ReadsThroughViews
  /** What the plain views read that are recreated. */
  readonly live: LiveState
}

interface OrderedLoads {
  readonly steps: readonly Step[]
  readonly staleReads: readonly StaleRead[]
}

/** A load that cannot wait for something it reads through plain views, and so would read its old data. */
export interface StaleRead {
  readonly key: Key
  readonly read: Key
  /** The plain views it reads through, which keep their identity. */
  readonly views: readonly Key[]
}

/**
 * Lets every load wait for what it reads through plain views that stay. Where that would be a cycle it does not wait, which is a
 * stale read. Views that are recreated with the rest read the new data at once.
 */
export function orderLoadsThroughViews(steps: readonly Step[], input: ReadInput): OrderedLoads {
  const { throughViews } = input
  if (throughViews.size === 0) return { steps, staleReads: [] }
  const later = steps.filter(({ stage }) => stage === 'build' || stage === 'populate')
  const stepsFor = groupBy(
    later.flatMap((step) => keysOf(step).map((key) => ({ key, id: step.id }))),
    ({ key }) => key,
  )
  const readsOf = readsByKey(input)
  const waits = waitIndex(steps)
  const staleReads: StaleRead[] = []
  const ordered = new Map(steps.map((step) => [step.id, step]))
  for (const step of later) {
    const after = new Set(step.after)
    const given = new Set(step.after)
    const reads = loadedBy(step).map((key) => ({ key, views: viewsThatStay(key, readsOf, throughViews) }))
    const waiters = reads.some(({ views }) => views.length > 0) ? waits.waitersOf(step.id) : new Set<string>()
    for (const { key, views } of reads) {
      const read = new Set(views.flatMap((view) => throughViews.get(view) ?? []))
      read.delete(key)
      for (const other of [...read].flatMap((each) => stepsFor.get(each) ?? [])) {
        if (given.has(other.id)) continue
        if (waiters.has(other.id)) {
          const through = views.filter((view) => throughViews.get(view)?.includes(other.key))
          staleReads.push({ key, read: other.key, views: through })
        } else {
          after.add(other.id)
          waits.add(step.id, other.id)
        }
      }
    }
    ordered.set(step.id, { ...step, after: [...after] })
  }
  return { steps: [...ordered.values()], staleReads }
}

export function warningOf({ key, read }: StaleRead): Warning {
  const message = `${titled(key)} is loaded before the plain views through which it reads ${titled(read)} are repointed: refresh it afterwards`
  return { code: 'dependents/stale-read', message }
}

/** For a replacement. A first load is worth a warning only: there is no older data that it would replace. */
export function refusalOf({ key, read, views }: StaleRead): Refusal {
  return {
    code: 'dependents/stale-read',
    key,
    title: titled(key),
    reason: `it would mix old and new data: it also reads ${titled(read)} through ${views.map(titled).join(', ')}, which cannot be recreated in the same step`,
    hint: 'Read it in one way only, or run fdwsync as a role that may recreate these views.',
  }
}

function titled(key: Key): string {
  const id = idOf(key)
  return id ? titleOf(id) : key
}

function keysOf(step: Step): readonly Key[] {
  return step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key]
}

/** The objects whose data the step loads. */
function loadedBy(step: Step): readonly Key[] {
  return step.action === 'replace'
    ? step.members.flatMap(({ key, load }) => (load.length > 0 ? [key] : []))
    : [step.key]
}

interface Reads {
  readonly needs: readonly Key[]
  readonly stays: boolean
}

function readsByKey({ changes, live }: ReadInput): (key: Key) => Reads {
  const changed = new Map(changes.flatMap((change) => ('to' in change ? [[change.key, change.to.needs] as const] : [])))
  return (key) => ({ needs: changed.get(key) ?? live.get(key)?.needs ?? [], stays: !changed.has(key) })
}

/** The plain views that the object reads, also through other views, and that keep their identity. */
function viewsThatStay(key: Key, readsOf: (key: Key) => Reads, throughViews: ReadsThroughViews): readonly Key[] {
  const views = new Set(readsOf(key).needs.filter((need) => throughViews.has(need)))
  for (const view of views) {
    for (const need of readsOf(view).needs) if (throughViews.has(need)) views.add(need)
  }
  return [...views].filter((view) => readsOf(view).stays)
}

/** Which steps wait for a step, also through others. */
function waitIndex(steps: readonly Step[]) {
  const waiting = new Map<string, string[]>()
  const add = (id: string, other: string) => {
    const known = waiting.get(other)
    if (known) known.push(id)
    else waiting.set(other, [id])
  }
  for (const { id, after } of steps) for (const other of after) add(id, other)
  /** With the step itself. */
  const waitersOf = (id: string): ReadonlySet<string> => {
    const found = new Set([id])
    for (const each of found) for (const next of waiting.get(each) ?? []) found.add(next)
    return found
  }
  return { add, waitersOf }
}
