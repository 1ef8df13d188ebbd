// Runs a graph of steps: several at once, each after the steps that it depends on. It does not know what a step does.

import type { StepOutcome } from '../core/report.ts'
import type { ServerLimits } from './server-limits.ts'
import { type ItemFacts, type WaitingItems, waitingItems } from './waiting-items.ts'

/** The outcome of an item that cannot run while so many others do. */
export const tooManyAtOnce = Symbol('too many at once')

export interface GraphOptions<Item> extends ItemFacts<Item> {
  /** How many items run at once, at most. A batch counts as one. */
  readonly jobs: number
  /** When it is aborted, no further item starts. */
  readonly signal: AbortSignal
  /** Items that share a lock run one at a time. */
  locks(item: Item): readonly string[]
  readonly limits: ServerLimits
  /** Runs several items as one. Undefined: each item runs on its own. */
  readonly batches?: Batches<Item>
  /**
   * @param othersRun whether other items run at the moment
   * @returns `tooManyAtOnce` to be run once more when another item has ended, with fewer at once from then on
   */
  run(item: Item, othersRun: () => boolean): Promise<StepOutcome | typeof tooManyAtOnce>
  /** Called when an item starts. Items of a batch count as started when the batch has ended, since it need not run all of them. */
  started(item: Item): void
  /** Called with the outcome of an item, whether it was run or not. */
  finished(item: Item, outcome: StepOutcome): void
}

/** Items that are run as one, with the locks and the servers of the first. */
export interface Batches<Item> {
  /** @param candidates items that could start now. @returns those of them to run along with the first */
  choose(first: Item, candidates: Iterable<Item>): readonly Item[]
  /** @returns the outcomes of the items that were run. The others wait once more. */
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
  const graph: Graph<Item> = {
    options,
    waiting: waitingItems(items, options),
    outcomes: new Map(),
    locked: new Set(),
    running: new Set(),
    jobs: options.jobs,
  }
  while (graph.waiting.count() + graph.running.size > 0) {
    if (options.signal.aborted) skip(graph, graph.waiting.removeAll(), 'interrupted')
    else startAll(graph)
    if (graph.running.size > 0) await Promise.race(graph.running)
    else if (graph.waiting.count() > 0) throw new Error('steps depend on each other in a circle')
  }
  return items.flatMap((item) => {
    const outcome = graph.outcomes.get(item)
    return outcome ? [[item, outcome] as const] : []
  })
}

interface Graph<Item> {
  readonly options: GraphOptions<Item>
  readonly waiting: WaitingItems<Item>
  readonly outcomes: Map<Item, StepOutcome>
  readonly locked: Set<string>
  readonly running: Set<Promise<void>>
  /** The present limit for items that run at once. */
  jobs: number
}

/** Starts as many items as can run at once. */
function startAll<Item>(graph: Graph<Item>): void {
  const { options, waiting, locked, running } = graph
  while (running.size < graph.jobs) {
    const [first] = startable(graph)
    if (first === undefined) return
    waiting.take(first)
    const rest = options.batches?.choose(first, startable(graph)) ?? []
    for (const item of rest) waiting.take(item)
    options.limits.take(options.servers(first))
    const locks = options.locks(first)
    for (const lock of locks) locked.add(lock)
    const work = run(graph, [first, ...rest]).finally(() => {
      running.delete(work)
      for (const lock of locks) locked.delete(lock)
    })
    running.add(work)
  }
}

/** The items that can start now, in order. */
function* startable<Item>({ options, waiting, locked }: Graph<Item>): Iterable<Item> {
  for (const item of waiting.ready((servers) => options.limits.isFull(servers)))
    if (!options.locks(item).some((lock) => locked.has(lock))) yield item
}

async function run<Item>(graph: Graph<Item>, batch: readonly [first: Item, ...rest: Item[]]): Promise<void> {
  const { options, waiting, running } = graph
  const [first] = batch
  const ended = batch.length > 1 ? await options.batches?.run(batch) : await runAlone(graph, first)
  options.limits.giveBack(options.servers(first))
  for (const item of batch) {
    const outcome = ended?.get(item)
    if (outcome === undefined || outcome === tooManyAtOnce) {
      waiting.putBack(item)
      if (outcome === tooManyAtOnce) graph.jobs = Math.max(1, Math.min(graph.jobs, running.size - 1))
      continue
    }
    if (batch.length > 1) options.started(item)
    finish(graph, item, outcome)
    if (outcome.status === 'applied') waiting.markApplied(item)
    else skip(graph, waiting.removeDependents(item), 'a step that it depends on was not applied')
  }
}

async function runAlone<Item>(
  { options, running }: Graph<Item>,
  item: Item,
): Promise<ReadonlyMap<Item, StepOutcome | typeof tooManyAtOnce>> {
  options.started(item)
  const before = running.size
  return new Map([[item, await options.run(item, () => before > 0 || running.size > 1)]])
}

function skip<Item>(graph: Graph<Item>, items: readonly Item[], reason: string): void {
  for (const item of items) finish(graph, item, { status: 'skipped', reason })
}

function finish<Item>({ options, outcomes }: Graph<Item>, item: Item, outcome: StepOutcome): void {
  outcomes.set(item, outcome)
  options.finished(item, outcome)
}
