// Chooses how many rows share a digest when a table is compared with its source, or to read all rows at once. Pure.
//
// The costs are CPU of source and target for rows of 140 bytes, over that of a plain REFRESH of as many, as measured on 18. Digests cost the
// same in blocks of any size; then each block costs a row that is sent, and each block that differs all of its rows.

/** What is known of a table, and of what changed before its last refresh. */
export interface Expected {
  /** The size of a row, in bytes. */
  readonly width: number
  /** Of that, the columns that the source cannot digest, and the key: they are read as they are. */
  readonly widthBeside: number
  /** The fraction of rows that had changed, as if they were scattered; undefined if unknown. */
  readonly changed: number | undefined
}

export type BlockSize =
  | { readonly rows: number }
  /** Why reading all rows is cheaper, as a part of a sentence. */
  | { readonly reason: string }

const measuredWidth = 140
/** Every row costs something, however short it is. */
const leastWidth = 60
const digests = 0.31
const sentBlock = 0.42
const readRow = 1.1
/** To compare rows that were read with those of the table. */
const comparedRow = 0.3

const largest = 64
/** However little changed the last time, more may have changed now. */
const leastChanged = 0.001
const changedUnlessKnown = 0.005

export function chooseBlockSize({ width, widthBeside, changed = changedUnlessKnown }: Expected): BlockSize {
  const fraction = Math.max(changed, leastChanged)
  const relative = Math.max(width, leastWidth) / measuredWidth
  const read = readRow * relative
  const beside = (readRow * widthBeside) / measuredWidth
  const costIn = (rows: number) => digests * relative + sentBlock / rows + beside + read * differing(fraction, rows)
  // Where few rows differ, the minimum of sentBlock / rows + read * fraction * rows.
  const best = Math.round(Math.sqrt(sentBlock / (read * fraction)))
  const rows = Math.min(Math.max(best, 1), largest)
  if (costIn(rows) < read + comparedRow) return { rows }
  if (costIn(rows) - beside < read + comparedRow)
    return { reason: 'most of its data is in columns that its source cannot digest' }
  const percent = Math.round(fraction * 100)
  return {
    reason:
      changed === undefined || percent < 2
        ? 'its rows are so short that digests cost more than the rows'
        : `${percent} % of its rows had changed at the last refresh`,
  }
}

/** The fraction of blocks that differ, if the changed rows are scattered. */
function differing(changed: number, rows: number): number {
  return 1 - (1 - changed) ** rows
}

/** The fraction of rows with which as many blocks differ if they are scattered: less than has changed, if that was close together. */
export function changedRows({ count, differ, rows }: { count: number; differ: number; rows: number }): number {
  return count === 0 ? 0 : 1 - (1 - Math.min(differ / count, 1)) ** (1 / rows)
}
