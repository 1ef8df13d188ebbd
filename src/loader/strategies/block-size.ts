// Chooses how many rows share a digest when a table is compared with its source, or to read all rows at once. Pure.
//
// The costs are
// CPU time of source and target for rows of 140 bytes, relative to a plain REFRESH of the same rows, as measured on 18. Digests
// cost the same whatever the size of blocks. In addition, each block costs the sending of a row, and each block that differs costs
// all of its rows.

import type { BlockSize } from '../../kinds/table/refresh/compare-block.ts'

/** What is known of a table, and of what changed before its last refresh. */
export interface Expected {
  /** How many rows there are. */
  readonly count: number
  /** The size of a row, in bytes. */
  readonly width: number
  /** The part of `width` that is read as it is: the columns that the source cannot digest, and the key. */
  readonly widthBeside: number
  /** The fraction of rows that had changed, if they were scattered; undefined if unknown. */
  readonly changed: number | undefined
}

export interface NoBlocks {
  /** Why reading all rows is cheaper, as part of a sentence. */
  readonly reason: string
}

const measuredWidth = 140
/** Every row costs something, however short it is. */
const leastWidth = 60
const digests = 0.32
const sentBlock = 0.42
/** The cost of reading a row at all. */
const readRow = 0.9
/** The cost of a row in a block that differs: finding it, reading it, and comparing it with that of the table. */
const differingRow = 1.5
/** The cost of a merge, which reads and compares all rows. */
const merged = 1.2

/** Groups of so many blocks fit into the default work_mem. For more, the server writes rows to disk. */
const blocksInMemory = 2 ** 16
const spilledBlock = 2
/** The size of a large block, which costs next to nothing. If one of its rows changed, all are read, or digested once more. */
const largeBlocks = 1024
/** Reading this many bytes is cheaper than another query for digests. */
const fewBytes = 2 ** 20
const largest = 64
/** More may have changed now than the last time. */
const leastChanged = 0.001
const changedUnlessKnown = 0.005

export function chooseBlockSize(expected: Expected): BlockSize | NoBlocks {
  const { count, width, widthBeside, changed = changedUnlessKnown } = expected
  const fraction = Math.max(changed, leastChanged)
  const relative = Math.max(width, leastWidth) / measuredWidth
  const beside = (readRow * widthBeside) / measuredWidth
  const perBlock = (rows: number) => (count / rows > blocksInMemory ? spilledBlock : sentBlock)
  const costIn = (rows: number) =>
    digests * relative + perBlock(rows) / rows + beside + differingRow * relative * differing(fraction, rows)
  // If few rows differ, the minimum of block / rows + differingRow * relative * fraction * rows.
  const bestFor = (block: number) =>
    Math.min(Math.max(Math.round(Math.sqrt(block / (differingRow * relative * fraction))), 1), largest)
  const sizes = [
    bestFor(sentBlock),
    bestFor(spilledBlock),
    Math.max(bestFor(sentBlock), Math.ceil(count / blocksInMemory)),
  ]
  const rows = sizes.reduce((best, size) => (costIn(size) < costIn(best) ? size : best))
  if (costIn(rows) < merged * relative) return { rows, ...largeFor(expected, rows) }
  if (costIn(rows) - beside < merged * relative)
    return { reason: 'most of its data is in columns that its source cannot digest' }
  const percent = Math.round(fraction * 100)
  return {
    reason:
      percent < 2
        ? 'its rows are so short that digests cost more than the rows'
        : `${percent} % of its rows had changed at the last refresh`,
  }
}

/**
 * Chooses large blocks, with small ones to compare in a second step. Unless most large blocks are equal, that step costs as much as
 * the first.
 */
function largeFor({ count, width, widthBeside, changed }: Expected, small: number): Pick<BlockSize, 'large'> {
  const rows = Math.ceil(count / largeBlocks)
  if (widthBeside > 0 || rows <= 8 * small) return {}
  const areFirst = changed !== undefined && differing(changed, rows) < 0.3
  return { large: { rows, areFirst, mostRead: Math.ceil(fewBytes / (rows * Math.max(width, leastWidth))) } }
}

/** The fraction of blocks that differ, if the changed rows are scattered. */
function differing(changed: number, rows: number): number {
  return 1 - (1 - changed) ** rows
}

/**
 * The fraction of scattered rows with which as many blocks would differ. If the changed rows are close together, it is less than
 * has changed.
 */
export function changedRows(differingBlocks: number, rows: number): number {
  return 1 - (1 - Math.min(differingBlocks, 1)) ** (1 / rows)
}
