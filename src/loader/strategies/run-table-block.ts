// Runs the PL/pgSQL blocks of tables: each as the owner of the table, while its sources are watched.

import { type Key, relationKey } from '../../core/object.ts'
import { markLoaded } from '../../kinds/facets/copy/source-view.ts'
import { callAsOwner } from '../../kinds/table/as-owner.ts'
import { type TableBlock, tableBlock } from '../../kinds/table/refresh/table-block.ts'
import { MemberFailure } from '../failure.ts'
import type { SourceWatchdog } from '../source-watchdog.ts'
import type { CopyToRefresh, RefreshTransaction, StrategyOutcome, StrategyOutcomes } from './strategy.ts'
import { type TableCopy, tableSqlOf } from './table-block.ts'

/** What a block returns: counts, and values with names of its own. */
export interface BlockResult {
  readonly rows_read: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly [name: string]: unknown
}

/** A block, and how to read its result. */
export interface TableRun {
  readonly block: TableBlock
  outcomeOf(result: BlockResult): StrategyOutcome
}

export async function runTableBlocks(
  transaction: RefreshTransaction,
  copies: readonly CopyToRefresh[],
  runOf: (copy: TableCopy & CopyToRefresh) => TableRun,
): Promise<StrategyOutcomes> {
  const { session, signal } = transaction
  const outcomes = new Map<Key, StrategyOutcome>()
  for (const copy of copies) {
    const { table } = copy.facts
    if (!table) throw new Error(`${copy.title} is no table`)
    const { block, outcomeOf } = runOf({ ...copy, table })
    try {
      const result = await callTableBlock(transaction, { ...copy, table }, block)
      await session.execute(markLoaded(copy.id))
      const { inserted, updated, deleted } = result
      outcomes.set(copy.key, { ...outcomeOf(result), written: { inserted, updated, deleted } })
    } catch (error) {
      // A lost connection or an interruption is not this copy's failure.
      throw session.isLost() || signal.aborted ? error : new MemberFailure(copy.key, error)
    }
  }
  return outcomes
}

/** Calls a block in the open transaction. */
async function callTableBlock(
  {
    session,
    pid,
    sources,
    sourcesOf,
  }: Pick<RefreshTransaction, 'session' | 'pid' | 'sourcesOf'> & {
    readonly sources: Pick<SourceWatchdog, 'load'>
  },
  copy: TableCopy,
  block: TableBlock,
): Promise<BlockResult> {
  const { call, after } = callAsOwner(copy.table.owner, tableBlock(tableSqlOf(copy), block))
  const probes = sourcesOf.get(relationKey(copy.id.schema, copy.id.name)) ?? []
  return sources.load(session, pid, probes, async () => {
    const [row] = await session.query<{ result: BlockResult }>(call)
    await session.run(after)
    if (!row) throw new Error('a function returned no row')
    return row.result
  })
}

/** The fraction of the rows read that were written. */
export function fractionWritten({ rows_read: read, inserted, updated, deleted }: BlockResult): number {
  const written = inserted + updated + deleted
  return written === 0 ? 0 : Math.min(written / Math.max(read, 1), 1)
}
