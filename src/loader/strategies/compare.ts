// Compares digests of blocks of rows, which the source computes, with those of the table, and reads only the rows of blocks that
// differ. It finds inserts, updates and deletes. It needs a primary key, and a query that the source can compute for postgres_fdw;
// otherwise it reads all rows, as merge does.

import { ident, sql } from '../../core/sql.ts'
import { type BlockSize, compareBlock } from '../../kinds/table/refresh/compare-block.ts'
import { blockDigest, type DigestedColumn, rowDigest } from '../../kinds/table/refresh/digest.ts'
import { keyedDigest } from '../../kinds/table/refresh/keyed-digest.ts'
import { mergeBlock, type TableBlock } from '../../kinds/table/refresh/table-block.ts'
import { changedRows, chooseBlockSize, type NoBlocks } from './block-size.ts'
import { blocksOf } from './blocks.ts'
import { merge, mergeOutcome } from './merge.ts'
import { type BlockResult, fractionWritten, runTableBlocks } from './run-table-block.ts'
import type { CopyFacts, Strategy, StrategyOutcome, TableColumn } from './strategy.ts'
import { columnList, differs, hasIntegerKey, type TableCopy, tableSqlOf } from './table-block.ts'

export const compare: Strategy = {
  obstacle: merge.obstacle,
  run: (transaction, copies) =>
    runTableBlocks(transaction, copies, (copy) => {
      const digests = planDigests(copy.facts)
      if ('reason' in digests) {
        const instead = { strategy: 'merge', reason: digests.reason } as const
        return {
          block: mergeBlock(tableSqlOf(copy)),
          outcomeOf: (result) => ({ ...mergeOutcome(result), instead }),
        }
      }
      return {
        block: compareBlockOf(copy, digests),
        outcomeOf: (result) => compareOutcome(result, digests),
      }
    }),
}

/** Which columns are digested, and how many rows share a digest. */
export interface Digests {
  readonly digested: readonly DigestedColumn[]
  /** Columns that the source cannot digest and that are read as they are. */
  readonly beside: readonly string[]
  readonly size: BlockSize
}

/** Whether the source can compute the query is still unknown: only a query shows that. */
export function planDigests(facts: CopyFacts): Digests | NoBlocks {
  const { table, state } = facts
  if (!table) throw new Error('only tables are compared')
  const key = digestedKey(facts)
  if ('reason' in key) return key
  const beside = table.columns.filter(({ digest }) => !digest)
  const ofKey = table.columns.filter(({ name }) => key.some((column) => column.name === name))
  const size = chooseBlockSize({
    count: table.rows,
    width: table.rows > 0 ? facts.bytes / table.rows : 0,
    widthBeside: beside.length === 0 ? 0 : widthOf([...beside, ...ofKey]),
    changed: state.changed,
  })
  return 'reason' in size
    ? size
    : { digested: digestedColumns(table.columns), beside: beside.map(({ name }) => name), size }
}

export function digestedKey({ table, state }: CopyFacts): readonly DigestedColumn[] | NoBlocks {
  if (!table) throw new Error('only tables have a key')
  const ofKey = table.columns.filter(({ name }) => table.key.some((column) => column.name === name))
  const undigested = ofKey.find(({ digest }) => !digest)
  if (undigested)
    return {
      reason: `its source cannot digest the type ${undigested.type} of the key column ${ident(undigested.name)}`,
    }
  if (state.unlikeDigests) return { reason: 'its source has other digests of equal rows' }
  return digestedColumns(ofKey)
}

function digestedColumns(columns: readonly TableColumn[]): readonly DigestedColumn[] {
  return columns.flatMap(({ name, digest }) => (digest ? [{ name, method: digest }] : []))
}

/** The width of a value for which there are no statistics. */
const assumedWidth = 16

function widthOf(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, { width }) => sum + (width ?? assumedWidth), 0)
}

export function compareBlockOf(copy: TableCopy, { digested, beside, size }: Digests): TableBlock {
  const [key] = copy.table.key
  return compareBlock(tableSqlOf(copy), {
    blocks: blocksOf(copy, digested),
    digestOf: (from) =>
      key && hasIntegerKey(copy) ? keyedDigest(digested, key.name, from) : blockDigest(rowDigest(digested, from)),
    size,
    beside: beside.length === 0 ? undefined : { columns: columnList(beside), differs: differs(beside, sql`t`, sql`f`) },
  })
}

export function compareOutcome(result: BlockResult, { size }: Digests): StrategyOutcome {
  const { why, differ, fraction, large_fraction: ofLarge } = result as BlockResult & ComparedBlocks // as compareBlock returns them
  if (why !== null) return { ...mergeOutcome(result), instead: { strategy: 'merge', reason: why } }
  const written = result.inserted + result.updated + result.deleted
  // In every block that differs at least one row does.
  const areUnlike = written * 2 < differ
  const { large } = size
  const rows = large?.areFirst && ofLarge === null ? large.rows : size.rows
  const inBlocks = fraction < 1 ? changedRows(fraction, rows) : fractionWritten(result)
  // Large blocks show better whether changes are close together.
  const changed = large && ofLarge !== null ? Math.min(inBlocks, changedRows(ofLarge, large.rows)) : inBlocks
  return { state: { compared: 'all', changed, ...(areUnlike && { unlikeDigests: true }) } }
}

interface ComparedBlocks {
  readonly why: string | null
  readonly differ: number
  /** The fraction of all blocks that differ. */
  readonly fraction: number
  /** The fraction of large blocks that differ, if small ones were compared, too. */
  readonly large_fraction: number | null
}
