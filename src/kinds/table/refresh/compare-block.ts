// Brings a table up to date by digests of blocks of rows, which the source computes: only the rows of blocks that differ are read. Pure.
import { number, type Sql, sql, trusted } from '../../../core/sql.ts'
import { askSource, digestsOfBlocks, digestVariables, findDiffering, isInDiffering } from './ask-digests.ts'
import type { Blocks } from './blocks.ts'
import type { TableBlock } from './table-block.ts'
import { readInto, type TableSql } from './table-sql.ts'

/** How many rows are in a block. */
export interface BlockSize {
  readonly rows: number
  /** Large blocks, which show whether changes are close together. */
  readonly large?: LargeBlocks
}

export interface LargeBlocks {
  readonly rows: number
  /** Whether they are compared first, as most of them are likely to be equal. */
  readonly areFirst: boolean
  /** If at most this many differ, their rows are read. If more do, small blocks within them are compared. */
  readonly mostRead: number
}

export interface DigestedRows {
  readonly blocks: Blocks
  /** The digest of a block, given the alias of the relation. */
  digestOf(from: Sql): Sql
  readonly size: BlockSize
  /** The columns that the source cannot digest, which are read as they are. Undefined if there are none. */
  readonly beside: BesideSql | undefined
}

export interface BesideSql {
  /** A list of these columns. */
  readonly columns: Sql
  /** A condition: a row of `t` and a row of `f` differ in one of them. */
  readonly differs: Sql
}

/**
 * Compares by digests, or reads all rows if the source cannot compute them, or if samples show that most blocks differ. Large
 * blocks are the cheapest if they are equal. If so many of them differ that reading them would take longer than more digests, small
 * blocks within them are compared.
 */
export function compareBlock(table: TableSql, { blocks, digestOf, size, beside }: DigestedRows): TableBlock {
  const large = size.large?.areFirst ? size.large : undefined
  const isDiffering = (from: Sql) => isInDiffering(blocks, from)
  const isInLarge = (from: Sql) =>
    sql`(fdwsync.large IS NULL OR ${blocks.of(from, sql`fdwsync.large_span`)} OPERATOR(pg_catalog.=) ANY (fdwsync.large) AND ${blocks.isWithin(from)})`
  const digestsOf = (relation: Sql, from: Sql) =>
    digestsOfBlocks(
      blocks,
      digestOf(from),
      sql`${relation} AS ${from}${large ? sql` WHERE ${isInLarge(from)}` : sql``}`,
      from,
    )
  const [q, t] = [sql`q`, sql`t`]
  return {
    declare: [digestVariables, variables],
    read: [
      ...(size.large && blocks.setSample ? [compareSamples(table, blocks, digestOf, size.rows, blocks.setSample)] : []),
      sql`IF undigested IS NULL AND NOT mostly THEN
      ${blocks.setSpan((large ?? size).rows)};
      LOOP
        ${askSource(digestsOf(table.source, q))};
        EXIT WHEN undigested IS NOT NULL;
        ${findDiffering(digestsOf(sql`ONLY ${table.name}`, t))};
        fraction := fraction OPERATOR(pg_catalog.*) pg_catalog.cardinality(differ) OPERATOR(pg_catalog./) GREATEST(blocks, 1);
        EXIT WHEN differ IS NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL;
        ${blocks.setRange}
        EXIT WHEN ${large ? sql`large IS NOT NULL OR pg_catalog.cardinality(differ) OPERATOR(pg_catalog.<=) ${number(large.mostRead)}` : sql`true`};
        large := differ;
        large_span := span;
        large_fraction := fraction;
        ${blocks.setSpan(size.rows)};
      END LOOP;
      ${size.large && !large ? findLarge(blocks, size.rows, size.large) : sql``}
      END IF`,
      ...(beside ? [readBeside(table, beside, blocks)] : []),
      sql`EXIT reading WHEN undigested IS NULL AND differ IS NULL`,
      // A block whose number is null has rows with a null in their key.
      sql`everything := undigested IS NOT NULL OR mostly OR pg_catalog.array_position(differ, NULL) IS NOT NULL OR fraction OPERATOR(pg_catalog.>) 0.8`,
      sql`IF everything THEN ${readInto(table.columns, table.source)};
        ELSE ${readInto(table.columns, table.source, sql` WHERE ${isDiffering(q)}`)}; END IF`,
    ],
    gone: sql`fdwsync.everything OR ${isDiffering(t)}`,
    isWhole: true,
    result: [
      ['why', sql`fdwsync.undigested`],
      ['differ', sql`COALESCE(pg_catalog.cardinality(fdwsync.differ), 0)`],
      ['fraction', sql`CASE WHEN fdwsync.mostly THEN 1 ELSE COALESCE(fdwsync.fraction, 0) END`],
      ['large_fraction', sql`fdwsync.large_fraction`],
    ],
  }
}

