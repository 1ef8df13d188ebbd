// Divides the rows of a table into blocks: by ranges of the key if that is a single integer, so that neighbours share a block,
// otherwise by a hash. Pure.

import { ident, trusted } from '../../core/sql.ts'
import { type Blocks, hashBlocks, rangeBlocks } from '../../kinds/table/refresh/blocks.ts'
import { type DigestedColumn, rowDigest } from '../../kinds/table/refresh/digest.ts'
import { hasIntegerKey, type TableCopy, tableName } from './table-block.ts'

export function blocksOf(copy: TableCopy, digested: readonly DigestedColumn[]): Blocks {
  const ofKey = digested.filter(({ name }) => copy.table.key.some((column) => column.name === name))
  const [first] = ofKey
  const count = Math.max(copy.table.rows, 1)
  if (first && hasIntegerKey(copy))
    return rangeBlocks(tableName(copy), ident(first.name), (rows) => trusted(String(rows / count)))
  const bitsFor = (rows: number) => Math.max(Math.ceil(Math.log2(count / rows)), 0)
  return hashBlocks(
    (from) => rowDigest(ofKey, from),
    (rows) => trusted(String(2 ** bitsFor(rows) - 1)),
  )
}
