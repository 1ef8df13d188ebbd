// Runs a graph of steps: several at once, each after the steps that it depends on. It does not know what a step does.

import type { StepOutcome } from '../core/report.ts'
import type { ServerLimits } from './server-limits.ts'

/** What an item ends with that cannot run while so many others do. */
export const tooManyAtOnce = Symbol('too many at once')

export interface GraphOptions<Item> {
  /** How many items run at once, at most. A batch counts as one. */
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
  /** Runs several items as one. Undefined: each runs by itself. */
  readonly batches?: Batches<Item>
  /**
   * @param othersRun whether other items run at the moment
   * @returns `tooManyAtOnce` to be run again when another item has ended, with fewer at once from then on
   */
  run(item: Item, othersRun: () => boolean): Promise<StepOutcome | typeof tooManyAtOnce>
  /** Called for an item that is not run. */
  skipped(item: Item, outcome: StepOutcome): void
}

/** Items that are run as one, with the locks and the servers of the first. */
export interface Batches<Item> {
  /** @returns those of the candidates, all of which could start, that are run along with the first. */
  choose(first: Item, candidates: Iterable<Item>): readonly Item[]
  /** @returns the outcomes of those that were run. The others wait again. */
  run(items: readonly Item[]): Promise<ReadonlyMap<Item, StepOutcome>>
}

/**
 * Runs all items. If one fails, the items after it are skipped, and the others run.
 * @returns the outcomes, in the order of the items
 */
export async function runGraph<Item>(
  items: readonly Item[],
  options: GraphOptions<Item>,
): Promise<readonly (readonly [Item, StepOutcome])[]> {
  const { batches } = options
  const outcomes = new Map<string, StepOutcome>()
  const waiting = new Map(items.map((item) => [options.id(item), item]))
  const running = new Set<string>()
  const started = new Set<Promise<void>>()
  const locked = new Set<string>()
  let { jobs } = options
  while (waiting.size > 0 || started.size > 0) {
    for (const [id, item] of waiting) {
      const blocker = blockerOf(item, options, outcomes)
      if (blocker !== undefined) {
        waiting.delete(id)
        const outcome: StepOutcome = { status: 'skipped', reason: blocker }
        outcomes.set(id, outcome)
        options.skipped(item, outcome)
      } else if (started.size < jobs && canStart(item) && options.limits.take(options.servers(item))) {
        markRunning(id)
        const batch = [item, ...(batches?.choose(item, startable()) ?? [])]
        for (const each of batch) markRunning(options.id(each))
        const locks = options.locks(item)
        for (const lock of locks) locked.add(lock)
        const work = start(item, batch).finally(() => {
          started.delete(work)
          for (const lock of locks) locked.delete(lock)
        })
        started.add(work)
      }
    }
    if (started.size > 0) await Promise.race(started)
    else if (waiting.size > 0 && !canProgress(waiting, options, outcomes))
      throw new Error('steps depend on each other in a circle')
  }
  return items.flatMap((item) => {
    const outcome = outcomes.get(options.id(item))
    return outcome ? [[item, outcome] as const] : []
  })

  function markRunning(id: string): void {
    waiting.delete(id)
    running.add(id)
  }

  function canStart(item: Item): boolean {
    return !options.locks(item).some((lock) => locked.has(lock)) && isReady(item, options, waiting, running)
  }

  function* startable(): Iterable<Item> {
    for (const item of waiting.values())
      if (blockerOf(item, options, outcomes) === undefined && canStart(item)) yield item
  }

  async function runAlone(item: Item): Promise<ReadonlyMap<Item, StepOutcome | typeof tooManyAtOnce>> {
    return new Map([[item, await options.run(item, () => started.size > 1)]])
  }

  async function start(item: Item, batch: readonly Item[]): Promise<void> {
    const ended = batch.length > 1 ? await batches?.run(batch) : await runAlone(item)
    options.limits.giveBack(options.servers(item))
    for (const each of batch) {
      const id = options.id(each)
      const outcome = ended?.get(each)
      running.delete(id)
      if (outcome !== undefined && outcome !== tooManyAtOnce) {
        outcomes.set(id, outcome)
        continue
      }
      waiting.set(id, each)
      if (outcome === tooManyAtOnce) jobs = Math.max(1, Math.min(jobs, started.size - 1))
    }
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
  running: ReadonlySet<string>,
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