const variables = trusted(`large_span bigint;
  large bigint[];
  fraction pg_catalog.float8 := 1;
  large_fraction pg_catalog.float8;
  everything boolean;
  mostly boolean := false;
  `)

/** If more than this fraction of blocks differs, reading everything is cheaper than digests and the blocks that differ. */
const mostBlocks = 0.55

/**
 * Compares small blocks in a few places. If most of them differ in every place, more has changed than expected, and digests would
 * only add to the cost of reading all rows.
 */
function compareSamples(
  { name, source }: TableSql,
  blocks: Blocks,
  digestOf: DigestedRows['digestOf'],
  rows: number,
  setSample: Sql,
): Sql {
  const digestsOf = (relation: Sql, from: Sql) =>
    digestsOfBlocks(blocks, digestOf(from), sql`${relation} AS ${from} WHERE ${blocks.isWithin(from)}`, from)
  return sql`${blocks.setSpan(rows)};
      FOR place IN 1..3 LOOP
        ${setSample};
        ${askSource(digestsOf(source, sql`q`))};
        EXIT WHEN undigested IS NOT NULL;
        ${findDiffering(digestsOf(sql`ONLY ${name}`, sql`t`))};
        mostly := COALESCE(pg_catalog.cardinality(differ), 0) OPERATOR(pg_catalog.>) (blocks OPERATOR(pg_catalog.*) ${number(mostBlocks)});
        EXIT WHEN NOT mostly;
      END LOOP`
}

/** Finds out how many large blocks differ, from the small ones that do. */
function findLarge(blocks: Blocks, rows: number, large: LargeBlocks): Sql {
  const ratio = Math.max(Math.round(large.rows / rows), 1)
  return sql`large_fraction := (SELECT pg_catalog.count(DISTINCT ${blocks.larger(sql`block`, ratio)}) FROM pg_catalog.unnest(differ) AS block)
        OPERATOR(pg_catalog.*) CAST(${number(ratio)} AS pg_catalog.float8) OPERATOR(pg_catalog./) GREATEST(blocks, 1);`
}

/** Adds the blocks of rows that differ in columns which the source cannot digest. */
function readBeside({ name, source, key, isSameKey }: TableSql, { columns, differs }: BesideSql, blocks: Blocks): Sql {
  return sql`IF undigested IS NULL THEN
      CREATE TEMPORARY TABLE fdwsync_beside AS SELECT ${key}, ${columns} FROM ${source} AS q;
      differ := pg_catalog.array_cat(differ, (SELECT pg_catalog.array_agg(DISTINCT ${blocks.of(sql`t`, sql`fdwsync.span`)})
        FROM ONLY ${name} AS t JOIN pg_temp.fdwsync_beside AS f ON ${isSameKey} WHERE ${differs}));
      DROP TABLE pg_temp.fdwsync_beside;
      ${blocks.setRange}
    END IF`
}
