import type { Change, LiveState } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { idOf, type Key } from '../../core/object.ts'
import type { Refusal, Step, Warning } from '../../core/plan.ts'
import type { ReadsThroughViews } from '../../dependents/read-through-views.ts'
import { titleOf } from '../../kinds/registry.ts'

interface Reading {
  readonly changes: readonly Change[]
  readonly throughViews: ReadsThroughViews
  /** What the plain views read that may be made anew. */
  readonly live: LiveState
}

export interface Waiting {
  readonly steps: readonly Step[]
  readonly staleReads: readonly StaleRead[]
}

/** What can't wait for something that it reads through plain views: it would be loaded with other data than that has then. */
export interface StaleRead {
  readonly key: Key
  readonly read: Key
  /** The plain views that stay. */
  readonly views: readonly Key[]
}

/**
 * Lets what is loaded through plain views of people wait for what these read: it would get the data of before. Where that waits
 * for it in turn, it can't, and gets them. Views that are made anew with the rest are led to it at once.
 */
export function orderLoadsThroughViews(steps: readonly Step[], { changes, throughViews, live }: Reading): Waiting {
  if (throughViews.size === 0) return { steps, staleReads: [] }
  const byId = new Map(steps.map((step) => [step.id, step]))
  const later = steps.filter(({ stage }) => stage === 'build' || stage === 'populate')
  const makers = groupBy(
    later.flatMap((step) => keysOf(step).map((key) => ({ key, id: step.id }))),
    ({ key }) => key,
  )
  const reading = readingOf({ changes, throughViews, live })
  const staleReads: StaleRead[] = []
  for (const { id } of later) {
    const step = byId.get(id)
    if (!step) continue
    const after = new Set(step.after)
    for (const key of loadedBy(step)) {
      const views = viewsStaying(key, reading, throughViews)
      const read = new Set(views.flatMap((view) => throughViews.get(view) ?? []))
      read.delete(key)
      for (const maker of [...read].flatMap((other) => makers.get(other) ?? [])) {
        if (step.after.includes(maker.id)) continue
        // It is the same step, or waits for this one.
        if (isAfter(maker.id, id, byId)) {
          const through = views.filter((view) => throughViews.get(view)?.includes(maker.key))
          staleReads.push({ key, read: maker.key, views: through })
        } else after.add(maker.id)
      }
    }
    byId.set(id, { ...step, after: [...after] })
  }
  return { steps: [...byId.values()], staleReads }
}

export function warningOf({ key, read }: StaleRead): Warning {
  const [title, other] = [key, read].map(titled)
  const message = `${title} is loaded before the plain views that it reads ${other} through lead to the new one: refresh it afterwards`
  return { code: 'dependents/stale-read', message }
}

/** Of what would be replaced: it would be of two times. */
export function refusalOf({ key, read, views }: StaleRead): Refusal {
  return {
    code: 'dependents/stale-read',
    key,
    title: titled(key),
    reason: `it would hold data of two times: it reads ${titled(read)} also through ${views.map(titled).join(', ')}, which can not be made anew with it`,
    hint: 'Let it read that in one way only, or run fdwsync as a role that may make these views anew.',
  }
}

function titled(key: Key): string {
  const id = idOf(key)
  return id ? titleOf(id) : key
}

function keysOf(step: Step): readonly Key[] {
  return step.action === 'replace' ? step.members.map(({ key }) => key) : [step.key]
}

/** What it fills with data. */
function loadedBy(step: Step): readonly Key[] {
  return step.action === 'replace'
    ? step.members.flatMap(({ key, load }) => (load.length > 0 ? [key] : []))
    : [step.key]
}

interface Reads {
  readonly needs: readonly Key[]
  readonly stays: boolean
}

function readingOf({ changes, live }: Reading): (key: Key) => Reads {
  const changed = new Map(changes.flatMap((change) => ('to' in change ? [[change.key, change.to.needs] as const] : [])))
  return (key) => ({ needs: changed.get(key) ?? live.get(key)?.needs ?? [], stays: !changed.has(key) })
}

/** The plain views that stay which it reads, be it through others, as far down as is known. */
function viewsStaying(key: Key, reading: (key: Key) => Reads, throughViews: ReadsThroughViews): readonly Key[] {
  const views = new Set(reading(key).needs.filter((need) => throughViews.has(need)))
  for (const view of views) {
    for (const need of reading(view).needs) if (throughViews.has(need)) views.add(need)
  }
  return [...views].filter((view) => reading(view).stays)
}

/** Whether the one waits for the other, be it through others. */
function isAfter(one: string, other: string, steps: ReadonlyMap<string, Step>): boolean {
  const found = new Set([one])
  for (const id of found) for (const next of steps.get(id)?.after ?? []) found.add(next)
  return found.has(other)
}
