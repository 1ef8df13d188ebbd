// Runs the PL/pgSQL blocks of tables: each as the owner of the table, while its sources are watched.

import { sameData } from '../../core/data.ts'
import { FdwsyncError } from '../../core/errors.ts'
import type { Key, Relation } from '../../core/object.ts'
import { qualified, type Sql, sql } from '../../core/sql.ts'
import { markLoaded, sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import { callAsOwner } from '../../kinds/table/as-owner.ts'
import { type TableBlock, tableBlock } from '../../kinds/table/refresh/table-block.ts'
import { relationConstant } from '../../kinds/table/refresh/table-sql.ts'
import { MemberFailure } from '../failure.ts'
import { sourcesRead } from '../read-sources.ts'
import type { SourceWatchdog } from '../source-watchdog.ts'
import type { CopyToRefresh, RefreshTransaction, StrategyOutcome, StrategyOutcomes } from './strategy.ts'
import { namesOf, type TableCopy, tableSqlOf } from './table-block.ts'

/** What a block returns: counts, and values with names of its own. */
export interface BlockResult {
  readonly rows_read: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly is_empty: boolean | null
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
      const { inserted, updated, deleted, is_empty: isEmpty } = result
      outcomes.set(copy.key, {
        ...outcomeOf(result),
        written: { inserted, updated, deleted },
        isEmpty: isEmpty === true,
      })
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
  const probes = sourcesRead(sourcesOf, copy.id)
  return sources.load(session, pid, probes, async () => {
    const [row] = await session.query<{ result: BlockResult }>(call)
    const [{ names } = { names: [] }] = await session.query<{ names: readonly string[] }>(
      sql`${after}; ${columnNames(copy)}`,
    )
    if (!sameData(names, namesOf(copy.table.columns))) throw changedMeanwhile(copy)
    if (!row) throw new Error('a function returned no row')
    return row.result
  })
}

/** The columns with values from the query, under the lock of the block: an apply may have added some since the refresh was planned. */
function columnNames({ id }: TableCopy): Sql {
  const constant = ({ schema, name }: Relation) => relationConstant(qualified(schema, name))
  return sql`SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum) AS names
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attribute q ON q.attname OPERATOR(pg_catalog.=) a.attname
   WHERE a.attrelid OPERATOR(pg_catalog.=) ${constant(id)} AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
     AND q.attrelid OPERATOR(pg_catalog.=) ${constant(sourceViewOf(id))} AND q.attnum OPERATOR(pg_catalog.>) 0`
}

function changedMeanwhile({ title }: TableCopy): FdwsyncError {
  const message = `the columns of ${title} were changed at the same time, so it was not refreshed`
  return new FdwsyncError({ code: 'object/changed-meanwhile', message, hint: 'Refresh again.' })
}

/** The fraction of the rows read that were written. */
export function fractionWritten({ rows_read: read, inserted, updated, deleted }: BlockResult): number {
  const written = inserted + updated + deleted
  return written === 0 ? 0 : Math.min(written / Math.max(read, 1), 1)
}
