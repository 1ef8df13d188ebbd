// Finds rows that are gone at the source by digests of their keys, so that only keys of blocks that differ are read. Pure.

import { join, sql } from '../../core/sql.ts'
import {
  askSource,
  digestsOfBlocks,
  digestVariables,
  findDiffering,
  isInDiffering,
} from '../../kinds/table/refresh/ask-digests.ts'
import { addUnknown, type FindGone } from '../../kinds/table/refresh/changes-block.ts'
import { blockDigest, type DigestedColumn, rowDigest } from '../../kinds/table/refresh/digest.ts'
import { fresh, keys } from '../../kinds/table/refresh/table-sql.ts'
import { byLookupIfFew } from '../../kinds/table/refresh/write-differences.ts'
import { blocksOf } from './blocks.ts'
import { type TableCopy, tableSqlOf } from './table-block.ts'

/** A source sends this many digests at once. That is less data than the keys of a block, which it sends for each deleted row. */
const blockCount = 2 ** 14

/** New rows were read before, so they count as rows of the table. */
export function findByKeyDigests(copy: TableCopy, ofKey: readonly DigestedColumn[]): FindGone {
  const table = tableSqlOf(copy)
  const { name, key, source, isSameKey } = table
  const blocks = blocksOf(copy, ofKey)
  const [q, t] = [sql`q`, sql`t`]
  const findNew = sql`CREATE TEMPORARY TABLE fdwsync_keys AS SELECT ${key} FROM ${fresh} AS f
      WHERE NOT EXISTS (SELECT FROM ONLY ${name} AS t WHERE ${isSameKey})`
  const known = sql`(SELECT ${key} FROM ONLY ${name} UNION ALL SELECT ${key} FROM ${keys}) AS t`
  return {
    declare: digestVariables,
    find: sql`SELECT pg_catalog.count(*) INTO rows_read FROM ${fresh};
    ${join(byLookupIfFew(table, [findNew]), ';\n')};
    ${blocks.setSpan(Math.max(copy.table.rows / blockCount, 1))};
    ${askSource(digestsOfBlocks(blocks, blockDigest(rowDigest(ofKey, q)), sql`${source} AS q`, q))};
    IF undigested IS NULL THEN
      ${findDiffering(digestsOfBlocks(blocks, blockDigest(rowDigest(ofKey, t)), known, t))};
      ${blocks.setRange}
    END IF;
    TRUNCATE ${keys};
    IF undigested IS NOT NULL THEN
      INSERT INTO ${keys} SELECT ${key} FROM ${source} AS q;
    ELSIF differ IS NOT NULL THEN
      INSERT INTO ${keys} SELECT ${key} FROM ${source} AS q WHERE ${isInDiffering(blocks, q)};
    END IF;
    ANALYZE ${keys};
    ${addUnknown(table)}`,
    gone: sql`(fdwsync.undigested IS NOT NULL OR ${isInDiffering(blocks, t)})
      AND NOT EXISTS (SELECT FROM ${keys} AS f WHERE ${isSameKey})`,
  }
}
