// Runs a graph of steps: several at once, each after the steps that it depends on. It does not know what a step does.

import type { StepOutcome } from '../core/report.ts'
import type { ServerLimits } from './server-limits.ts'

/** What an item ends with that cannot run while so many others do. */
export const tooManyAtOnce = Symbol('too many at once')

export interface GraphOptions<Item> {
  /** How many items run at once, at most. */
  readonly jobs: number
  /** When it is aborted, no further item starts. */
  readonly signal: AbortSignal
  id(item: Item): string
  /** The ids of the items that must have been applied before. */
  after(item: Item): readonly string[]
  /** Of the items that share a lock, one runs at a time. */
  locks(item: Item): readonly string[]
  /** The sources that the item reads. */
  servers(item: Item): readonly string[]
  readonly limits: ServerLimits
  /**
   * @param othersRun whether other items run at the moment
   * @returns `tooManyAtOnce` to be run again when another item has ended, with fewer at once from then on
   */
  run(item: Item, othersRun: () => boolean): Promise<StepOutcome | typeof tooManyAtOnce>
  /** Called for an item that is not run. */
  skipped(item: Item, outcome: StepOutcome): void
}

/**
 * Runs all items. If one fails, the items after it are skipped, and the others run.
 * @returns the outcomes, in the order of the items
 */
export async function runGraph<Item>(
  items: readonly Item[],
  options: GraphOptions<Item>,
): Promise<readonly (readonly [Item, StepOutcome])[]> {
  const outcomes = new Map<string, StepOutcome>()
  const waiting = new Map(items.map((item) => [options.id(item), item]))
  const running = new Map<string, Promise<void>>()
  const locked = new Set<string>()
  let { jobs } = options
  while (waiting.size > 0 || running.size > 0) {
    for (const [id, item] of waiting) {
      const blocker = blockerOf(item, options, outcomes)
      if (blocker !== undefined) {
        waiting.delete(id)
        const outcome: StepOutcome = { status: 'skipped', reason: blocker }
        outcomes.set(id, outcome)
        options.skipped(item, outcome)
      } else if (
        running.size < jobs &&
        !options.locks(item).some((lock) => locked.has(lock)) &&
        isReady(item, options, waiting, running) &&
        options.limits.take(options.servers(item))
      ) {
        for (const lock of options.locks(item)) locked.add(lock)
        waiting.delete(id)
        running.set(id, start(id, item))
      }
    }
    if (running.size > 0) await Promise.race(running.values())
    else if (waiting.size > 0 && !canProgress(waiting, options, outcomes))
      throw new Error('steps depend on each other in a circle')
  }
  return items.flatMap((item) => {
    const outcome = outcomes.get(options.id(item))
    return outcome ? [[item, outcome] as const] : []
  })

  async function start(id: string, item: Item): Promise<void> {
    const outcome = await options.run(item, () => running.size > 1)
    running.delete(id)
    options.limits.giveBack(options.servers(item))
    if (outcome === tooManyAtOnce) {
      waiting.set(id, item)
      jobs = Math.max(1, Math.min(jobs, running.size))
    } else outcomes.set(id, outcome)
    for (const lock of options.locks(item)) locked.delete(lock)
  }
}

function canProgress<Item>(
  waiting: ReadonlyMap<string, Item>,
  options: GraphOptions<Item>,
  outcomes: ReadonlyMap<string, StepOutcome>,
): boolean {
  return [...waiting.values()].some(
    (item) => blockerOf(item, options, outcomes) !== undefined || options.after(item).every((id) => !waiting.has(id)),
  )
}

function isReady<Item>(
  item: Item,
  options: GraphOptions<Item>,
  waiting: ReadonlyMap<string, Item>,
  running: ReadonlyMap<string, unknown>,
): boolean {
  return options.after(item).every((id) => !waiting.has(id) && !running.has(id))
}

function blockerOf<Item>(
  item: Item,
  options: GraphOptions<Item>,
  outcomes: ReadonlyMap<string, StepOutcome>,
): string | undefined {
  if (options.signal.aborted) return 'interrupted'
  const failed = options.after(item).find((id) => {
    const outcome = outcomes.get(id)
    return outcome !== undefined && outcome.status !== 'applied'
  })
  return failed === undefined ? undefined : 'a step that it depends on was not applied'
}
